-- Seed: profiles that recently viewed a page or screen and never ordered.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_seed_days
-- columns:
--   canonical_segment_id text: profile that meets the rule
select distinct e.canonical_segment_id
from audience_events as e
where e.call in ('page', 'screen') and e.timestamp >= add_days($as_of, -$audiences_seed_days)
  and not exists (select 1 from audience_orders as o where o.canonical_segment_id = e.canonical_segment_id)
