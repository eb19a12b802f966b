-- People in each step of the campaign funnel, and the attributed revenue, for each value of the five UTM dimensions.
-- grain: one row per dimension and value
-- keys: dimension, value
-- params: campaigns_attribution_model
-- columns:
--   dimension text: campaign, medium, source, content or term
--   value text: value of the dimension, or (none)
--   store_visits integer: people who visited the store
--   product_views integer: people among them who then viewed a product
--   orders integer: people among them who then ordered
--   attributed_orders float: orders attributed to the value, whenever they were
--   revenue decimal: revenue attributed to the value; all values together are all net orders
--   view_rate float: product views / store visits
--   order_rate float: orders / store visits
--   aov float: average order value, revenue / attributed orders
--   revenue_per_visit float: revenue / store visits
-- checks:
--   narrows: product_views > store_visits or orders > store_visits
with people as (
  select dimension, value, count(*) as store_visits, count(product_viewed_at) as product_views,
    count(order_completed_at) as orders
  from campaign_steps group by dimension, value
),
earned as (
  select dimension, value, revenue, orders from attribution_summary
  where model = $campaigns_attribution_model and dimension in ('campaign', 'medium', 'source', 'content', 'term')
),
joined as (
  select coalesce(p.dimension, e.dimension) as dimension, coalesce(p.value, e.value) as value,
    coalesce(p.store_visits, 0) as store_visits, coalesce(p.product_views, 0) as product_views,
    coalesce(p.orders, 0) as orders, coalesce(e.orders, 0) as attributed_orders, coalesce(e.revenue, 0) as revenue
  from people as p
  full outer join earned as e on e.dimension = p.dimension and e.value = p.value
)
select dimension, value, store_visits, product_views, orders, attributed_orders, revenue,
  cast(product_views as double) / nullif(store_visits, 0) as view_rate,
  cast(orders as double) / nullif(store_visits, 0) as order_rate,
  cast(revenue as double) / nullif(attributed_orders, 0) as aov,
  cast(revenue as double) / nullif(store_visits, 0) as revenue_per_visit
from joined
