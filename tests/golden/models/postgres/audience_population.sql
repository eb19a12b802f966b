SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.user_id AS TEXT) AS user_id,
  CAST(made.email AS TEXT) AS email
FROM (
  WITH identifiers AS (
    SELECT
      canonical_segment_id,
      type,
      value,
      ROW_NUMBER() OVER (PARTITION BY canonical_segment_id, type ORDER BY seq DESC NULLS LAST) AS place
    FROM "models"."external_id_mapping" AS external_id_mapping
    WHERE
      type IN ('user_id', 'email', 'android.idfa', 'ios.idfa')
      OR (
        type = 'anonymous_id' AND FALSE
      )
  )
  SELECT
    canonical_segment_id,
    MAX(CASE WHEN type = 'user_id' THEN value END) AS user_id,
    MAX(CASE WHEN type = 'email' THEN value END) AS email
  FROM identifiers
  WHERE
    place = 1
  GROUP BY
    canonical_segment_id
) AS made
