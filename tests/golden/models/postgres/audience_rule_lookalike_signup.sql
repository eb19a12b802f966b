SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id
FROM (
  SELECT DISTINCT
    canonical_segment_id
  FROM "models"."audience_events" AS audience_events
  WHERE
    call = 'track'
    AND event_text IN ('Signed Up')
    AND timestamp >= (
      (
        CAST('2026-04-01 00:00:00' AS TIMESTAMP)
      ) + (
        -90
      ) * INTERVAL '24 HOURS'
    )
) AS made
