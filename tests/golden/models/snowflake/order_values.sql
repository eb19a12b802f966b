SELECT
  CAST(made.order_key AS VARCHAR) AS order_key,
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id,
  CAST(made.source AS VARCHAR) AS source,
  CAST(made.call AS VARCHAR) AS call,
  CAST(made.id AS VARCHAR) AS id,
  CAST(made.ordered_at AS TIMESTAMPNTZ) AS ordered_at,
  CAST(made.order_day AS DATE) AS order_day,
  CAST(made.original_currency AS VARCHAR) AS original_currency,
  CAST(made.original_total AS DECIMAL(28, 6)) AS original_total,
  CAST(made.original_value AS DECIMAL(28, 6)) AS original_value,
  CAST(made.rate AS DOUBLE) AS rate,
  CAST(made.gross AS DECIMAL(28, 6)) AS gross,
  CAST(made.coupon AS VARCHAR) AS coupon,
  CAST(made.cancelled_at AS TIMESTAMPNTZ) AS cancelled_at
FROM (
  WITH identified AS (
    SELECT
      e.order_key,
      e.kind,
      e.source,
      e.call,
      e.id,
      e.timestamp,
      e.received_at,
      e.total,
      e.currency,
      e.coupon,
      CASE WHEN 'total' = 'revenue' THEN e.revenue ELSE e.total END AS amount,
      p.canonical_segment_id
    FROM models.order_events AS e
    LEFT JOIN models.event_profiles AS p
      ON p.source = e.source AND p.call = e.call AND p.event_id = e.id
    WHERE
      e.kind IN ('completed', 'updated')
  ), placed AS (
    SELECT
      order_key,
      source,
      call,
      id,
      timestamp AS ordered_at,
      currency,
      coupon,
      (
        CAST(CONVERT_TIMEZONE('UTC', (
          'UTC'
        ), (
          timestamp
        )) AS DATE)
      ) AS order_day,
      ROW_NUMBER() OVER (PARTITION BY order_key ORDER BY timestamp, received_at, source, call, id) AS place
    FROM identified
    WHERE
      kind = 'completed'
  ), people AS (
    SELECT
      order_key,
      canonical_segment_id,
      ROW_NUMBER() OVER (PARTITION BY order_key ORDER BY timestamp, received_at, source, call, id) AS place
    FROM identified
    WHERE
      kind = 'completed' AND NOT canonical_segment_id IS NULL
  ), newest AS (
    SELECT
      order_key,
      total,
      amount,
      currency,
      ROW_NUMBER() OVER (
        PARTITION BY order_key
        ORDER BY timestamp DESC NULLS LAST, received_at DESC NULLS LAST, source DESC NULLS LAST, call DESC NULLS LAST, id DESC NULLS LAST
      ) AS place
    FROM identified
    WHERE
      NOT amount IS NULL
  ), cancelled AS (
    SELECT
      order_key,
      MIN(timestamp) AS cancelled_at
    FROM models.order_events AS order_events
    WHERE
      kind = 'cancelled'
    GROUP BY
      order_key
  ), valued AS (
    SELECT
      p.order_key,
      u.canonical_segment_id,
      p.source,
      p.call,
      p.id,
      p.ordered_at,
      p.order_day,
      COALESCE(n.currency, p.currency, UPPER('USD')) AS original_currency,
      n.total,
      n.amount,
      p.coupon,
      c.cancelled_at
    FROM placed AS p
    LEFT JOIN people AS u
      ON u.order_key = p.order_key AND u.place = 1
    LEFT JOIN newest AS n
      ON n.order_key = p.order_key AND n.place = 1
    LEFT JOIN cancelled AS c
      ON c.order_key = p.order_key
    WHERE
      p.place = 1
  ), rated AS (
    SELECT
      v.order_key,
      v.canonical_segment_id,
      v.source,
      v.call,
      v.id,
      v.ordered_at,
      v.order_day,
      v.original_currency,
      v.total,
      v.amount,
      v.coupon,
      v.cancelled_at,
      CASE WHEN v.original_currency = UPPER('USD') THEN CAST(1 AS DOUBLE) ELSE r.rate END AS rate
    FROM valued AS v
    LEFT JOIN models.order_rates AS r
      ON r.currency = v.original_currency AND r.order_day = v.order_day
  )
  SELECT
    order_key,
    canonical_segment_id,
    source,
    call,
    id,
    ordered_at,
    order_day,
    original_currency,
    total AS original_total,
    amount AS original_value,
    rate,
    CASE
      WHEN rate IS NULL
      THEN NULL
      WHEN original_currency = UPPER('USD')
      THEN ROUND(COALESCE(amount, 0), 2)
      ELSE ROUND(CAST(CAST(COALESCE(amount, 0) AS DOUBLE) * rate AS DECIMAL(28, 6)), 2)
    END AS gross,
    coupon,
    cancelled_at
  FROM rated
) AS made
