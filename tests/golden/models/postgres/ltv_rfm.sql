SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.as_of AS TIMESTAMP) AS as_of,
  CAST(made.orders AS BIGINT) AS orders,
  CAST(made.x AS BIGINT) AS x,
  CAST(made.t_x_days AS BIGINT) AS t_x_days,
  CAST(made.age_days AS BIGINT) AS age_days,
  CAST(made.first_order_at AS TIMESTAMP) AS first_order_at,
  CAST(made.last_order_at AS TIMESTAMP) AS last_order_at,
  CAST(made.mean_order AS DOUBLE PRECISION) AS mean_order,
  CAST(made.valued_repeat_days AS BIGINT) AS valued_repeat_days,
  CAST(made.mean_repeat_order AS DOUBLE PRECISION) AS mean_repeat_order,
  CAST(made.monetary_total AS DECIMAL(28, 6)) AS monetary_total,
  CAST(made.days_since_last AS BIGINT) AS days_since_last,
  CAST(made.days_since_first AS BIGINT) AS days_since_first,
  CAST(made.guide_orders AS BIGINT) AS guide_orders,
  CAST(made.guide_days_since_last AS BIGINT) AS guide_days_since_last,
  CAST(made.guide_days_since_first AS BIGINT) AS guide_days_since_first,
  CAST(made.guide_mean_order AS DOUBLE PRECISION) AS guide_mean_order
FROM (
  WITH bound AS (
    SELECT
      (
        CAST(TIMEZONE(
          (
            'UTC'
          ),
          TIMEZONE('UTC', (
            CAST('2026-04-01 00:00:00' AS TIMESTAMP) - INTERVAL '1 MICROSECOND'
          ))
        ) AS DATE)
      ) AS last_day
  ), numbered AS (
    SELECT
      d.canonical_segment_id,
      d.order_day,
      d.orders,
      d.value,
      d.first_order_at,
      d.last_order_at,
      b.last_day,
      ROW_NUMBER() OVER (PARTITION BY d.canonical_segment_id ORDER BY d.order_day) AS place,
      CASE WHEN b.last_day - d.order_day < 181 THEN d.orders ELSE 0 END AS guide_orders,
      CASE WHEN b.last_day - d.order_day < 181 THEN d.value ELSE 0 END AS guide_value,
      CASE WHEN b.last_day - d.order_day < 181 THEN d.order_day END AS guide_day
    FROM "models"."ltv_order_days" AS d
    CROSS JOIN bound AS b
  ), judged AS (
    SELECT
      canonical_segment_id,
      order_day,
      orders,
      value,
      first_order_at,
      last_order_at,
      last_day,
      guide_orders,
      guide_value,
      guide_day,
      CASE WHEN place > 1 AND value > 0 THEN value END AS repeat_value
    FROM numbered
  )
  SELECT
    canonical_segment_id,
    CAST('2026-04-01 00:00:00' AS TIMESTAMP) AS as_of,
    SUM(orders) AS orders,
    COUNT(*) - 1 AS x,
    MAX(order_day) - MIN(order_day) AS t_x_days,
    MAX(last_day) - MIN(order_day) AS age_days,
    MIN(first_order_at) AS first_order_at,
    MAX(last_order_at) AS last_order_at,
    CAST(SUM(value) AS DOUBLE PRECISION) / SUM(orders) AS mean_order,
    COUNT(repeat_value) AS valued_repeat_days,
    CAST(SUM(repeat_value) AS DOUBLE PRECISION) / NULLIF(COUNT(repeat_value), 0) AS mean_repeat_order,
    SUM(value) AS monetary_total,
    MAX(last_day) - MAX(order_day) AS days_since_last,
    MAX(last_day) - MIN(order_day) AS days_since_first,
    SUM(guide_orders) AS guide_orders,
    COALESCE(MAX(last_day) - MAX(guide_day), 0) AS guide_days_since_last,
    COALESCE(MAX(last_day) - MIN(guide_day), 0) AS guide_days_since_first,
    COALESCE(CAST(SUM(guide_value) AS DOUBLE PRECISION) / NULLIF(SUM(guide_orders), 0), 0) AS guide_mean_order
  FROM judged
  GROUP BY
    canonical_segment_id
) AS made
