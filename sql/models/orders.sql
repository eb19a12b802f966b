-- Stand-in until money is merged: orders.
-- grain: one row per order
-- keys: order_key
-- columns:
--   order_key text: order
--   canonical_segment_id text: profile
--   ordered_at timestamp: when
--   gross decimal: total
--   net decimal: total
--   is_removed boolean: whether it was taken back
select o.id as order_key, p.canonical_segment_id, o.timestamp as ordered_at, o.total as gross, o.total as net,
  false as is_removed
from input_order_completed as o
join event_profiles as p on p.source = o.source and p.call = o.call and p.event_id = o.id
