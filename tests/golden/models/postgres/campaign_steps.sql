SELECT
  CAST(made.dimension AS TEXT) AS dimension,
  CAST(made.value AS TEXT) AS value,
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.store_visited_at AS TIMESTAMP) AS store_visited_at,
  CAST(made.product_viewed_at AS TIMESTAMP) AS product_viewed_at,
  CAST(made.order_completed_at AS TIMESTAMP) AS order_completed_at
FROM (
  WITH visits AS (
    SELECT
      p.canonical_segment_id,
      v.timestamp,
      NULLIF(TRIM(v.campaign_name), '') AS campaign,
      NULLIF(TRIM(v.campaign_medium), '') AS medium,
      NULLIF(TRIM(v.campaign_source), '') AS source,
      NULLIF(TRIM(v.campaign_content), '') AS content,
      NULLIF(TRIM(v.campaign_term), '') AS term
    FROM "models"."input_pages" AS v
    JOIN "models"."event_profiles" AS p
      ON p.source = v.source AND p.call = v.call AND p.event_id = v.id
    WHERE
      v.timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMP)
      AND LOWER(v.url) LIKE LOWER('%')
  ), named AS (
    SELECT
      'campaign' AS dimension,
      COALESCE(campaign, '(none)') AS value,
      canonical_segment_id,
      timestamp
    FROM visits
    UNION ALL
    SELECT
      'medium',
      COALESCE(medium, '(none)'),
      canonical_segment_id,
      timestamp
    FROM visits
    UNION ALL
    SELECT
      'source',
      COALESCE(source, '(none)'),
      canonical_segment_id,
      timestamp
    FROM visits
    UNION ALL
    SELECT
      'content',
      COALESCE(content, '(none)'),
      canonical_segment_id,
      timestamp
    FROM visits
    UNION ALL
    SELECT
      'term',
      COALESCE(term, '(none)'),
      canonical_segment_id,
      timestamp
    FROM visits
  ), visited AS (
    SELECT
      dimension,
      value,
      canonical_segment_id,
      MIN(timestamp) AS store_visited_at
    FROM named
    GROUP BY
      dimension,
      value,
      canonical_segment_id
  ), views AS (
    SELECT
      p.canonical_segment_id,
      v.timestamp
    FROM "models"."input_product_viewed" AS v
    JOIN "models"."event_profiles" AS p
      ON p.source = v.source AND p.call = v.call AND p.event_id = v.id
    WHERE
      v.timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMP)
  ), viewed AS (
    SELECT
      v.dimension,
      v.value,
      v.canonical_segment_id,
      v.store_visited_at,
      MIN(w.timestamp) AS product_viewed_at
    FROM visited AS v
    LEFT JOIN views AS w
      ON w.canonical_segment_id = v.canonical_segment_id
      AND w.timestamp >= v.store_visited_at
      AND w.timestamp <= (
        (
          v.store_visited_at
        ) + (
          7
        ) * INTERVAL '24 HOURS'
      )
    GROUP BY
      v.dimension,
      v.value,
      v.canonical_segment_id,
      v.store_visited_at
  )
  SELECT
    v.dimension,
    v.value,
    v.canonical_segment_id,
    v.store_visited_at,
    v.product_viewed_at,
    MIN(o.ordered_at) AS order_completed_at
  FROM viewed AS v
  LEFT JOIN "models"."orders" AS o
    ON o.canonical_segment_id = v.canonical_segment_id
    AND NOT o.is_removed
    AND o.ordered_at >= v.store_visited_at
    AND o.ordered_at <= (
      (
        v.store_visited_at
      ) + (
        7
      ) * INTERVAL '24 HOURS'
    )
    AND (
      'loose' = 'loose' OR o.ordered_at >= v.product_viewed_at
    )
  GROUP BY
    v.dimension,
    v.value,
    v.canonical_segment_id,
    v.store_visited_at,
    v.product_viewed_at
) AS made
