-- Buyers without any recent activity who are unlikely to order.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_dormant_below, audiences_dormant_days
-- columns:
--   canonical_segment_id text: profile that meets the rule
select l.canonical_segment_id
from audience_likelihood as l
where l.likelihood_percentile < $audiences_dormant_below
  and not exists (
    select 1
    from audience_events as e
    where e.canonical_segment_id = l.canonical_segment_id
      and e.timestamp >= add_days($as_of, -$audiences_dormant_days)
  )
