-- Refunds, with the amount that counts: in the value that `order_value` chooses, and never more than the order. A
-- refund without a total refunds everything that is left. A total in a currency without a rate counts nothing.
-- grain: one row per Order Refunded of an order that counts
-- keys: source, call, id
-- params: currency, currency_decimals, timezone
-- columns:
--   source text: source, by its schema
--   call text: always track
--   id text: message id of the refund
--   order_key text: the order
--   refunded_at timestamp: when it was paid back
--   refund_day date: its day in `timezone`
--   requested decimal: what the event says, in its own currency; empty for the whole order
--   original_currency text: currency of the event; that of the order where it names none
--   rate float: units of the order's currency for one unit of that, on the day of the order; empty when there is none
--   amount decimal: what counts, in `currency`, not negative
--   is_last boolean: whether nothing of the order is left after it
-- checks:
--   not_negative: amount < 0
--   has_an_order (warn): select e.order_key, e.source, e.id from order_events as e
--     left join order_values as v on v.order_key = e.order_key
--     where e.kind in ('refunded', 'cancelled') and v.order_key is null
--   has_a_rate (warn): rate is null and requested is not null
with refunds as (
  select e.source, e.call, e.id, e.order_key, e.timestamp as refunded_at, e.received_at, e.total as requested,
    coalesce(e.currency, v.original_currency) as original_currency, v.gross, v.original_total, v.original_value,
    v.rate as order_rate,
    case
      when e.currency is null or e.currency = v.original_currency then cast(1 as double)
      when e.currency = upper($currency) then 1 / v.rate
      else r.rate / v.rate
    end as rate
  from order_events as e
  join order_values as v on v.order_key = e.order_key
  left join order_rates as r on r.currency = e.currency and r.order_day = v.order_day
  where e.kind = 'refunded' and v.gross is not null and v.cancelled_at is null
),
converted as (
  select source, call, id, order_key, refunded_at, received_at, requested, original_currency, gross, original_total,
    original_value, order_rate, rate,
    case
      when rate is null or requested is null then 0
      when rate = 1 then requested
      else cast(cast(requested as double) * rate as decimal(28, 6))
    end as total
  from refunds
),
requested as (
  select source, call, id, order_key, refunded_at, received_at, requested, original_currency, gross, original_total,
    original_value, order_rate, rate,
    sum(total) over (
      partition by order_key order by refunded_at, received_at, source, call, id
      rows between unbounded preceding and current row
    ) as total_so_far,
    max(case when requested is null then 1 else 0 end) over (
      partition by order_key order by refunded_at, received_at, source, call, id
      rows between unbounded preceding and current row
    ) as is_whole
  from converted
),
scaled as (
  select source, call, id, order_key, refunded_at, received_at, requested, original_currency, rate, gross,
    case
      when gross <= 0 then 0
      when is_whole = 1 or total_so_far >= original_total then gross
      when order_rate = 1 and original_total = original_value then least(gross, round(total_so_far, $currency_decimals))
      when original_total > 0 then least(gross, round(
        cast(cast(gross as double) * cast(total_so_far as double) / cast(original_total as double) as decimal(28, 6)),
        $currency_decimals
      ))
      else least(gross, round(cast(cast(total_so_far as double) * order_rate as decimal(28, 6)), $currency_decimals))
    end as refunded_so_far
  from requested
)
select source, call, id, order_key, refunded_at, local_day(refunded_at, $timezone) as refund_day, requested,
  original_currency, rate,
  refunded_so_far - coalesce(lag(refunded_so_far) over (
    partition by order_key order by refunded_at, received_at, source, call, id
  ), 0) as amount,
  refunded_so_far = gross and gross > 0 and coalesce(lag(refunded_so_far) over (
    partition by order_key order by refunded_at, received_at, source, call, id
  ), 0) < gross as is_last
from scaled
