SELECT
  CAST(made.dimension AS TEXT) AS dimension,
  CAST(made.value AS TEXT) AS value,
  CAST(made.store_visits AS BIGINT) AS store_visits,
  CAST(made.product_views AS BIGINT) AS product_views,
  CAST(made.orders AS BIGINT) AS orders,
  CAST(made.attributed_orders AS DOUBLE PRECISION) AS attributed_orders,
  CAST(made.revenue AS DECIMAL(28, 6)) AS revenue,
  CAST(made.view_rate AS DOUBLE PRECISION) AS view_rate,
  CAST(made.order_rate AS DOUBLE PRECISION) AS order_rate,
  CAST(made.aov AS DOUBLE PRECISION) AS aov,
  CAST(made.revenue_per_visit AS DOUBLE PRECISION) AS revenue_per_visit
FROM (
  WITH people AS (
    SELECT
      dimension,
      value,
      COUNT(*) AS store_visits,
      COUNT(product_viewed_at) AS product_views,
      COUNT(order_completed_at) AS orders
    FROM "models"."campaign_steps" AS campaign_steps
    GROUP BY
      dimension,
      value
  ), earned AS (
    SELECT
      dimension,
      value,
      revenue,
      orders
    FROM "models"."attribution_summary" AS attribution_summary
    WHERE
      model = 'last'
      AND dimension IN ('campaign', 'medium', 'source', 'content', 'term')
  ), joined AS (
    SELECT
      COALESCE(p.dimension, e.dimension) AS dimension,
      COALESCE(p.value, e.value) AS value,
      COALESCE(p.store_visits, 0) AS store_visits,
      COALESCE(p.product_views, 0) AS product_views,
      COALESCE(p.orders, 0) AS orders,
      COALESCE(e.orders, 0) AS attributed_orders,
      COALESCE(e.revenue, 0) AS revenue
    FROM people AS p
    FULL OUTER JOIN earned AS e
      ON e.dimension = p.dimension AND e.value = p.value
  )
  SELECT
    dimension,
    value,
    store_visits,
    product_views,
    orders,
    attributed_orders,
    revenue,
    CAST(product_views AS DOUBLE PRECISION) / NULLIF(store_visits, 0) AS view_rate,
    CAST(orders AS DOUBLE PRECISION) / NULLIF(store_visits, 0) AS order_rate,
    CAST(revenue AS DOUBLE PRECISION) / NULLIF(attributed_orders, 0) AS aov,
    CAST(revenue AS DOUBLE PRECISION) / NULLIF(store_visits, 0) AS revenue_per_visit
  FROM joined
) AS made
