SELECT
  CAST(made.model AS TEXT) AS model,
  CAST(made.dimension AS TEXT) AS dimension,
  CAST(made.value AS TEXT) AS value,
  CAST(made.revenue AS DECIMAL(28, 6)) AS revenue,
  CAST(made.orders AS DOUBLE PRECISION) AS orders,
  CAST(made.first_orders AS DOUBLE PRECISION) AS first_orders,
  CAST(made.cost AS DECIMAL(28, 6)) AS cost,
  CAST(made.media_cost AS DECIMAL(28, 6)) AS media_cost,
  CAST(made.person_cost AS DECIMAL(28, 6)) AS person_cost,
  CAST(made.profit AS DECIMAL(28, 6)) AS profit,
  CAST(made.roi AS DOUBLE PRECISION) AS roi,
  CAST(made.roas AS DOUBLE PRECISION) AS roas,
  CAST(made.cost_per_order AS DOUBLE PRECISION) AS cost_per_order,
  CAST(made.cac AS DOUBLE PRECISION) AS cac
FROM (
  WITH counted AS (
    SELECT
      model,
      channel,
      campaign,
      source,
      medium,
      content,
      term,
      revenue,
      CAST(orders AS DECIMAL(28, 12)) AS orders,
      CAST(first_orders AS DECIMAL(28, 12)) AS first_orders
    FROM "models"."attribution" AS attribution
  ), valued AS (
    SELECT
      model,
      'all' AS dimension,
      '(all)' AS value,
      SUM(revenue) AS revenue,
      SUM(orders) AS orders,
      SUM(first_orders) AS first_orders
    FROM counted
    GROUP BY
      model
    UNION ALL
    SELECT
      model,
      'channel',
      channel,
      SUM(revenue),
      SUM(orders),
      SUM(first_orders)
    FROM counted
    GROUP BY
      model,
      channel
    UNION ALL
    SELECT
      model,
      'campaign',
      campaign,
      SUM(revenue),
      SUM(orders),
      SUM(first_orders)
    FROM counted
    GROUP BY
      model,
      campaign
    UNION ALL
    SELECT
      model,
      'source',
      source,
      SUM(revenue),
      SUM(orders),
      SUM(first_orders)
    FROM counted
    GROUP BY
      model,
      source
    UNION ALL
    SELECT
      model,
      'medium',
      medium,
      SUM(revenue),
      SUM(orders),
      SUM(first_orders)
    FROM counted
    GROUP BY
      model,
      medium
    UNION ALL
    SELECT
      model,
      'content',
      content,
      SUM(revenue),
      SUM(orders),
      SUM(first_orders)
    FROM counted
    GROUP BY
      model,
      content
    UNION ALL
    SELECT
      model,
      'term',
      term,
      SUM(revenue),
      SUM(orders),
      SUM(first_orders)
    FROM counted
    GROUP BY
      model,
      term
  ), spent AS (
    SELECT
      'all' AS dimension,
      '(all)' AS value,
      cost_type,
      amount
    FROM "models"."campaign_costs" AS campaign_costs
    WHERE
      NOT amount IS NULL
    UNION ALL
    SELECT
      'campaign',
      campaign,
      cost_type,
      amount
    FROM "models"."campaign_costs" AS campaign_costs
    WHERE
      NOT amount IS NULL
    UNION ALL
    SELECT
      'source',
      source,
      cost_type,
      amount
    FROM "models"."campaign_costs" AS campaign_costs
    WHERE
      NOT amount IS NULL AND NOT source IS NULL
    UNION ALL
    SELECT
      'medium',
      medium,
      cost_type,
      amount
    FROM "models"."campaign_costs" AS campaign_costs
    WHERE
      NOT amount IS NULL AND NOT medium IS NULL
    UNION ALL
    SELECT
      'channel',
      LOWER(medium),
      cost_type,
      amount
    FROM "models"."campaign_costs" AS campaign_costs
    WHERE
      NOT amount IS NULL AND NOT medium IS NULL
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
  ), costs AS (
    SELECT
      m.model,
      s.dimension,
      s.value,
      SUM(s.amount) AS cost,
      SUM(CASE WHEN s.cost_type = 'media' THEN s.amount ELSE 0 END) AS media_cost,
      SUM(CASE WHEN s.cost_type = 'person' THEN s.amount ELSE 0 END) AS person_cost
    FROM spent AS s
    CROSS JOIN models AS m
    GROUP BY
      m.model,
      s.dimension,
      s.value
  ), joined AS (
    SELECT
      COALESCE(v.model, c.model) AS model,
      COALESCE(v.dimension, c.dimension) AS dimension,
      COALESCE(v.value, c.value) AS value,
      COALESCE(v.revenue, 0) AS revenue,
      CAST(ROUND(COALESCE(v.orders, 0), 9) AS DOUBLE PRECISION) AS orders,
      CAST(ROUND(COALESCE(v.first_orders, 0), 9) AS DOUBLE PRECISION) AS first_orders,
      c.cost,
      c.media_cost,
      c.person_cost
    FROM valued AS v
    FULL OUTER JOIN costs AS c
      ON c.model = v.model AND c.dimension = v.dimension AND c.value = v.value
  )
  SELECT
    model,
    dimension,
    value,
    revenue,
    orders,
    first_orders,
    cost,
    media_cost,
    person_cost,
    ROUND(CAST(CAST(revenue AS DOUBLE PRECISION) * 1 AS DECIMAL(28, 6)), 2) AS profit,
    CAST((
      CAST(revenue AS DOUBLE PRECISION) * 1 - CAST(cost AS DOUBLE PRECISION)
    ) AS DOUBLE PRECISION) / NULLIF(CAST(cost AS DOUBLE PRECISION), 0) AS roi,
    CAST(revenue AS DOUBLE PRECISION) / NULLIF(CAST(media_cost AS DOUBLE PRECISION), 0) AS roas,
    CAST(NULLIF(CAST(cost AS DOUBLE PRECISION), 0) AS DOUBLE PRECISION) / NULLIF(orders, 0) AS cost_per_order,
    CAST(NULLIF(CAST(cost AS DOUBLE PRECISION), 0) AS DOUBLE PRECISION) / NULLIF(first_orders, 0) AS cac
  FROM joined
) AS made
