SELECT
  CAST(made.key AS TEXT) AS key,
  CAST(made.group_id AS TEXT) AS group_id
FROM (
  SELECT
    '' AS key,
    r.group_id
  FROM "models"."account_population" AS r
  JOIN "models"."account_population" AS p
    ON p.group_id = r.group_id
  WHERE
    1 = 0
) AS made
