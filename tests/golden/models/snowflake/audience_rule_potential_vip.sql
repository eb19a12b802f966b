SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT
    l.canonical_segment_id
  FROM models.audience_likelihood AS l
  WHERE
    (
      l.value_percentile > 1 - CAST(0.1 AS DOUBLE)
      OR (
        l.value_percentile = 0 AND CAST(0.1 AS DOUBLE) = 1
      )
    )
    AND (
      l.likelihood_percentile > 1 - CAST(0.2 AS DOUBLE) OR CAST(0.2 AS DOUBLE) = 1
    )
    AND EXISTS(
      SELECT
        1
      FROM models.audience_events AS e
      WHERE
        e.canonical_segment_id = l.canonical_segment_id
        AND e.timestamp >= (
          DATEADD(HOUR, 24 * (
            -14
          ), (
            CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
          ))
        )
    )
) AS made
