SELECT
  CAST(made.order_key AS TEXT) AS order_key,
  CAST(made.entry_id AS TEXT) AS entry_id,
  CAST(made.entry_kind AS TEXT) AS entry_kind,
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.ordered_at AS TIMESTAMP) AS ordered_at,
  CAST(made.entry_at AS TIMESTAMP) AS entry_at,
  CAST(made.entry_day AS DATE) AS entry_day,
  CAST(made.amount AS DECIMAL(28, 6)) AS amount,
  CAST(made.orders AS BIGINT) AS orders,
  CAST(made.is_first_order AS BOOLEAN) AS is_first_order
FROM (
  SELECT
    order_key,
    'order' AS entry_id,
    'order' AS entry_kind,
    canonical_segment_id,
    ordered_at,
    ordered_at AS entry_at,
    order_day AS entry_day,
    net AS amount,
    1 AS orders,
    is_first_order
  FROM "models"."orders" AS orders
  WHERE
    'order_date' = 'order_date' AND NOT is_removed
  UNION ALL
  SELECT
    order_key,
    'order',
    'order',
    canonical_segment_id,
    ordered_at,
    ordered_at,
    order_day,
    gross,
    1,
    is_first_order
  FROM "models"."orders" AS orders
  WHERE
    'order_date' = 'event_date' AND cancelled_at IS NULL
  UNION ALL
  SELECT
    r.order_key,
    CONCAT(r.source, '/', r.id),
    'refund',
    o.canonical_segment_id,
    o.ordered_at,
    r.refunded_at,
    r.refund_day,
    -r.amount,
    CASE WHEN r.is_last THEN -1 ELSE 0 END,
    o.is_first_order
  FROM "models"."order_refunds" AS r
  JOIN "models"."orders" AS o
    ON o.order_key = r.order_key
  WHERE
    'order_date' = 'event_date' AND r.amount <> 0
) AS made
