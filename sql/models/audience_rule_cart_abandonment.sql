-- Profiles with a product added to the cart and no order in the last days.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_cart_abandonment_days, audiences_cart_events, order_event
-- columns:
--   canonical_segment_id text: profile that meets the rule
select canonical_segment_id
from audience_events
where call = 'track' and timestamp >= add_days($as_of, -$audiences_cart_abandonment_days)
group by canonical_segment_id
having sum(case when event_text in ($audiences_cart_events) then 1 else 0 end) >= 1
  and sum(case when event_text in ($order_event) then 1 else 0 end) = 0
