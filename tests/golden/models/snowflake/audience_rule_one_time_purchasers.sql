SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT
    canonical_segment_id
  FROM models.audience_orders AS audience_orders
  GROUP BY
    canonical_segment_id
  HAVING
    COUNT(*) = 1
    AND MAX(ordered_at) <= (
      DATEADD(HOUR, 24 * (
        -14
      ), (
        CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
      ))
    )
) AS made
