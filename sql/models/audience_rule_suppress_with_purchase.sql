-- Profiles that recently ordered, and should see no advertisement.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_suppress_with_purchase_days
-- columns:
--   canonical_segment_id text: profile that meets the rule
select distinct canonical_segment_id
from audience_orders
where ordered_at >= add_days($as_of, -$audiences_suppress_with_purchase_days)
