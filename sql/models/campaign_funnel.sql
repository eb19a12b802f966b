-- When each person first visited the store through a campaign, and then viewed a product and ordered.
-- grain: one row per person and campaign
-- keys: canonical_segment_id, campaign
-- columns:
--   canonical_segment_id text: person
--   campaign text: utm_campaign, or (none)
--   store_visited_at timestamp: first visit of the store with the campaign
--   product_viewed_at timestamp: first product viewed from then on, within the window
--   order_completed_at timestamp: first order from then on, within the window
-- checks:
--   in_order: product_viewed_at < store_visited_at or order_completed_at < store_visited_at
select canonical_segment_id, value as campaign, store_visited_at, product_viewed_at, order_completed_at
from campaign_steps
where dimension = 'campaign'
