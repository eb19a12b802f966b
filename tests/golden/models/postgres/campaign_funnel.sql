SELECT
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.campaign AS TEXT) AS campaign,
  CAST(made.store_visited_at AS TIMESTAMP) AS store_visited_at,
  CAST(made.product_viewed_at AS TIMESTAMP) AS product_viewed_at,
  CAST(made.order_completed_at AS TIMESTAMP) AS order_completed_at
FROM (
  SELECT
    canonical_segment_id,
    value AS campaign,
    store_visited_at,
    product_viewed_at,
    order_completed_at
  FROM "models"."campaign_steps" AS campaign_steps
  WHERE
    dimension = 'campaign'
) AS made
