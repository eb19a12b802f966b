-- Amounts that are attributed: orders, and refunds if `refund_basis` is `event_date`.
-- grain: one row per order, and per refund under `event_date`
-- keys: order_key, entry_id
-- params: attribution_refund_basis
-- columns:
--   order_key text: the order
--   entry_id text: `order`, or schema of the source and message id of the refund
--   entry_kind text: order or refund
--   canonical_segment_id text: who ordered
--   ordered_at timestamp: when the order was completed
--   entry_at timestamp: when the order was completed or paid back
--   entry_day date: its day in `timezone`
--   amount decimal: net of the order under `order_date`; gross, and negative refunds, under `event_date`
--   orders integer: 1 for an order, -1 for the refund that leaves nothing of it, else 0
--   is_first_order boolean: whether it is the first order of the person that is not removed
select order_key, 'order' as entry_id, 'order' as entry_kind, canonical_segment_id, ordered_at, ordered_at as entry_at,
  order_day as entry_day, net as amount, 1 as orders, is_first_order
from orders
where $attribution_refund_basis = 'order_date' and not is_removed
union all
select order_key, 'order', 'order', canonical_segment_id, ordered_at, ordered_at, order_day, gross, 1, is_first_order
from orders
where $attribution_refund_basis = 'event_date' and cancelled_at is null
union all
select r.order_key, concat(r.source, '/', r.id), 'refund', o.canonical_segment_id, o.ordered_at, r.refunded_at,
  r.refund_day, -r.amount, case when r.is_last then -1 else 0 end, o.is_first_order
from order_refunds as r
join orders as o on o.order_key = r.order_key
where $attribution_refund_basis = 'event_date' and r.amount <> 0
