SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id
FROM (
  SELECT
    canonical_segment_id
  FROM "models"."audience_likelihood" AS audience_likelihood
  WHERE
    likelihood_percentile > 1 - CAST(0.2 AS DOUBLE PRECISION)
    OR CAST(0.2 AS DOUBLE PRECISION) = 1
) AS made
