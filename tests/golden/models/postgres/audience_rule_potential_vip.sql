SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id
FROM (
  SELECT
    l.canonical_segment_id
  FROM "models"."audience_likelihood" AS l
  WHERE
    (
      l.value_percentile > 1 - CAST(0.1 AS DOUBLE PRECISION)
      OR (
        l.value_percentile = 0 AND CAST(0.1 AS DOUBLE PRECISION) = 1
      )
    )
    AND (
      l.likelihood_percentile > 1 - CAST(0.2 AS DOUBLE PRECISION)
      OR CAST(0.2 AS DOUBLE PRECISION) = 1
    )
    AND EXISTS(
      SELECT
        1
      FROM "models"."audience_events" AS e
      WHERE
        e.canonical_segment_id = l.canonical_segment_id
        AND e.timestamp >= (
          (
            CAST('2026-04-01 00:00:00' AS TIMESTAMP)
          ) + (
            -14
          ) * INTERVAL '24 HOURS'
        )
    )
) AS made
