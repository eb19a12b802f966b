-- Orders and their value, all in one currency. Orders whose currency has no rate are only in order_values.
-- grain: one row per order that was completed and whose currency has a rate
-- keys: order_key
-- params: currency
-- columns:
--   order_key text: order id, else checkout id, else message id of the first Order Completed
--   canonical_segment_id text: who ordered; empty when no Order Completed of the order has a known person
--   source text: source of the first Order Completed
--   call text: call of the first Order Completed, always track
--   id text: message id of the first Order Completed
--   ordered_at timestamp: when the order was first completed
--   order_day date: its day in `timezone`
--   gross decimal: value by `order_value` before anything was paid back, rounded
--   refunded decimal: what was paid back of it
--   net decimal: what is left; 0 for a removed order
--   currency text: currency of the amounts, the same in all rows
--   original_currency text: currency in which the order was placed
--   rate float: units of `currency` for one unit of the original currency
--   is_removed boolean: whether the order was cancelled or paid back in full
--   order_number integer: 1 for the first order of the person that is not removed; empty for removed orders
--   is_first_order boolean: whether it is that first order
--   coupon text: coupon
--   cancelled_at timestamp: when it was cancelled
-- checks:
--   adds_up: not is_removed and gross - refunded <> net
--   refund_is_part_of_order: refunded < 0 or refunded > greatest(gross, 0)
--   removed_is_worth_nothing: is_removed and net <> 0
--   refunds_match: select o.order_key, o.refunded from orders as o
--     left join order_refunds as r on r.order_key = o.order_key
--     group by o.order_key, o.refunded having o.refunded <> coalesce(sum(r.amount), 0)
with paid_back as (
  select order_key, sum(amount) as refunded from order_refunds group by order_key
),
settled as (
  select v.order_key, v.canonical_segment_id, v.source, v.call, v.id, v.ordered_at, v.order_day, v.gross,
    coalesce(r.refunded, 0) as refunded, v.original_currency, v.rate, v.coupon, v.cancelled_at,
    v.cancelled_at is not null or (v.gross > 0 and coalesce(r.refunded, 0) >= v.gross) as is_removed
  from order_values as v
  left join paid_back as r on r.order_key = v.order_key
  where v.gross is not null
),
numbered as (
  select order_key, row_number() over (partition by canonical_segment_id order by ordered_at, order_key) as order_number
  from settled where not is_removed and canonical_segment_id is not null
)
select s.order_key, s.canonical_segment_id, s.source, s.call, s.id, s.ordered_at, s.order_day, s.gross, s.refunded,
  case when s.is_removed then 0 else s.gross - s.refunded end as net, upper($currency) as currency,
  s.original_currency, s.rate, s.is_removed, n.order_number, coalesce(n.order_number = 1, false) as is_first_order,
  s.coupon, s.cancelled_at
from settled as s
left join numbered as n on n.order_key = s.order_key
