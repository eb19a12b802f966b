SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT
    canonical_segment_id
  FROM models.audience_likelihood AS audience_likelihood
  WHERE
    likelihood_percentile >= CAST(0.25 AS DOUBLE)
    AND likelihood_percentile < CAST(0.65 AS DOUBLE)
) AS made
