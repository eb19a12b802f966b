SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id,
  CAST(made.p_alive AS DOUBLE) AS p_alive,
  CAST(made.expected_orders AS DOUBLE) AS expected_orders,
  CAST(made.clv AS DOUBLE) AS clv
FROM (
  SELECT
    canonical_segment_id,
    CAST(0.5 AS DOUBLE) AS p_alive,
    CAST(COUNT(*) AS DOUBLE) AS expected_orders,
    CAST(SUM(net) AS DOUBLE) AS clv
  FROM models.orders AS orders
  GROUP BY
    canonical_segment_id
) AS made
