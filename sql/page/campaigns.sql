-- The funnel of each value of one dimension, the largest first.
-- In: campaign_performance; $dimension. Out: value, store_visits, product_views, orders, revenue, view_rate, order_rate,
-- aov, revenue_per_visit. Reader: loader.report.sections.marketing.
select value, store_visits, product_views, orders, revenue, view_rate, order_rate, aov, revenue_per_visit
from campaign_performance
where dimension = $dimension
order by store_visits desc, revenue desc, value
