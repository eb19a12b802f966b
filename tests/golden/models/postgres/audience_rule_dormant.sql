SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id
FROM (
  SELECT
    l.canonical_segment_id
  FROM "models"."audience_likelihood" AS l
  WHERE
    l.likelihood_percentile < CAST(0.25 AS DOUBLE PRECISION)
    AND NOT EXISTS(
      SELECT
        1
      FROM "models"."audience_events" AS e
      WHERE
        e.canonical_segment_id = l.canonical_segment_id
        AND e.timestamp >= (
          (
            CAST('2026-04-01 00:00:00' AS TIMESTAMP)
          ) + (
            -60
          ) * INTERVAL '24 HOURS'
        )
    )
) AS made
