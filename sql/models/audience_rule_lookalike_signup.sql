-- Seed: profiles that recently signed up.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_seed_days, audiences_signed_up_events
-- columns:
--   canonical_segment_id text: profile that meets the rule
select distinct canonical_segment_id
from audience_events
where call = 'track' and event_text in ($audiences_signed_up_events)
  and timestamp >= add_days($as_of, -$audiences_seed_days)
