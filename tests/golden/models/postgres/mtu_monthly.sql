SELECT
  CAST(made.period_start AS DATE) AS period_start,
  CAST(made.users AS BIGINT) AS users,
  CAST(made.anonymous_only AS BIGINT) AS anonymous_only,
  CAST(made.mtu AS BIGINT) AS mtu,
  CAST(made.api_calls AS BIGINT) AS api_calls,
  CAST(made.objects AS BIGINT) AS objects,
  CAST(made.mtu_allowance AS BIGINT) AS mtu_allowance,
  CAST(made.included_calls AS BIGINT) AS included_calls,
  CAST(made.throughput AS DOUBLE PRECISION) AS throughput,
  CAST(made.is_over_allowance AS BOOLEAN) AS is_over_allowance
FROM (
  WITH calls AS (
    SELECT
      CAST(DATE_TRUNC('MONTH', received_at) AS DATE) AS period_start,
      NULLIF(user_id, '') AS user_id,
      NULLIF(anonymous_id, '') AS anonymous_id
    FROM "models"."events" AS events
    WHERE
      COALESCE(source IN (NULL), FALSE) = FALSE
  ), call_counts AS (
    SELECT
      period_start,
      COUNT(*) AS api_calls
    FROM calls
    GROUP BY
      period_start
  ), user_ids AS (
    SELECT
      period_start,
      user_id
    FROM calls
    WHERE
      NOT user_id IS NULL
    GROUP BY
      period_start,
      user_id
  ), user_counts AS (
    SELECT
      period_start,
      COUNT(*) AS users
    FROM user_ids
    GROUP BY
      period_start
  ), anonymous_ids AS (
    SELECT
      period_start,
      anonymous_id,
      MAX(CASE WHEN user_id IS NULL THEN 0 ELSE 1 END) AS is_associated
    FROM calls
    WHERE
      NOT anonymous_id IS NULL
    GROUP BY
      period_start,
      anonymous_id
  ), anonymous_counts AS (
    SELECT
      period_start,
      SUM(1 - is_associated) AS anonymous_only
    FROM anonymous_ids
    GROUP BY
      period_start
  ), object_counts AS (
    SELECT
      CAST(DATE_TRUNC('MONTH', received_at) AS DATE) AS period_start,
      SUM(COALESCE(records, 1)) AS objects
    FROM "models"."input_object_records" AS input_object_records
    WHERE
      NOT received_at IS NULL
    GROUP BY
      CAST(DATE_TRUNC('MONTH', received_at) AS DATE)
  ), periods AS (
    SELECT
      period_start
    FROM call_counts
    UNION
    SELECT
      period_start
    FROM object_counts
  ), counted AS (
    SELECT
      p.period_start,
      COALESCE(u.users, 0) AS users,
      COALESCE(a.anonymous_only, 0) AS anonymous_only,
      COALESCE(u.users, 0) + COALESCE(a.anonymous_only, 0) AS mtu,
      COALESCE(c.api_calls, 0) AS api_calls,
      COALESCE(o.objects, 0) AS objects,
      CAST(NULL AS BIGINT) AS mtu_allowance
    FROM periods AS p
    LEFT JOIN call_counts AS c
      ON c.period_start = p.period_start
    LEFT JOIN user_counts AS u
      ON u.period_start = p.period_start
    LEFT JOIN anonymous_counts AS a
      ON a.period_start = p.period_start
    LEFT JOIN object_counts AS o
      ON o.period_start = p.period_start
  )
  SELECT
    period_start,
    users,
    anonymous_only,
    mtu,
    api_calls,
    objects,
    mtu_allowance,
    mtu_allowance * 250 AS included_calls,
    CAST(api_calls + objects AS DOUBLE PRECISION) / mtu_allowance AS throughput,
    mtu > mtu_allowance OR api_calls + objects > mtu_allowance * 250 AS is_over_allowance
  FROM counted
) AS made
