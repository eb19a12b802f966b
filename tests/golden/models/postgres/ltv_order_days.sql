SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.order_day AS DATE) AS order_day,
  CAST(made.orders AS BIGINT) AS orders,
  CAST(made.value AS DECIMAL(28, 6)) AS value,
  CAST(made.first_order_at AS TIMESTAMP) AS first_order_at,
  CAST(made.last_order_at AS TIMESTAMP) AS last_order_at
FROM (
  WITH counted AS (
    SELECT
      canonical_segment_id,
      (
        CAST(TIMEZONE((
          'UTC'
        ), TIMEZONE('UTC', (
          ordered_at
        ))) AS DATE)
      ) AS order_day,
      ordered_at,
      net
    FROM "models"."orders" AS orders
    WHERE
      ordered_at < CAST('2026-04-01 00:00:00' AS TIMESTAMP)
      AND NOT canonical_segment_id IS NULL
      AND NOT is_removed
      AND COALESCE(source IN (NULL), TRUE)
  )
  SELECT
    canonical_segment_id,
    order_day,
    COUNT(*) AS orders,
    SUM(net) AS value,
    MIN(ordered_at) AS first_order_at,
    MAX(ordered_at) AS last_order_at
  FROM counted
  GROUP BY
    canonical_segment_id,
    order_day
) AS made
