SELECT
  CAST(made.group_id AS VARCHAR) AS group_id,
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id,
  CAST(made.first_at AS TIMESTAMPNTZ) AS first_at
FROM (
  SELECT
    TRIM(g.group_id) AS group_id,
    p.canonical_segment_id,
    MIN(g.timestamp) AS first_at
  FROM models.input_groups AS g
  JOIN models.event_profiles AS p
    ON p.source = g.source AND p.call = g.call AND p.event_id = g.id
  WHERE
    g.timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
    AND TRIM(g.group_id) <> ''
  GROUP BY
    TRIM(g.group_id),
    p.canonical_segment_id
) AS made
