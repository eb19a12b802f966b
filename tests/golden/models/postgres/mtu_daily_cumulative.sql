SELECT
  CAST(made.source AS TEXT) AS source,
  CAST(made.day AS DATE) AS day,
  CAST(made.period_start AS DATE) AS period_start,
  CAST(made.api_calls AS BIGINT) AS api_calls,
  CAST(made.new_users AS BIGINT) AS new_users,
  CAST(made.new_anonymous AS BIGINT) AS new_anonymous,
  CAST(made.users AS BIGINT) AS users,
  CAST(made.anonymous_only AS BIGINT) AS anonymous_only,
  CAST(made.mtu AS BIGINT) AS mtu
FROM (
  WITH calls AS (
    SELECT
      source,
      CAST(received_at AS DATE) AS day,
      CAST(DATE_TRUNC('MONTH', received_at) AS DATE) AS period_start,
      NULLIF(user_id, '') AS user_id,
      NULLIF(anonymous_id, '') AS anonymous_id
    FROM "models"."events" AS events
    WHERE
      COALESCE(source IN (NULL), FALSE) = FALSE
  ), call_counts AS (
    SELECT
      source,
      period_start,
      day,
      COUNT(*) AS api_calls
    FROM calls
    GROUP BY
      source,
      period_start,
      day
  ), users_of_sources AS (
    SELECT
      source,
      period_start,
      user_id,
      MIN(day) AS day
    FROM calls
    WHERE
      NOT user_id IS NULL
    GROUP BY
      source,
      period_start,
      user_id
  ), devices_of_sources AS (
    SELECT
      source,
      period_start,
      anonymous_id,
      MIN(day) AS day,
      MIN(CASE WHEN NOT user_id IS NULL THEN day END) AS associated_day
    FROM calls
    WHERE
      NOT anonymous_id IS NULL
    GROUP BY
      source,
      period_start,
      anonymous_id
  ), all_calls AS (
    SELECT
      source,
      period_start,
      day,
      api_calls
    FROM call_counts
    UNION ALL
    SELECT
      '(all)',
      period_start,
      day,
      SUM(api_calls)
    FROM call_counts
    GROUP BY
      period_start,
      day
  ), first_users AS (
    SELECT
      source,
      period_start,
      user_id,
      day
    FROM users_of_sources
    UNION ALL
    SELECT
      '(all)',
      period_start,
      user_id,
      MIN(day)
    FROM users_of_sources
    GROUP BY
      period_start,
      user_id
  ), first_devices AS (
    SELECT
      source,
      period_start,
      anonymous_id,
      day,
      associated_day
    FROM devices_of_sources
    UNION ALL
    SELECT
      '(all)',
      period_start,
      anonymous_id,
      MIN(day),
      MIN(associated_day)
    FROM devices_of_sources
    GROUP BY
      period_start,
      anonymous_id
  ), changes AS (
    SELECT
      source,
      day,
      1 AS users,
      0 AS devices,
      0 AS associated
    FROM first_users
    UNION ALL
    SELECT
      source,
      day,
      0,
      1,
      0
    FROM first_devices
    UNION ALL
    SELECT
      source,
      associated_day,
      0,
      0,
      1
    FROM first_devices
    WHERE
      NOT associated_day IS NULL
  ), days AS (
    SELECT
      source,
      day,
      SUM(users) AS users,
      SUM(devices) AS devices,
      SUM(associated) AS associated
    FROM changes
    GROUP BY
      source,
      day
  ), counted AS (
    SELECT
      c.source,
      c.day,
      c.period_start,
      c.api_calls,
      COALESCE(d.users, 0) AS new_users,
      COALESCE(d.devices, 0) AS new_anonymous,
      SUM(COALESCE(d.users, 0)) OVER (PARTITION BY c.source, c.period_start ORDER BY c.day) AS users,
      SUM(COALESCE(d.devices, 0) - COALESCE(d.associated, 0)) OVER (PARTITION BY c.source, c.period_start ORDER BY c.day) AS anonymous_only
    FROM all_calls AS c
    LEFT JOIN days AS d
      ON d.source = c.source AND d.day = c.day
  )
  SELECT
    source,
    day,
    period_start,
    api_calls,
    new_users,
    new_anonymous,
    users,
    anonymous_only,
    users + anonymous_only AS mtu
  FROM counted
) AS made
