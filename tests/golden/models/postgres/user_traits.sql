SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.name AS TEXT) AS name,
  CAST(made.value AS TEXT) AS value
FROM (
  SELECT
    user_id AS canonical_segment_id,
    'email' AS name,
    MAX(user_id) AS value
  FROM "models"."input_identifies" AS input_identifies
  WHERE
    NOT user_id IS NULL
  GROUP BY
    user_id
) AS made
