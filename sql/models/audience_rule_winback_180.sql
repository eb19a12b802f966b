-- Profiles that ordered, but not recently.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_winback_180_days
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_orders
group by canonical_segment_id
having max(ordered_at) < add_days($as_of, -$audiences_winback_180_days)
