-- Profiles that recently received push notifications and opened none.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_push_ignored_days, audiences_push_opened_events, audiences_push_received_events
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_events
where call = 'track' and timestamp >= add_days($as_of, -$audiences_push_ignored_days)
group by canonical_segment_id
having sum(case when event_text in ($audiences_push_received_events) then 1 else 0 end) >= 1
  and sum(case when event_text in ($audiences_push_opened_events) then 1 else 0 end) = 0
