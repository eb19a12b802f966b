-- Seed: profiles that recently took a step of the onboarding.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_onboarding_events, audiences_seed_days
-- columns:
--   canonical_segment_id text: profile that meets the rule
select distinct canonical_segment_id
from audience_events
where call = 'track' and event_text in ($audiences_onboarding_events)
  and timestamp >= add_days($as_of, -$audiences_seed_days)
