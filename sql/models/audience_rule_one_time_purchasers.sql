-- Profiles with exactly one order ever, long enough ago that there was time for a second one.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_one_time_purchasers_days
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_orders
group by canonical_segment_id
having count(*) = 1 and max(ordered_at) <= add_days($as_of, -$audiences_one_time_purchasers_days)
