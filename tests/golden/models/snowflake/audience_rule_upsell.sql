SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT DISTINCT
    e.canonical_segment_id
  FROM models.audience_events AS e
  JOIN (
    SELECT
      canonical_segment_id,
      MAX(ordered_at) AS last_at
    FROM models.audience_orders AS audience_orders
    GROUP BY
      canonical_segment_id
  ) AS o
    ON o.canonical_segment_id = e.canonical_segment_id
  WHERE
    e.call = 'track'
    AND e.event_text IN ('Product Added')
    AND e.timestamp >= (
      DATEADD(HOUR, 24 * (
        -90
      ), (
        CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
      ))
    )
    AND e.timestamp > o.last_at
) AS made
