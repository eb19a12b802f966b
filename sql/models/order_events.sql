-- All events about orders: completed, updated, refunded, cancelled. An amount of 10^15 or more is surely a mistake, and
-- sums of such amounts fit nowhere: it counts as none.
-- grain: one row per track call about an order
-- keys: source, call, id
-- params: as_of
-- columns:
--   source text: source, by its schema
--   call text: always track
--   id text: message id
--   kind text: completed, updated, refunded or cancelled
--   order_key text: order id, else checkout id, else message id
--   timestamp timestamp: when it happened
--   received_at timestamp: when it arrived
--   total decimal: with shipping and tax, as sent or added up; of a refund what is paid back; in the order's currency
--   revenue decimal: after discounts, without shipping and tax, as sent or worked out
--   currency text: as sent, in upper case
--   coupon text: coupon, where the event has one
-- checks:
--   amounts_are_possible (warn): select source, kind, id, amount from (
--       select source, 'completed' as kind, id, greatest(abs(coalesce(total, 0)), abs(coalesce(revenue, 0)),
--         abs(coalesce(subtotal, 0)), abs(coalesce(shipping, 0)), abs(coalesce(tax, 0))) as amount
--       from input_order_completed
--       union all
--       select source, 'updated', id, greatest(abs(coalesce(total, 0)), abs(coalesce(revenue, 0)),
--         abs(coalesce(subtotal, 0)), abs(coalesce(shipping, 0)), abs(coalesce(tax, 0)))
--       from input_order_updated
--       union all
--       select source, 'refunded', id, abs(total) from input_order_refunded
--     ) as sent where amount >= 1000000000000000
with said as (
  select source, call, id, 'completed' as kind, order_id, checkout_id, timestamp, received_at,
    coalesce(total, coalesce(revenue, subtotal) + coalesce(shipping, 0) + coalesce(tax, 0)) as total,
    coalesce(revenue, subtotal, total - coalesce(shipping, 0) - coalesce(tax, 0)) as revenue, currency, coupon
  from input_order_completed
  union all
  select source, call, id, 'updated', order_id, checkout_id, timestamp, received_at,
    coalesce(total, coalesce(revenue, subtotal) + coalesce(shipping, 0) + coalesce(tax, 0)),
    coalesce(revenue, subtotal, total - coalesce(shipping, 0) - coalesce(tax, 0)), currency, null
  from input_order_updated
  union all
  select source, call, id, 'refunded', order_id, checkout_id, timestamp, received_at, abs(total), null, currency, null
  from input_order_refunded
  union all
  select source, call, id, 'cancelled', order_id, checkout_id, timestamp, received_at, total, null, currency, null
  from input_order_cancelled
)
select source, call, id, kind, coalesce(nullif(trim(order_id), ''), nullif(trim(checkout_id), ''), id) as order_key,
  timestamp, received_at, case when abs(total) < 1000000000000000 then total end as total,
  case when abs(revenue) < 1000000000000000 then revenue end as revenue,
  upper(nullif(trim(currency), '')) as currency,
  nullif(trim(coupon), '') as coupon
from said
where timestamp < $as_of
