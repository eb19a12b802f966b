SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.type AS TEXT) AS type,
  CAST(made.value AS TEXT) AS value,
  CAST(made.timestamp AS TIMESTAMP) AS timestamp
FROM (
  SELECT
    COALESCE(user_id, anonymous_id) AS canonical_segment_id,
    'user_id' AS type,
    user_id AS value,
    MIN(timestamp) AS timestamp
  FROM "models"."events" AS events
  WHERE
    NOT user_id IS NULL
  GROUP BY
    COALESCE(user_id, anonymous_id),
    user_id
  UNION ALL
  SELECT
    COALESCE(user_id, anonymous_id),
    'anonymous_id',
    anonymous_id,
    MIN(timestamp)
  FROM "models"."events" AS events
  WHERE
    NOT anonymous_id IS NULL
  GROUP BY
    COALESCE(user_id, anonymous_id),
    anonymous_id
) AS made
