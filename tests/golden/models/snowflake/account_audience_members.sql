SELECT
  CAST(made.key AS VARCHAR) AS key,
  CAST(made.group_id AS VARCHAR) AS group_id,
  CAST(made.entered_at AS TIMESTAMPNTZ) AS entered_at,
  CAST(made.name AS VARCHAR) AS name,
  CAST(made.members AS BIGINT) AS members
FROM (
  WITH steps AS (
    SELECT
      key,
      group_id,
      change,
      changed_at,
      ROW_NUMBER() OVER (PARTITION BY key, group_id ORDER BY run DESC NULLS LAST) AS place
    FROM models.account_audience_membership_changes AS account_audience_membership_changes
  )
  SELECT
    s.key,
    s.group_id,
    s.changed_at AS entered_at,
    p.name,
    p.members
  FROM steps AS s
  JOIN models.account_population AS p
    ON p.group_id = s.group_id
  WHERE
    s.place = 1 AND s.change = 'entered'
) AS made
