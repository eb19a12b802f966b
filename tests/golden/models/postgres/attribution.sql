SELECT
  CAST(made.model AS TEXT) AS model,
  CAST(made.order_key AS TEXT) AS order_key,
  CAST(made.entry_id AS TEXT) AS entry_id,
  CAST(made.entry_kind AS TEXT) AS entry_kind,
  CAST(made.touch_id AS TEXT) AS touch_id,
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.entry_at AS TIMESTAMP) AS entry_at,
  CAST(made.entry_day AS DATE) AS entry_day,
  CAST(made.touch_at AS TIMESTAMP) AS touch_at,
  CAST(made.touch_position AS BIGINT) AS touch_position,
  CAST(made.touches AS BIGINT) AS touches,
  CAST(made.channel AS TEXT) AS channel,
  CAST(made.campaign AS TEXT) AS campaign,
  CAST(made.source AS TEXT) AS source,
  CAST(made.medium AS TEXT) AS medium,
  CAST(made.content AS TEXT) AS content,
  CAST(made.term AS TEXT) AS term,
  CAST(made.weight AS DOUBLE PRECISION) AS weight,
  CAST(made.revenue AS DECIMAL(28, 6)) AS revenue,
  CAST(made.orders AS DOUBLE PRECISION) AS orders,
  CAST(made.first_orders AS DOUBLE PRECISION) AS first_orders
