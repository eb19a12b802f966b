-- Profiles that recently added a product to the cart and did not order.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_cart_abandonment_days, audiences_cart_events
-- columns:
--   canonical_segment_id text: profile that meets the rule
select distinct began.canonical_segment_id
from audience_events as began
where began.call = 'track' and began.event_text in ($audiences_cart_events)
  and began.timestamp >= add_days($as_of, -$audiences_cart_abandonment_days)
  and not exists (
    select 1
    from audience_events as ordered
    join input_order_completed as o on o.source = ordered.source and o.call = ordered.call and o.id = ordered.event_id
    where ordered.canonical_segment_id = began.canonical_segment_id
      and ordered.timestamp >= add_days($as_of, -$audiences_cart_abandonment_days)
  )
