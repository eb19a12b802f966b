SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.run_id AS TEXT) AS run_id,
  CAST(made.p_alive AS DOUBLE PRECISION) AS p_alive,
  CAST(made.expected_orders AS DOUBLE PRECISION) AS expected_orders,
  CAST(made.expected_orders_soon AS DOUBLE PRECISION) AS expected_orders_soon,
  CAST(made.expected_value AS DECIMAL(28, 6)) AS expected_value,
  CAST(made.clv AS DECIMAL(28, 6)) AS clv,
  CAST(made.guide_ltv AS DECIMAL(28, 6)) AS guide_ltv,
  CAST(made.rank AS BIGINT) AS rank,
  CAST(made.decile AS BIGINT) AS decile
FROM (
  WITH odds AS (
    SELECT
      f.canonical_segment_id,
      f.x,
      f.age_days,
      f.valued_repeat_days,
      f.mean_order,
      p.run_id,
      p.p,
      p.q,
      p.v,
      p.guide_multiple,
      COALESCE(f.mean_repeat_order, 0) AS mean_repeat_order,
      CASE
        WHEN f.x > 0
        THEN LEAST(
          700,
          GREATEST(
            -700,
            LN(p.a) - LN(p.b + f.x - 1) + (
              p.r + f.x
            ) * (
              LN(p.alpha + f.age_days) - LN(p.alpha + f.t_x_days)
            )
          )
        )
      END AS log_odds
    FROM "models"."ltv_rfm" AS f
    CROSS JOIN "models"."ltv_params" AS p
  ), expected AS (
    SELECT
      o.canonical_segment_id,
      o.run_id,
      CASE
        WHEN o.x > 0
        THEN CAST(1 AS DOUBLE PRECISION) / (
          1 + EXP(o.log_odds)
        )
        ELSE CAST(1 AS DOUBLE PRECISION)
      END AS p_alive,
      CAST(o.p * (
        o.v + o.valued_repeat_days * o.mean_repeat_order
      ) AS DOUBLE PRECISION) / (
        o.p * o.valued_repeat_days + o.q - 1
      ) AS expected_value,
      o.mean_order * o.guide_multiple AS guide_value,
      g.expected_if_alive,
      g.soon_if_alive,
      g.discounted_if_alive,
      g.window_if_alive
    FROM odds AS o
    JOIN "models"."ltv_grid" AS g
      ON g.x = o.x AND g.age_days = o.age_days
  ), valued AS (
    SELECT
      canonical_segment_id,
      run_id,
      p_alive,
      expected_value,
      p_alive * expected_if_alive AS expected_orders,
      p_alive * soon_if_alive AS expected_orders_soon,
      p_alive * discounted_if_alive * expected_value * CAST(1.0 AS DOUBLE PRECISION) AS clv,
      p_alive * window_if_alive * guide_value AS guide_ltv
    FROM expected
  )
  SELECT
    canonical_segment_id,
    run_id,
    p_alive,
    expected_orders,
    expected_orders_soon,
    expected_value,
    clv,
    guide_ltv,
    CASE
      WHEN NOT clv IS NULL
      THEN ROW_NUMBER() OVER (ORDER BY clv DESC NULLS LAST, canonical_segment_id)
    END AS rank,
    CASE
      WHEN NOT clv IS NULL
      THEN NTILE(10) OVER (ORDER BY clv DESC NULLS LAST, canonical_segment_id)
    END AS decile
  FROM valued
) AS made
