SELECT
  CAST(made.key AS VARCHAR) AS key,
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id,
  CAST(made.entered_at AS TIMESTAMPNTZ) AS entered_at,
  CAST(made.user_id AS VARCHAR) AS user_id,
  CAST(made.email AS VARCHAR) AS email
FROM (
  WITH steps AS (
    SELECT
      key,
      canonical_segment_id,
      segment_id,
      change,
      changed_at,
      ROW_NUMBER() OVER (PARTITION BY key, segment_id ORDER BY run DESC NULLS LAST) AS place
    FROM models.audience_membership_changes AS audience_membership_changes
  ), present AS (
    SELECT
      key,
      canonical_segment_id,
      MIN(changed_at) AS entered_at
    FROM steps
    WHERE
      place = 1 AND change = 'entered'
    GROUP BY
      key,
      canonical_segment_id
  )
  SELECT
    m.key,
    m.canonical_segment_id,
    m.entered_at,
    p.user_id,
    p.email
  FROM present AS m
  JOIN models.audience_population AS p
    ON p.canonical_segment_id = m.canonical_segment_id
) AS made
