SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id
FROM (
  SELECT
    p.canonical_segment_id
  FROM "models"."audience_population" AS p
  WHERE
    NOT EXISTS(
      SELECT
        1
      FROM "models"."audience_events" AS e
      WHERE
        e.canonical_segment_id = p.canonical_segment_id
        AND e.timestamp >= (
          (
            CAST('2026-04-01 00:00:00' AS TIMESTAMP)
          ) + (
            -60
          ) * INTERVAL '24 HOURS'
        )
        AND (
          e.call = 'page' OR (
            e.call = 'track' AND e.event_text IN ('Page Viewed')
          )
        )
    )
) AS made
