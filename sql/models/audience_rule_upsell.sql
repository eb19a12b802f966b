-- Seed: buyers that recently added a product to the cart, after their last order.
-- grain: one row per profile
-- keys: canonical_segment_id
-- params: as_of, audiences_cart_events, audiences_seed_days
-- columns:
--   canonical_segment_id text: profile that meets the rule
select distinct e.canonical_segment_id
from audience_events as e
join (
  select canonical_segment_id, max(ordered_at) as last_at
  from audience_orders
  group by canonical_segment_id
) as o on o.canonical_segment_id = e.canonical_segment_id
where e.call = 'track' and e.event_text in ($audiences_cart_events)
  and e.timestamp >= add_days($as_of, -$audiences_seed_days) and e.timestamp > o.last_at
