SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.month AS DATE) AS month,
  CAST(made.cohort_month AS DATE) AS cohort_month,
  CAST(made.months_since AS BIGINT) AS months_since,
  CAST(made.active_days AS BIGINT) AS active_days,
  CAST(made.events AS BIGINT) AS events
FROM (
  WITH days AS (
    SELECT
      p.canonical_segment_id,
      (
        CAST(TIMEZONE((
          'UTC'
        ), TIMEZONE('UTC', (
          e.timestamp
        ))) AS DATE)
      ) AS day,
      COUNT(*) AS events
    FROM "models"."events" AS e
    JOIN "models"."event_profiles" AS p
      ON p.source = e.source AND p.call = e.call AND p.event_id = e.id
    WHERE
      e.call IN ('page', 'screen', 'track')
      AND e.timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMP)
    GROUP BY
      p.canonical_segment_id,
      (
        CAST(TIMEZONE((
          'UTC'
        ), TIMEZONE('UTC', (
          e.timestamp
        ))) AS DATE)
      )
  ), months AS (
    SELECT
      canonical_segment_id,
      CAST(DATE_TRUNC('MONTH', day) AS DATE) AS month,
      COUNT(*) AS active_days,
      SUM(events) AS events
    FROM days
    GROUP BY
      canonical_segment_id,
      CAST(DATE_TRUNC('MONTH', day) AS DATE)
  ), cohorts AS (
    SELECT
      canonical_segment_id,
      MIN(month) AS cohort_month
    FROM months
    GROUP BY
      canonical_segment_id
  )
  SELECT
    m.canonical_segment_id,
    m.month,
    c.cohort_month,
    (
      EXTRACT(YEAR FROM m.month) - EXTRACT(YEAR FROM c.cohort_month)
    ) * 12 + EXTRACT(MONTH FROM m.month) - EXTRACT(MONTH FROM c.cohort_month) AS months_since,
    m.active_days,
    m.events
  FROM months AS m
  JOIN cohorts AS c
    ON c.canonical_segment_id = m.canonical_segment_id
) AS made
