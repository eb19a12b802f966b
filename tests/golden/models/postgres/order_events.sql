SELECT
  CAST(made.source AS TEXT) AS source,
  CAST(made.call AS TEXT) AS call,
  CAST(made.id AS TEXT) AS id,
  CAST(made.kind AS TEXT) AS kind,
  CAST(made.order_key AS TEXT) AS order_key,
  CAST(made.timestamp AS TIMESTAMP) AS timestamp,
  CAST(made.received_at AS TIMESTAMP) AS received_at,
  CAST(made.total AS DECIMAL(28, 6)) AS total,
  CAST(made.revenue AS DECIMAL(28, 6)) AS revenue,
  CAST(made.currency AS TEXT) AS currency,
  CAST(made.coupon AS TEXT) AS coupon
FROM (
  WITH said AS (
    SELECT
      source,
      call,
      id,
      'completed' AS kind,
      order_id,
      checkout_id,
      timestamp,
      received_at,
      COALESCE(total, COALESCE(revenue, subtotal) + COALESCE(shipping, 0) + COALESCE(tax, 0)) AS total,
      COALESCE(revenue, subtotal, total - COALESCE(shipping, 0) - COALESCE(tax, 0)) AS revenue,
      currency,
      coupon
    FROM "models"."input_order_completed" AS input_order_completed
    UNION ALL
    SELECT
      source,
      call,
      id,
      'updated',
      order_id,
      checkout_id,
      timestamp,
      received_at,
      COALESCE(total, COALESCE(revenue, subtotal) + COALESCE(shipping, 0) + COALESCE(tax, 0)),
      COALESCE(revenue, subtotal, total - COALESCE(shipping, 0) - COALESCE(tax, 0)),
      currency,
      NULL
    FROM "models"."input_order_updated" AS input_order_updated
    UNION ALL
    SELECT
      source,
      call,
      id,
      'refunded',
      order_id,
      checkout_id,
      timestamp,
      received_at,
      ABS(total),
      NULL,
      currency,
      NULL
    FROM "models"."input_order_refunded" AS input_order_refunded
    UNION ALL
    SELECT
      source,
      call,
      id,
      'cancelled',
      order_id,
      checkout_id,
      timestamp,
      received_at,
      total,
      NULL,
      currency,
      NULL
    FROM "models"."input_order_cancelled" AS input_order_cancelled
  )
  SELECT
    source,
    call,
    id,
    kind,
    COALESCE(NULLIF(TRIM(order_id), ''), NULLIF(TRIM(checkout_id), ''), id) AS order_key,
    timestamp,
    received_at,
    CASE WHEN ABS(total) < 1000000000000000 THEN total END AS total,
    CASE WHEN ABS(revenue) < 1000000000000000 THEN revenue END AS revenue,
    UPPER(NULLIF(TRIM(currency), '')) AS currency,
    NULLIF(TRIM(coupon), '') AS coupon
  FROM said
  WHERE
    timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMP)
) AS made
