SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT
    canonical_segment_id
  FROM models.audience_likelihood AS audience_likelihood
  WHERE
    p_alive < CAST(0.5 AS DOUBLE)
    AND (
      value_percentile > 1 - CAST(0.1 AS DOUBLE)
      OR (
        value_percentile = 0 AND CAST(0.1 AS DOUBLE) = 1
      )
    )
) AS made
