-- Profiles that entered the audience of an advertisement, or ordered, so long ago that they should no longer see it.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_suppress_based_on_time_audience, audiences_suppress_based_on_time_days
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_history
where key in ($audiences_suppress_based_on_time_audience) and is_member
  and entered_at < add_days($as_of, -$audiences_suppress_based_on_time_days)
union
select canonical_segment_id
from audience_orders
where ordered_at < add_days($as_of, -$audiences_suppress_based_on_time_days)
