-- Profiles that started a checkout and did not order in time afterwards. Every start is tested, so that a profile which
-- ordered and began again is found. A start only counts after its time to order is over.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_checkout_abandonment_funnel_days, audiences_checkout_abandonment_funnel_wait_days, audiences_checkout_events
-- columns:
--   canonical_segment_id text: profile that meets the rule
select distinct began.canonical_segment_id
from audience_events as began
where began.call = 'track' and began.event_text in ($audiences_checkout_events)
  and began.timestamp >= add_days($as_of, -$audiences_checkout_abandonment_funnel_days)
  and began.timestamp <= add_days($as_of, -$audiences_checkout_abandonment_funnel_wait_days)
  and not exists (
    select 1
    from audience_events as ordered
    join input_order_completed as o on o.source = ordered.source and o.call = ordered.call and o.id = ordered.event_id
    where ordered.canonical_segment_id = began.canonical_segment_id
      and ordered.timestamp >= began.timestamp
      and ordered.timestamp < add_days(began.timestamp, $audiences_checkout_abandonment_funnel_wait_days)
  )
