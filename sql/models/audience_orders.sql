-- Orders of profiles before `as_of` that were not cancelled: the purchases that audiences count.
-- grain: one row per order
-- keys: order_key
-- params: as_of
-- columns:
--   order_key text: order
--   canonical_segment_id text: profile that ordered
--   ordered_at timestamp: when it was placed
--   gross decimal: value when it was placed
--   net decimal: value after refunds
select order_key, canonical_segment_id, ordered_at, gross, net
from orders
where ordered_at < $as_of and not is_removed and canonical_segment_id is not null
