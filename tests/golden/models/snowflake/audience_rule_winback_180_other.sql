SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id
FROM (
  SELECT
    o.canonical_segment_id
  FROM models.audience_orders AS o
  JOIN models.audience_rule_winback_180 AS w
    ON w.canonical_segment_id = o.canonical_segment_id
  GROUP BY
    o.canonical_segment_id
  HAVING
    SUM(o.net) <= 100
) AS made
