SELECT
  CAST(made.source AS VARCHAR) AS source,
  CAST(made.call AS VARCHAR) AS call,
  CAST(made.id AS VARCHAR) AS id,
  CAST(made.order_key AS VARCHAR) AS order_key,
  CAST(made.refunded_at AS TIMESTAMPNTZ) AS refunded_at,
  CAST(made.refund_day AS DATE) AS refund_day,
  CAST(made.requested AS DECIMAL(28, 6)) AS requested,
  CAST(made.amount AS DECIMAL(28, 6)) AS amount,
  CAST(made.is_last AS BOOLEAN) AS is_last
FROM (
  WITH requested AS (
    SELECT
      e.source,
      e.call,
      e.id,
      e.order_key,
      e.timestamp AS refunded_at,
      e.received_at,
      e.total,
      v.gross,
      v.original_total,
      v.original_value,
      v.rate,
      SUM(COALESCE(e.total, 0)) OVER (
        PARTITION BY e.order_key
        ORDER BY e.timestamp, e.received_at, e.source, e.call, e.id
        rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
      ) AS total_so_far,
      MAX(CASE WHEN e.total IS NULL THEN 1 ELSE 0 END) OVER (
        PARTITION BY e.order_key
        ORDER BY e.timestamp, e.received_at, e.source, e.call, e.id
        rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
      ) AS is_whole
    FROM models.order_events AS e
    JOIN models.order_values AS v
      ON v.order_key = e.order_key
    WHERE
      e.kind = 'refunded' AND NOT v.gross IS NULL AND v.cancelled_at IS NULL
  ), scaled AS (
    SELECT
      source,
      call,
      id,
      order_key,
      refunded_at,
      received_at,
      total,
      gross,
      CASE
        WHEN gross <= 0
        THEN 0
        WHEN is_whole = 1 OR total_so_far >= original_total
        THEN gross
        WHEN rate = 1 AND original_total = original_value
        THEN LEAST_IGNORE_NULLS(gross, ROUND(total_so_far, 2))
        WHEN original_total > 0
        THEN LEAST_IGNORE_NULLS(
          gross,
          ROUND(
            CAST(CAST(gross AS DOUBLE) * CAST(total_so_far AS DOUBLE) / CAST(original_total AS DOUBLE) AS DECIMAL(28, 6)),
            2
          )
        )
        ELSE LEAST_IGNORE_NULLS(gross, ROUND(CAST(CAST(total_so_far AS DOUBLE) * rate AS DECIMAL(28, 6)), 2))
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
      CAST(CONVERT_TIMEZONE('UTC', (
        'UTC'
      ), (
        refunded_at
      )) AS DATE)
    ) AS refund_day,
    total AS requested,
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
