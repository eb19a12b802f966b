SELECT
  CAST(made.source AS TEXT) AS source,
  CAST(made.call AS TEXT) AS call,
  CAST(made.id AS TEXT) AS id,
  CAST(made.received_at AS TIMESTAMP) AS received_at,
  CAST(made.timestamp AS TIMESTAMP) AS timestamp,
  CAST(made.anonymous_id AS TEXT) AS anonymous_id,
  CAST(made.user_id AS TEXT) AS user_id,
  CAST(made.event_text AS TEXT) AS event_text,
  CAST(made.name AS TEXT) AS name
FROM (
  SELECT
    source,
    call,
    id,
    received_at,
    timestamp,
    anonymous_id,
    user_id,
    event_text,
    CAST(NULL AS TEXT) AS name
  FROM "models"."input_tracks" AS input_tracks
  UNION ALL
  SELECT
    source,
    call,
    id,
    received_at,
    timestamp,
    anonymous_id,
    user_id,
    NULL,
    name
  FROM "models"."input_pages" AS input_pages
  UNION ALL
  SELECT
    source,
    call,
    id,
    received_at,
    timestamp,
    anonymous_id,
    user_id,
    NULL,
    name
  FROM "models"."input_screens" AS input_screens
  UNION ALL
  SELECT
    source,
    call,
    id,
    received_at,
    timestamp,
    anonymous_id,
    user_id,
    NULL,
    NULL
  FROM "models"."input_identifies" AS input_identifies
  UNION ALL
  SELECT
    source,
    call,
    id,
    received_at,
    timestamp,
    anonymous_id,
    user_id,
    NULL,
    NULL
  FROM "models"."input_groups" AS input_groups
  UNION ALL
  SELECT
    source,
    call,
    id,
    received_at,
    timestamp,
    anonymous_id,
    user_id,
    NULL,
    NULL
  FROM "models"."input_aliases" AS input_aliases
) AS made
