SELECT
  CAST(made.source AS TEXT) AS source,
  CAST(made.call AS TEXT) AS call,
  CAST(made.id AS TEXT) AS id,
  CAST(made.order_key AS TEXT) AS order_key,
  CAST(made.refunded_at AS TIMESTAMP) AS refunded_at,
  CAST(made.refund_day AS DATE) AS refund_day,
  CAST(made.requested AS DECIMAL(28, 6)) AS requested,
  CAST(made.original_currency AS TEXT) AS original_currency,
  CAST(made.rate AS DOUBLE PRECISION) AS rate,
  CAST(made.amount AS DECIMAL(28, 6)) AS amount,
  CAST(made.is_last AS BOOLEAN) AS is_last
FROM (
  WITH refunds AS (
    SELECT
      e.source,
      e.call,
      e.id,
      e.order_key,
      e.timestamp AS refunded_at,
      e.received_at,
      e.total AS requested,
      COALESCE(e.currency, v.original_currency) AS original_currency,
      v.original_currency AS order_currency,
      v.order_day,
      v.gross,
      v.original_total,
      v.original_value,
      v.rate AS order_rate
    FROM "models"."order_events" AS e
    JOIN "models"."order_values" AS v
      ON v.order_key = e.order_key
    WHERE
      e.kind = 'refunded' AND NOT v.gross IS NULL AND v.cancelled_at IS NULL
  ), currency_days AS (
    SELECT DISTINCT
      original_currency,
      order_day
    FROM refunds
    WHERE
      original_currency <> order_currency AND original_currency <> UPPER('USD')
  ), dated AS (
    SELECT
      d.original_currency,
      d.order_day,
      r.rate,
      ROW_NUMBER() OVER (
        PARTITION BY d.original_currency, d.order_day
        ORDER BY r.valid_from DESC NULLS LAST, r.rate DESC NULLS LAST
      ) AS place
    FROM currency_days AS d
    JOIN "models"."input_currency_rates" AS r
      ON UPPER(TRIM(r.currency)) = d.original_currency
    WHERE
      r.rate > 0 AND (
        r.valid_from IS NULL OR r.valid_from <= d.order_day
      )
  ), rated AS (
    SELECT
      f.source,
      f.call,
      f.id,
      f.order_key,
      f.refunded_at,
      f.received_at,
      f.requested,
      f.original_currency,
      f.gross,
      f.original_total,
      f.original_value,
      f.order_rate,
      CASE
        WHEN f.original_currency = f.order_currency
        THEN CAST(1 AS DOUBLE PRECISION)
        WHEN f.original_currency = UPPER('USD')
        THEN CAST(1 AS DOUBLE PRECISION) / f.order_rate
        ELSE CAST(d.rate AS DOUBLE PRECISION) / f.order_rate
      END AS rate
    FROM refunds AS f
    LEFT JOIN dated AS d
      ON d.original_currency = f.original_currency
      AND d.order_day = f.order_day
      AND d.place = 1
  ), converted AS (
    SELECT
      source,
      call,
      id,
      order_key,
      refunded_at,
      received_at,
      requested,
      original_currency,
      gross,
      original_total,
      original_value,
      order_rate,
      rate,
      CASE
        WHEN rate IS NULL
        THEN 0
        WHEN rate = 1
        THEN COALESCE(requested, 0)
        ELSE COALESCE(CAST(CAST(requested AS DOUBLE PRECISION) * rate AS DECIMAL(28, 6)), 0)
      END AS total
    FROM rated
  ), requested AS (
    SELECT
      source,
      call,
      id,
      order_key,
      refunded_at,
      received_at,
      requested,
      original_currency,
      gross,
      original_total,
      original_value,
      order_rate,
      rate,
      SUM(total) OVER (
        PARTITION BY order_key
        ORDER BY refunded_at, received_at, source, call, id
        rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
      ) AS total_so_far,
      MAX(CASE WHEN requested IS NULL THEN 1 ELSE 0 END) OVER (
        PARTITION BY order_key
        ORDER BY refunded_at, received_at, source, call, id
        rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
      ) AS is_whole
    FROM converted
  ), scaled AS (
    SELECT
      source,
      call,
      id,
      order_key,
      refunded_at,
      received_at,
      requested,
      original_currency,
      rate,
      gross,
      CASE
        WHEN gross <= 0
        THEN 0
        WHEN is_whole = 1 OR total_so_far >= original_total
        THEN gross
        WHEN order_rate = 1 AND original_total = original_value
        THEN LEAST(gross, ROUND(total_so_far, 2))
        WHEN original_total > 0
        THEN LEAST(
          gross,
          ROUND(
            CAST(CAST(gross AS DOUBLE PRECISION) * CAST(total_so_far AS DOUBLE PRECISION) / CAST(original_total AS DOUBLE PRECISION) AS DECIMAL(28, 6)),
            2
          )
        )
        ELSE LEAST(
          gross,
          ROUND(CAST(CAST(total_so_far AS DOUBLE PRECISION) * order_rate AS DECIMAL(28, 6)), 2)
        )
      END AS refunded_so_far
    FROM requested
  )
  SELECT
    source,
    call,
    id,
    order_key,
    refunded_at,
    (
      CAST(TIMEZONE((
        'UTC'
      ), TIMEZONE('UTC', (
        refunded_at
      ))) AS DATE)
    ) AS refund_day,
    requested,
    original_currency,
    rate,
    refunded_so_far - COALESCE(
      LAG(refunded_so_far) OVER (PARTITION BY order_key ORDER BY refunded_at, received_at, source, call, id),
      0
    ) AS amount,
    refunded_so_far = gross
    AND gross > 0
    AND COALESCE(
      LAG(refunded_so_far) OVER (PARTITION BY order_key ORDER BY refunded_at, received_at, source, call, id),
      0
    ) < gross AS is_last
  FROM scaled
) AS made
