SELECT
  CAST(made.order_key AS VARCHAR) AS order_key,
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id,
  CAST(made.ordered_at AS TIMESTAMPNTZ) AS ordered_at,
  CAST(made.gross AS DECIMAL(28, 6)) AS gross,
  CAST(made.net AS DECIMAL(28, 6)) AS net
FROM (
  SELECT
    order_key,
    canonical_segment_id,
    ordered_at,
    gross,
    net
  FROM models.orders AS orders
  WHERE
    ordered_at < CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
    AND NOT is_removed
    AND NOT canonical_segment_id IS NULL
) AS made
