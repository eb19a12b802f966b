SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id
FROM (
  SELECT
    canonical_segment_id
  FROM "models"."audience_history" AS audience_history
  WHERE
    key IN ('cart_abandonment')
    AND is_member
    AND entered_at < (
      (
        CAST('2026-04-01 00:00:00' AS TIMESTAMP)
      ) + (
        -30
      ) * INTERVAL '24 HOURS'
    )
  UNION
  SELECT
    canonical_segment_id
  FROM "models"."audience_orders" AS audience_orders
  WHERE
    ordered_at < (
      (
        CAST('2026-04-01 00:00:00' AS TIMESTAMP)
      ) + (
        -30
      ) * INTERVAL '24 HOURS'
    )
) AS made
