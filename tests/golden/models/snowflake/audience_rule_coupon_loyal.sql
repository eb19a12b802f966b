SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT
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
  GROUP BY
    canonical_segment_id
  HAVING
    COUNT(*) >= 3
    AND CASE 'average_above'
      WHEN 'average_above'
      THEN SUM(gross) > 20 * COUNT(gross)
      WHEN 'any_above'
      THEN MAX(gross) > 20
      ELSE MAX(gross) >= 20
    END
) AS made
