-- Profiles that recently viewed no page.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_page_viewed_events, audiences_re_engage_60_days
-- columns:
--   canonical_segment_id text: profile that meets the rule
select p.canonical_segment_id
from audience_population as p
where not exists (
  select 1
  from audience_events as e
  where e.canonical_segment_id = p.canonical_segment_id
    and e.timestamp >= add_days($as_of, -$audiences_re_engage_60_days)
    and (e.call = 'page' or (e.call = 'track' and e.event_text in ($audiences_page_viewed_events)))
)
