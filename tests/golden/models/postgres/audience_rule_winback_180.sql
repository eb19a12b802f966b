SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id
FROM (
  SELECT
    canonical_segment_id
  FROM "models"."audience_orders" AS audience_orders
  GROUP BY
    canonical_segment_id
  HAVING
    MAX(ordered_at) < (
      (
        CAST('2026-04-01 00:00:00' AS TIMESTAMP)
      ) + (
        -180
      ) * INTERVAL '24 HOURS'
    )
) AS made
