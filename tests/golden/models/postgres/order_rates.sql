SELECT
  CAST(made.currency AS TEXT) AS currency,
  CAST(made.order_day AS DATE) AS order_day,
  CAST(made.rate AS DOUBLE PRECISION) AS rate
FROM (
  WITH currencies AS (
    SELECT DISTINCT
      currency
    FROM "models"."order_events" AS order_events
    WHERE
      currency <> UPPER('USD')
  ), days AS (
    SELECT DISTINCT
      (
        CAST(TIMEZONE((
          'UTC'
        ), TIMEZONE('UTC', (
          timestamp
        ))) AS DATE)
      ) AS order_day
    FROM "models"."order_events" AS order_events
    WHERE
      kind = 'completed'
  ), dated AS (
    SELECT
      c.currency,
      d.order_day,
      r.rate,
      ROW_NUMBER() OVER (
        PARTITION BY c.currency, d.order_day
        ORDER BY r.valid_from DESC NULLS LAST, r.rate DESC NULLS LAST
      ) AS place
    FROM currencies AS c
    JOIN "models"."input_currency_rates" AS r
      ON UPPER(TRIM(r.currency)) = c.currency
    JOIN days AS d
      ON r.valid_from IS NULL OR r.valid_from <= d.order_day
    WHERE
      r.rate > 0
  )
  SELECT
    currency,
    order_day,
    rate
  FROM dated
  WHERE
    place = 1
) AS made
