SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.likelihood AS DOUBLE PRECISION) AS likelihood,
  CAST(made.likelihood_percentile AS DOUBLE PRECISION) AS likelihood_percentile,
  CAST(made.value_percentile AS DOUBLE PRECISION) AS value_percentile,
  CAST(made.p_alive AS DOUBLE PRECISION) AS p_alive
FROM (
  SELECT
    canonical_segment_id,
    1 - EXP(-expected_orders_soon) AS likelihood,
    PERCENT_RANK() OVER (ORDER BY expected_orders_soon, canonical_segment_id DESC NULLS LAST) AS likelihood_percentile,
    CASE
      WHEN NOT clv IS NULL
      THEN PERCENT_RANK() OVER (PARTITION BY clv IS NULL ORDER BY clv, canonical_segment_id DESC NULLS LAST)
    END AS value_percentile,
    p_alive
  FROM "models"."ltv_scores" AS ltv_scores
) AS made
