SELECT
  CAST(made.source AS TEXT) AS source,
  CAST(made.call AS TEXT) AS call,
  CAST(made.event_id AS TEXT) AS event_id,
  CAST(made.segment_id AS TEXT) AS segment_id,
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id
FROM (
  SELECT
    source,
    call,
    id AS event_id,
    COALESCE(NULLIF(user_id, ''), NULLIF(anonymous_id, '')) AS segment_id,
    COALESCE(NULLIF(user_id, ''), NULLIF(anonymous_id, '')) AS canonical_segment_id
  FROM "models"."events" AS events
  WHERE
    NOT COALESCE(NULLIF(user_id, ''), NULLIF(anonymous_id, '')) IS NULL
) AS made
