SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT DISTINCT
    canonical_segment_id
  FROM models.audience_orders AS audience_orders
  WHERE
    ordered_at >= (
      DATEADD(HOUR, 24 * (
        -30
      ), (
        CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
      ))
    )
) AS made
