SELECT
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id,
  CAST(made.campaign AS VARCHAR) AS campaign,
  CAST(made.store_visited_at AS TIMESTAMPNTZ) AS store_visited_at,
  CAST(made.product_viewed_at AS TIMESTAMPNTZ) AS product_viewed_at,
  CAST(made.order_completed_at AS TIMESTAMPNTZ) AS order_completed_at
FROM (
  SELECT
    canonical_segment_id,
    value AS campaign,
    store_visited_at,
    product_viewed_at,
    order_completed_at
  FROM models.campaign_steps AS campaign_steps
  WHERE
    dimension = 'campaign'
) AS made
