SELECT
  CAST(made.day AS DATE) AS day,
  CAST(made.source AS TEXT) AS source,
  CAST(made.call AS TEXT) AS call,
  CAST(made.event AS TEXT) AS event,
  CAST(made.events AS BIGINT) AS events
FROM (
  SELECT
    (
      CAST(TIMEZONE((
        'UTC'
      ), TIMEZONE('UTC', (
        timestamp
      ))) AS DATE)
    ) AS day,
    source,
    call,
    CASE WHEN call = 'track' THEN COALESCE(event_text, '') ELSE call END AS event,
    COUNT(*) AS events
  FROM "models"."events" AS events
  WHERE
    timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMP)
  GROUP BY
    (
      CAST(TIMEZONE((
        'UTC'
      ), TIMEZONE('UTC', (
        timestamp
      ))) AS DATE)
    ),
    source,
    call,
    CASE WHEN call = 'track' THEN COALESCE(event_text, '') ELSE call END
) AS made
