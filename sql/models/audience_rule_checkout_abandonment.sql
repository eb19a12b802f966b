-- Profiles with a checkout started and no order in the last days.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_checkout_abandonment_days, audiences_checkout_events, order_event
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_events
where call = 'track' and timestamp >= add_days($as_of, -$audiences_checkout_abandonment_days)
group by canonical_segment_id
having sum(case when event_text in ($audiences_checkout_events) then 1 else 0 end) >= 1
  and sum(case when event_text in ($order_event) then 1 else 0 end) = 0
