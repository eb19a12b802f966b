SELECT
  CAST(made.cohort_month AS DATE) AS cohort_month,
  CAST(made.month AS DATE) AS month,
  CAST(made.months_since AS BIGINT) AS months_since,
  CAST(made.cohort_people AS BIGINT) AS cohort_people,
  CAST(made.people AS BIGINT) AS people,
  CAST(made.retention AS DOUBLE) AS retention,
  CAST(made.is_complete AS BOOLEAN) AS is_complete
FROM (
  WITH cohorts AS (
    SELECT
      cohort_month,
      COUNT(*) AS cohort_people
    FROM models.activity_monthly AS activity_monthly
    WHERE
      months_since = 0
    GROUP BY
      cohort_month
  ), months AS (
    SELECT
      month
    FROM models.activity_monthly AS activity_monthly
    GROUP BY
      month
  ), active AS (
    SELECT
      cohort_month,
      month,
      COUNT(*) AS people
    FROM models.activity_monthly AS activity_monthly
    GROUP BY
      cohort_month,
      month
  ), counted AS (
    SELECT
      c.cohort_month,
      m.month,
      c.cohort_people,
      COALESCE(a.people, 0) AS people,
      (
        DATE_PART(YEAR, m.month) - DATE_PART(YEAR, c.cohort_month)
      ) * 12 + DATE_PART(MONTH, m.month) - DATE_PART(MONTH, c.cohort_month) AS months_since
    FROM cohorts AS c
    JOIN months AS m
      ON m.month >= c.cohort_month
    LEFT JOIN active AS a
      ON a.cohort_month = c.cohort_month AND a.month = m.month
  )
  SELECT
    cohort_month,
    month,
    months_since,
    cohort_people,
    people,
    CAST(people AS DOUBLE) / cohort_people AS retention,
    CAST(month + INTERVAL '1 MONTH' AS DATE) <= (
      CAST(CONVERT_TIMEZONE('UTC', (
        'UTC'
      ), (
        CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
      )) AS DATE)
    ) AS is_complete
  FROM counted
) AS made
