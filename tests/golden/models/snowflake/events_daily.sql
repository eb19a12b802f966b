SELECT
  CAST(made.day AS DATE) AS day,
  CAST(made.source AS VARCHAR) AS source,
  CAST(made.call AS VARCHAR) AS call,
  CAST(made.event AS VARCHAR) AS event,
  CAST(made.events AS BIGINT) AS events
FROM (
  SELECT
    (
      CAST(CONVERT_TIMEZONE('UTC', (
        'UTC'
      ), (
        timestamp
      )) AS DATE)
    ) AS day,
    source,
    call,
    CASE WHEN call = 'track' THEN COALESCE(event_text, '') ELSE call END AS event,
    COUNT(*) AS events
  FROM models.events AS events
  WHERE
    timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
  GROUP BY
    (
      CAST(CONVERT_TIMEZONE('UTC', (
        'UTC'
      ), (
        timestamp
      )) AS DATE)
    ),
    source,
    call,
    CASE WHEN call = 'track' THEN COALESCE(event_text, '') ELSE call END
) AS made
