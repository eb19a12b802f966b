SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT DISTINCT
    e.canonical_segment_id
  FROM models.audience_events AS e
  WHERE
    e.call IN ('page', 'screen')
    AND e.timestamp >= (
      DATEADD(HOUR, 24 * (
        -90
      ), (
        CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
      ))
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM models.audience_orders AS o
      WHERE
        o.canonical_segment_id = e.canonical_segment_id
    )
) AS made
