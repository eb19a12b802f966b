-- Profiles that started a trial some days ago and have not started a subscription.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_subscription_started_events, audiences_trial_not_converted_days, audiences_trial_started_events
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_events
where call = 'track'
group by canonical_segment_id
having sum(case when event_text in ($audiences_trial_started_events)
    and timestamp <= add_days($as_of, -$audiences_trial_not_converted_days) then 1 else 0 end) >= 1
  and sum(case when event_text in ($audiences_subscription_started_events) then 1 else 0 end) = 0