FROM (
  WITH removal AS (
    SELECT
      m.channel,
      m.removal_effect
    FROM "models"."attribution_markov" AS m
    JOIN "models"."attribution_markov_fit" AS f
      ON f.is_used
  ), paths AS (
    SELECT
      p.order_key,
      p.touch_position,
      p.touches,
      p.channels,
      p.channel_touches,
      p.last_non_direct,
      CAST(ROUND(
        1000000000000 * POWER(
          CAST(2 AS DOUBLE PRECISION),
          GREATEST(
            -1000.0,
            CAST((
              MIN(p.days_before_order) OVER (PARTITION BY p.order_key) - p.days_before_order
            ) AS DOUBLE PRECISION) / 7
          )
        )
      ) AS BIGINT) AS decay,
      CAST(ROUND(
        CAST(1000000000000 * COALESCE(r.removal_effect, 0) AS DOUBLE PRECISION) / p.channel_touches
      ) AS BIGINT) AS loss
    FROM "models"."attribution_paths" AS p
    LEFT JOIN removal AS r
      ON r.channel = p.channel
  ), summed AS (
    SELECT
      order_key,
      touch_position,
      touches,
      channels,
      channel_touches,
      last_non_direct,
      decay,
      loss,
      SUM(decay) OVER (PARTITION BY order_key) AS decay_of_path,
      SUM(loss) OVER (PARTITION BY order_key) AS loss_of_path
    FROM paths
  ), weighted AS (
    SELECT
      'first' AS model,
      order_key,
      touch_position,
      CAST(1 AS DOUBLE PRECISION) AS weight
    FROM summed
    WHERE
      touch_position = 1
    UNION ALL
    SELECT
      'last',
      order_key,
      touch_position,
      CAST(1 AS DOUBLE PRECISION)
    FROM summed
    WHERE
      touch_position = touches
    UNION ALL
    SELECT
      'last_non_direct',
      order_key,
      touch_position,
      CAST(1 AS DOUBLE PRECISION)
    FROM summed
    WHERE
      touch_position = last_non_direct
    UNION ALL
    SELECT
      'linear',
      order_key,
      touch_position,
      CAST(1 AS DOUBLE PRECISION) / touches
    FROM summed
    UNION ALL
    SELECT
      'position',
      order_key,
      touch_position,
      CASE
        WHEN touches = 1
        THEN CAST(1 AS DOUBLE PRECISION)
        WHEN touches = 2
        THEN CAST(0.5 AS DOUBLE PRECISION)
        WHEN touch_position IN (1, touches)
        THEN CAST(0.4 AS DOUBLE PRECISION)
        ELSE CAST(0.2 AS DOUBLE PRECISION) / (
          touches - 2
        )
      END
    FROM summed
    UNION ALL
    SELECT
      'time_decay',
      order_key,
      touch_position,
      CAST(decay AS DOUBLE PRECISION) / CAST(decay_of_path AS DOUBLE PRECISION)
    FROM summed
    UNION ALL
    SELECT
      'markov',
      order_key,
      touch_position,
      CASE
        WHEN loss_of_path = 0
        THEN CAST(1 AS DOUBLE PRECISION) / touches
        ELSE CAST(loss AS DOUBLE PRECISION) / CAST(loss_of_path AS DOUBLE PRECISION)
      END
    FROM summed
    UNION ALL
    SELECT
      'shapley',
      order_key,
      touch_position,
      CAST(1 AS DOUBLE PRECISION) / (
        channels * channel_touches
      )
    FROM summed
  ), shared AS (
    SELECT
      w.model,
      w.order_key,
      e.entry_id,
      w.touch_position,
      w.weight,
      e.amount,
      e.orders,
      e.is_first_order,
      CAST(ROUND(ABS(e.amount) * POWER(10, 2)) AS BIGINT) AS units,
      CAST(ROUND(
        CAST(ROUND(ABS(e.amount) * POWER(10, 2)) AS DOUBLE PRECISION) * w.weight * 1000000
      ) AS BIGINT) AS exact
    FROM weighted AS w
    JOIN "models"."attribution_entries" AS e
      ON e.order_key = w.order_key
    WHERE
      w.weight > 0 AND ABS(e.amount) * POWER(10, 2) <= 9000000000000
  ), ranked AS (
    SELECT
      model,
      order_key,
      entry_id,
      touch_position,
      weight,
      amount,
      orders,
      is_first_order,
      (
        exact - exact % 1000000
      ) AS floored,
      units * 1000000 - SUM(exact - exact % 1000000) OVER (
        PARTITION BY order_key, entry_id, model
        ORDER BY exact % 1000000 DESC NULLS LAST, touch_position
        rows BETWEEN UNBOUNDED preceding AND UNBOUNDED following
      ) AS left_over,
      1000000 * ROW_NUMBER() OVER (
        PARTITION BY order_key, entry_id, model
        ORDER BY exact % 1000000 DESC NULLS LAST, touch_position
      ) AS place
    FROM shared
  ), exact_amounts AS (
    SELECT
      model,
      order_key,
      entry_id,
      touch_position,
      weight,
      orders,
      is_first_order,
      CASE WHEN amount < 0 THEN -1 ELSE 1 END * ROUND(
        CAST(CAST(floored + CASE WHEN place <= left_over THEN 1000000 ELSE 0 END AS DECIMAL(28, 6)) / (
          1000000 * POWER(10, 2)
        ) AS DECIMAL(28, 6)),
        2
      ) AS revenue
    FROM ranked
  ), models AS (
    SELECT
      'first' AS model
    UNION ALL
    SELECT
      'last'
    UNION ALL
    SELECT
      'last_non_direct'
    UNION ALL
    SELECT
      'linear'
    UNION ALL
    SELECT
      'position'
    UNION ALL
    SELECT
      'time_decay'
    UNION ALL
    SELECT
      'markov'
    UNION ALL
    SELECT
      'shapley'
  )
  SELECT
    x.model,
    x.order_key,
    x.entry_id,
    e.entry_kind,
    p.touch_id,
    e.canonical_segment_id,
    e.entry_at,
    e.entry_day,
    p.touch_at,
    p.touch_position,
    p.touches,
    p.channel,
    p.campaign,
    p.source,
    p.medium,
    p.content,
    p.term,
    x.weight,
    x.revenue,
    x.orders * x.weight AS orders,
    CASE WHEN x.is_first_order THEN x.orders * x.weight ELSE 0 END AS first_orders
  FROM exact_amounts AS x
  JOIN "models"."attribution_entries" AS e
    ON e.order_key = x.order_key AND e.entry_id = x.entry_id
  JOIN "models"."attribution_paths" AS p
    ON p.order_key = x.order_key AND p.touch_position = x.touch_position
  UNION ALL
  SELECT
    m.model,
    e.order_key,
    e.entry_id,
    e.entry_kind,
    '(unattributed)',
    e.canonical_segment_id,
    e.entry_at,
    e.entry_day,
    NULL,
    NULL,
    0,
    '(unattributed)',
    '(none)',
    '(none)',
    '(none)',
    '(none)',
    '(none)',
    1,
    e.amount,
    e.orders,
    CASE WHEN e.is_first_order THEN e.orders ELSE 0 END
  FROM "models"."attribution_entries" AS e
  CROSS JOIN models AS m
  LEFT JOIN "models"."attribution_paths" AS p
    ON p.order_key = e.order_key AND p.touch_position = 1
  WHERE
    p.order_key IS NULL OR ABS(e.amount) * POWER(10, 2) > 9000000000000
) AS made
