SELECT
  CAST(made.order_key AS TEXT) AS order_key,
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.source AS TEXT) AS source,
  CAST(made.call AS TEXT) AS call,
  CAST(made.id AS TEXT) AS id,
  CAST(made.ordered_at AS TIMESTAMP) AS ordered_at,
  CAST(made.order_day AS DATE) AS order_day,
  CAST(made.gross AS DECIMAL(28, 6)) AS gross,
  CAST(made.refunded AS DECIMAL(28, 6)) AS refunded,
  CAST(made.net AS DECIMAL(28, 6)) AS net,
  CAST(made.currency AS TEXT) AS currency,
  CAST(made.original_currency AS TEXT) AS original_currency,
  CAST(made.rate AS DOUBLE PRECISION) AS rate,
  CAST(made.is_removed AS BOOLEAN) AS is_removed,
  CAST(made.order_number AS BIGINT) AS order_number,
  CAST(made.is_first_order AS BOOLEAN) AS is_first_order,
  CAST(made.coupon AS TEXT) AS coupon,
  CAST(made.cancelled_at AS TIMESTAMP) AS cancelled_at
FROM (
  WITH paid_back AS (
    SELECT
      order_key,
      SUM(amount) AS refunded
    FROM "models"."order_refunds" AS order_refunds
    GROUP BY
      order_key
  ), settled AS (
    SELECT
      v.order_key,
      v.canonical_segment_id,
      v.source,
      v.call,
      v.id,
      v.ordered_at,
      v.order_day,
      v.gross,
      COALESCE(r.refunded, 0) AS refunded,
      v.original_currency,
      v.rate,
      v.coupon,
      v.cancelled_at,
      NOT v.cancelled_at IS NULL
      OR (
        v.gross > 0 AND COALESCE(r.refunded, 0) >= v.gross
      ) AS is_removed
    FROM "models"."order_values" AS v
    LEFT JOIN paid_back AS r
      ON r.order_key = v.order_key
    WHERE
      NOT v.gross IS NULL
  ), numbered AS (
    SELECT
      order_key,
      ROW_NUMBER() OVER (PARTITION BY canonical_segment_id ORDER BY ordered_at, order_key) AS order_number
    FROM settled
    WHERE
      NOT is_removed AND NOT canonical_segment_id IS NULL
  )
  SELECT
    s.order_key,
    s.canonical_segment_id,
    s.source,
    s.call,
    s.id,
    s.ordered_at,
    s.order_day,
    s.gross,
    s.refunded,
    CASE WHEN s.is_removed THEN 0 ELSE s.gross - s.refunded END AS net,
    UPPER('USD') AS currency,
    s.original_currency,
    s.rate,
    s.is_removed,
    n.order_number,
    COALESCE(n.order_number = 1, FALSE) AS is_first_order,
    s.coupon,
    s.cancelled_at
  FROM settled AS s
  LEFT JOIN numbered AS n
    ON n.order_key = s.order_key
) AS made
