-- Seed: profiles that recently installed the app.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_app_installed_events, audiences_seed_days
-- columns:
--   canonical_segment_id text: profile that meets the rule
select distinct canonical_segment_id
from audience_events
where call = 'track' and event_text in ($audiences_app_installed_events)
  and timestamp >= add_days($as_of, -$audiences_seed_days)
