SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT
    canonical_segment_id
  FROM models.audience_history AS audience_history
  WHERE
    key IN ('cart_abandonment')
    AND is_member
    AND entered_at < (
      DATEADD(HOUR, 24 * (
        -30
      ), (
        CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
      ))
    )
  UNION
  SELECT
    canonical_segment_id
  FROM models.audience_orders AS audience_orders
  WHERE
    ordered_at < (
      DATEADD(HOUR, 24 * (
        -30
      ), (
        CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
      ))
    )
) AS made
