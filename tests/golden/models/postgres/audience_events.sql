SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.source AS TEXT) AS source,
  CAST(made.call AS TEXT) AS call,
  CAST(made.event_id AS TEXT) AS event_id,
  CAST(made.timestamp AS TIMESTAMP) AS timestamp,
  CAST(made.received_at AS TIMESTAMP) AS received_at,
  CAST(made.event_text AS TEXT) AS event_text
FROM (
  WITH calls AS (
    SELECT
      p.canonical_segment_id,
      e.source,
      e.call,
      e.id AS event_id,
      e.timestamp,
      e.received_at,
      e.event_text
    FROM "models"."events" AS e
    JOIN "models"."event_profiles" AS p
      ON p.source = e.source AND p.call = e.call AND p.event_id = e.id
    WHERE
      e.timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMP)
  )
  SELECT
    canonical_segment_id,
    source,
    call,
    event_id,
    timestamp,
    received_at,
    event_text
  FROM calls
) AS made
