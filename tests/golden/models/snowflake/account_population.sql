SELECT
  CAST(made.group_id AS VARCHAR) AS group_id,
  CAST(made.name AS VARCHAR) AS name,
  CAST(made.members AS BIGINT) AS members
FROM (
  WITH named AS (
    SELECT
      TRIM(group_id) AS group_id,
      name,
      ROW_NUMBER() OVER (
        PARTITION BY TRIM(group_id)
        ORDER BY CASE WHEN name IS NULL THEN 1 ELSE 0 END, timestamp DESC NULLS LAST, received_at DESC NULLS LAST, source DESC NULLS LAST, id DESC NULLS LAST
      ) AS place
    FROM models.input_groups AS input_groups
    WHERE
      timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ) AND TRIM(group_id) <> ''
  ), counted AS (
    SELECT
      group_id,
      COUNT(*) AS members
    FROM models.account_members AS account_members
    GROUP BY
      group_id
  )
  SELECT
    n.group_id,
    n.name,
    COALESCE(c.members, 0) AS members
  FROM named AS n
  LEFT JOIN counted AS c
    ON c.group_id = n.group_id
  WHERE
    n.place = 1
) AS made
