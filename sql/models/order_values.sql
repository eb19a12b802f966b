-- The value of each order before refunds, including orders whose currency has no rate. The first Order Completed sets
-- date and person; the newest Completed or Updated that has a value sets the value.
-- grain: one row per order that was completed
-- keys: order_key
-- params: currency, currency_decimals, order_value, timezone
-- columns:
--   order_key text: order id, else checkout id, else message id of the first Order Completed
--   canonical_segment_id text: who ordered; empty when no Order Completed of the order has a known person
--   source text: source of the first Order Completed
--   call text: call of the first Order Completed, always track
--   id text: message id of the first Order Completed
--   ordered_at timestamp: when the order was first completed
--   order_day date: its day in `timezone`
--   original_currency text: currency of the order; `currency` where the order says none
--   original_total decimal: with shipping and tax, in the order's currency
--   original_value decimal: by `order_value`, in the order's currency
--   rate float: units of `currency` for one unit of the order's currency on its day; empty when there is none
--   gross decimal: value in `currency`, rounded; 0 where the order says none, empty without a rate
--   coupon text: coupon of the first Order Completed
--   cancelled_at timestamp: when it was cancelled
-- checks:
--   has_a_rate (warn): rate is null
--   has_a_value (warn): original_value is null
with identified as (
  select e.order_key, e.kind, e.source, e.call, e.id, e.timestamp, e.received_at, e.total, e.currency, e.coupon,
    case when $order_value = 'revenue' then e.revenue else e.total end as amount, p.canonical_segment_id
  from order_events as e
  left join event_profiles as p on p.source = e.source and p.call = e.call and p.event_id = e.id
  where e.kind in ('completed', 'updated')
),
placed as (
  select order_key, source, call, id, timestamp as ordered_at, currency, coupon,
    local_day(timestamp, $timezone) as order_day,
    row_number() over (partition by order_key order by timestamp, received_at, source, call, id) as place
  from identified where kind = 'completed'
),
people as (
  select order_key, canonical_segment_id,
    row_number() over (partition by order_key order by timestamp, received_at, source, call, id) as place
  from identified where kind = 'completed' and canonical_segment_id is not null
),
newest as (
  select order_key, total, amount, currency,
    row_number() over (
      partition by order_key order by timestamp desc, received_at desc, source desc, call desc, id desc
    ) as place
  from identified where amount is not null
),
cancelled as (
  select order_key, min(timestamp) as cancelled_at from order_events where kind = 'cancelled' group by order_key
),
valued as (
  select p.order_key, u.canonical_segment_id, p.source, p.call, p.id, p.ordered_at, p.order_day,
    coalesce(n.currency, p.currency, upper($currency)) as original_currency, n.total, n.amount, p.coupon, c.cancelled_at
  from placed as p
  left join people as u on u.order_key = p.order_key and u.place = 1
  left join newest as n on n.order_key = p.order_key and n.place = 1
  left join cancelled as c on c.order_key = p.order_key
  where p.place = 1
),
rated as (
  select v.order_key, v.canonical_segment_id, v.source, v.call, v.id, v.ordered_at, v.order_day, v.original_currency,
    v.total, v.amount, v.coupon, v.cancelled_at,
    case when v.original_currency = upper($currency) then cast(1 as double) else r.rate end as rate
  from valued as v
  left join order_rates as r on r.currency = v.original_currency and r.order_day = v.order_day
)
select order_key, canonical_segment_id, source, call, id, ordered_at, order_day, original_currency,
  total as original_total, amount as original_value, rate,
  case
    when rate is null then null
    when original_currency = upper($currency) then round(coalesce(amount, 0), $currency_decimals)
    else round(cast(cast(coalesce(amount, 0) as double) * rate as decimal(28, 6)), $currency_decimals)
  end as gross,
  coupon, cancelled_at
from rated
