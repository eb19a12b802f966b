SELECT
  CAST(made.campaign AS VARCHAR) AS campaign,
  CAST(made.cost_type AS VARCHAR) AS cost_type,
  CAST(made.amount AS DECIMAL(28, 6)) AS amount,
  CAST(made.original_currency AS VARCHAR) AS original_currency,
  CAST(made.valid_from AS DATE) AS valid_from,
  CAST(made.valid_to AS DATE) AS valid_to,
  CAST(made.source AS VARCHAR) AS source,
  CAST(made.medium AS VARCHAR) AS medium
FROM (
  WITH lines AS (
    SELECT
      COALESCE(NULLIF(TRIM(campaign), ''), '(none)') AS campaign,
      COALESCE(LOWER(NULLIF(TRIM(cost_type), '')), 'other') AS cost_type,
      COALESCE(
        amount,
        CAST(CAST(hours AS DOUBLE) * CAST(annual_salary AS DOUBLE) / 2080 AS DECIMAL(28, 6))
      ) AS amount,
      UPPER(COALESCE(NULLIF(TRIM(currency), ''), 'USD')) AS original_currency,
      valid_from,
      valid_to,
      NULLIF(TRIM(source), '') AS source,
      NULLIF(TRIM(medium), '') AS medium
    FROM models.input_campaign_costs AS input_campaign_costs
    WHERE
      valid_from IS NULL
      OR valid_from <= (
        CAST(CONVERT_TIMEZONE(
          'UTC',
          (
            'UTC'
          ),
          (
            CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ) - INTERVAL '1 MICROSECOND'
          )
        ) AS DATE)
      )
  ), currency_days AS (
    SELECT DISTINCT
      original_currency,
      valid_from
    FROM lines
  ), dated AS (
    SELECT
      d.original_currency,
      d.valid_from,
      r.rate,
      ROW_NUMBER() OVER (
        PARTITION BY d.original_currency, d.valid_from
        ORDER BY r.valid_from DESC NULLS LAST, r.rate DESC NULLS LAST
      ) AS place
    FROM currency_days AS d
    JOIN models.input_currency_rates AS r
      ON UPPER(TRIM(r.currency)) = d.original_currency
    WHERE
      r.rate > 0
      AND (
        r.valid_from IS NULL OR d.valid_from IS NULL OR r.valid_from <= d.valid_from
      )
  )
  SELECT
    l.campaign,
    l.cost_type,
    CASE
      WHEN l.original_currency = UPPER('USD')
      THEN ROUND(l.amount, 2)
      ELSE ROUND(CAST(CAST(l.amount AS DOUBLE) * d.rate AS DECIMAL(28, 6)), 2)
    END AS amount,
    l.original_currency,
    l.valid_from,
    l.valid_to,
    l.source,
    l.medium
  FROM lines AS l
  LEFT JOIN dated AS d
    ON d.original_currency = l.original_currency
    AND d.valid_from IS NOT DISTINCT FROM l.valid_from
    AND d.place = 1
) AS made
