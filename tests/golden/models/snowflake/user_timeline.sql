SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id,
  CAST(made.place AS BIGINT) AS place,
  CAST(made.timestamp AS TIMESTAMPNTZ) AS timestamp,
  CAST(made.call AS VARCHAR) AS call,
  CAST(made.activity AS VARCHAR) AS activity,
  CAST(made.source AS VARCHAR) AS source,
  CAST(made.event_id AS VARCHAR) AS event_id,
  CAST(made.user_id AS VARCHAR) AS user_id,
  CAST(made.anonymous_id AS VARCHAR) AS anonymous_id
FROM (
  WITH activities AS (
    SELECT
      source,
      call,
      id,
      timestamp,
      COALESCE(NULLIF(url, ''), name) AS activity,
      user_id,
      anonymous_id
    FROM models.input_pages AS input_pages
    UNION ALL
    SELECT
      source,
      call,
      id,
      timestamp,
      name,
      user_id,
      anonymous_id
    FROM models.input_screens AS input_screens
    UNION ALL
    SELECT
      source,
      call,
      id,
      timestamp,
      event_text,
      user_id,
      anonymous_id
    FROM models.input_tracks AS input_tracks
  ), profiles AS (
    SELECT
      source,
      call,
      event_id,
      canonical_segment_id
    FROM models.event_profiles AS event_profiles
    WHERE
      call IN ('page', 'screen', 'track')
  ), calls AS (
    SELECT
      p.canonical_segment_id,
      a.source,
      a.call,
      a.id AS event_id,
      a.timestamp,
      a.activity,
      a.user_id,
      a.anonymous_id
    FROM activities AS a
    JOIN profiles AS p
      ON p.source = a.source AND p.call = a.call AND p.event_id = a.id
    WHERE
      a.timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
  )
  SELECT
    canonical_segment_id,
    ROW_NUMBER() OVER (
      PARTITION BY canonical_segment_id
      ORDER BY timestamp DESC NULLS LAST, event_id DESC NULLS LAST, source DESC NULLS LAST, call DESC NULLS LAST
    ) AS place,
    timestamp,
    call,
    activity,
    source,
    event_id,
    user_id,
    anonymous_id
  FROM calls
) AS made
