SELECT
  CAST(made.order_key AS TEXT) AS order_key,
  CAST(made.touch_position AS BIGINT) AS touch_position,
  CAST(made.touches AS BIGINT) AS touches,
  CAST(made.channels AS BIGINT) AS channels,
  CAST(made.channel_touches AS BIGINT) AS channel_touches,
  CAST(made.last_non_direct AS BIGINT) AS last_non_direct,
  CAST(made.touch_id AS TEXT) AS touch_id,
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.touch_at AS TIMESTAMP) AS touch_at,
  CAST(made.days_before_order AS DOUBLE PRECISION) AS days_before_order,
  CAST(made.channel AS TEXT) AS channel,
  CAST(made.campaign AS TEXT) AS campaign,
  CAST(made.source AS TEXT) AS source,
  CAST(made.medium AS TEXT) AS medium,
  CAST(made.content AS TEXT) AS content,
  CAST(made.term AS TEXT) AS term
FROM (
  WITH conversions AS (
    SELECT
      order_key,
      canonical_segment_id,
      ordered_at,
      LAG(ordered_at) OVER (PARTITION BY canonical_segment_id ORDER BY ordered_at, order_key) AS ordered_before
    FROM "models"."attribution_entries" AS attribution_entries
    WHERE
      entry_kind = 'order' AND NOT canonical_segment_id IS NULL
  ), eligible AS (
    SELECT
      c.order_key,
      c.ordered_at,
      t.touch_id,
      t.touch_number,
      t.canonical_segment_id,
      t.touch_at,
      t.channel,
      t.campaign,
      t.source,
      t.medium,
      t.content,
      t.term
    FROM conversions AS c
    JOIN "models"."touches" AS t
      ON t.canonical_segment_id = c.canonical_segment_id
    WHERE
      t.touch_at <= c.ordered_at
      AND t.touch_at >= (
        (
          c.ordered_at
        ) + (
          -30
        ) * INTERVAL '24 HOURS'
      )
      AND (
        NOT FALSE OR c.ordered_before IS NULL OR t.touch_at > c.ordered_before
      )
  ), placed AS (
    SELECT
      order_key,
      ordered_at,
      touch_id,
      canonical_segment_id,
      touch_at,
      channel,
      campaign,
      source,
      medium,
      content,
      term,
      ROW_NUMBER() OVER (PARTITION BY order_key ORDER BY touch_number) AS touch_position,
      COUNT(*) OVER (PARTITION BY order_key) AS touches,
      ROW_NUMBER() OVER (PARTITION BY order_key, channel ORDER BY touch_number) AS place_in_channel,
      COUNT(*) OVER (PARTITION BY order_key, channel) AS channel_touches
    FROM eligible
  )
  SELECT
    order_key,
    touch_position,
    touches,
    SUM(CASE WHEN place_in_channel = 1 THEN 1 ELSE 0 END) OVER (PARTITION BY order_key) AS channels,
    channel_touches,
    COALESCE(
      MAX(CASE WHEN channel <> 'direct' THEN touch_position END) OVER (PARTITION BY order_key),
      touches
    ) AS last_non_direct,
    touch_id,
    canonical_segment_id,
    touch_at,
    CAST((
      CAST((
        CAST(EXTRACT(EPOCH FROM (
          (
            ordered_at
          ) - (
            touch_at
          )
        )) * 1000000 AS BIGINT)
      ) AS DOUBLE PRECISION) / 1000000.0
    ) AS DOUBLE PRECISION) / 86400.0 AS days_before_order,
    channel,
    COALESCE(campaign, '(none)') AS campaign,
    COALESCE(source, '(none)') AS source,
    COALESCE(medium, '(none)') AS medium,
    COALESCE(content, '(none)') AS content,
    COALESCE(term, '(none)') AS term
  FROM placed
) AS made
