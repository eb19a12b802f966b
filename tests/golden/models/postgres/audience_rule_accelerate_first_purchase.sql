SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id
FROM (
  SELECT DISTINCT
    e.canonical_segment_id
  FROM "models"."audience_events" AS e
  WHERE
    e.call = 'track'
    AND e.event_text IN ('Product Added')
    AND e.timestamp >= (
      (
        CAST('2026-04-01 00:00:00' AS TIMESTAMP)
      ) + (
        -90
      ) * INTERVAL '24 HOURS'
    )
    AND NOT EXISTS(
      SELECT
        1
      FROM "models"."audience_orders" AS o
      WHERE
        o.canonical_segment_id = e.canonical_segment_id
    )
) AS made
