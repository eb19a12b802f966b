SELECT
  CAST(made.day AS DATE) AS day,
  CAST(made.campaign AS VARCHAR) AS campaign,
  CAST(made.source AS VARCHAR) AS source,
  CAST(made.medium AS VARCHAR) AS medium,
  CAST(made.impressions AS BIGINT) AS impressions,
  CAST(made.clicks AS BIGINT) AS clicks,
  CAST(made.server_requests AS BIGINT) AS server_requests,
  CAST(made.page_views AS BIGINT) AS page_views,
  CAST(made.conversions AS BIGINT) AS conversions,
  CAST(made.spend AS DECIMAL(28, 6)) AS spend,
  CAST(made.click_rate AS DOUBLE) AS click_rate,
  CAST(made.request_rate AS DOUBLE) AS request_rate,
  CAST(made.view_rate AS DOUBLE) AS view_rate,
  CAST(made.views_per_click AS DOUBLE) AS views_per_click,
  CAST(made.conversion_rate AS DOUBLE) AS conversion_rate,
  CAST(made.cost_per_click AS DECIMAL(28, 6)) AS cost_per_click,
  CAST(made.cost_per_view AS DECIMAL(28, 6)) AS cost_per_view,
  CAST(made.cost_per_conversion AS DECIMAL(28, 6)) AS cost_per_conversion
FROM (
  WITH named AS (
    SELECT
      source,
      call,
      id,
      timestamp,
      library_name,
      NULLIF(TRIM(campaign_name), '') AS campaign,
      NULLIF(TRIM(campaign_source), '') AS campaign_source,
      NULLIF(TRIM(campaign_medium), '') AS medium
    FROM models.input_pages AS input_pages
    WHERE
      timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
  ), landings AS (
    SELECT
      source,
      call,
      id,
      timestamp,
      (
        CAST(CONVERT_TIMEZONE('UTC', (
          'UTC'
        ), (
          timestamp
        )) AS DATE)
      ) AS day,
      COALESCE(campaign, '(none)') AS campaign,
      COALESCE(campaign_source, '(none)') AS campaign_source,
      COALESCE(medium, '(none)') AS medium,
      CASE
        WHEN COALESCE(
          library_name IN (
            'analytics-node',
            '@segment/analytics-node',
            'analytics-python',
            'analytics-ruby',
            'analytics-php',
            'analytics-java',
            'analytics-go',
            'analytics-csharp',
            'Analytics.NET',
            'http'
          ),
          FALSE
        )
        THEN 1
        ELSE 0
      END AS is_server,
      CASE WHEN COALESCE(campaign, campaign_source, medium) IS NULL THEN 0 ELSE 1 END AS has_campaign
    FROM named
  ), measured AS (
    SELECT
      MAX(is_server) AS has_servers,
      MAX(1 - is_server) AS has_browsers
    FROM landings
  ), ordered AS (
    SELECT
      1 AS has_orders
    FROM models.order_values AS order_values
    HAVING
      COUNT(*) > 0
  ), pages AS (
    SELECT
      day,
      campaign,
      campaign_source,
      medium,
      SUM(is_server) AS server_requests,
      SUM(1 - is_server) AS page_views
    FROM landings
    WHERE
      has_campaign = 1
    GROUP BY
      day,
      campaign,
      campaign_source,
      medium
  ), touched AS (
    SELECT
      p.canonical_segment_id,
      l.source,
      l.call,
      l.id,
      l.timestamp,
      l.day,
      l.campaign,
      l.campaign_source,
      l.medium
    FROM landings AS l
    JOIN models.event_profiles AS p
      ON p.source = l.source AND p.call = l.call AND p.event_id = l.id
    WHERE
      l.has_campaign = 1
  ), last_touches AS (
    SELECT
      b.order_key,
      t.day,
      t.campaign,
      t.campaign_source,
      t.medium,
      ROW_NUMBER() OVER (
        PARTITION BY b.order_key
        ORDER BY t.timestamp DESC NULLS LAST, t.id DESC NULLS LAST, t.source DESC NULLS LAST, t.call DESC NULLS LAST
      ) AS place
    FROM models.order_values AS b
    JOIN touched AS t
      ON t.canonical_segment_id = b.canonical_segment_id
      AND t.timestamp <= b.ordered_at
      AND t.timestamp >= (
        DATEADD(HOUR, 24 * (
          -30
        ), (
          b.ordered_at
        ))
      )
  ), converted AS (
    SELECT
      day,
      campaign,
      campaign_source,
      medium,
      COUNT(*) AS conversions
    FROM last_touches
    WHERE
      place = 1
    GROUP BY
      day,
      campaign,
      campaign_source,
      medium
  ), platforms AS (
    SELECT
      day,
      COALESCE(campaign, '(none)') AS campaign,
      COALESCE(source, '(none)') AS campaign_source,
      COALESCE(medium, '(none)') AS medium,
      SUM(impressions) AS impressions,
      SUM(clicks) AS clicks,
      SUM(spend) AS spend
    FROM models.input_ad_statistics AS input_ad_statistics
    WHERE
      day <= (
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
    GROUP BY
      day,
      COALESCE(campaign, '(none)'),
      COALESCE(source, '(none)'),
      COALESCE(medium, '(none)')
  ), places AS (
    SELECT
      day,
      campaign,
      campaign_source,
      medium
    FROM pages
    UNION
    SELECT
      day,
      campaign,
      campaign_source,
      medium
    FROM platforms
  ), counted AS (
    SELECT
      k.day,
      k.campaign,
      k.campaign_source,
      k.medium,
      s.impressions,
      s.clicks,
      s.spend,
      CASE WHEN m.has_servers = 1 THEN COALESCE(p.server_requests, 0) END AS server_requests,
      CASE WHEN m.has_browsers = 1 THEN COALESCE(p.page_views, 0) END AS page_views,
      CASE WHEN o.has_orders = 1 THEN COALESCE(c.conversions, 0) END AS conversions
    FROM places AS k
    CROSS JOIN measured AS m
    LEFT JOIN ordered AS o
      ON TRUE
    LEFT JOIN pages AS p
      ON p.day = k.day
      AND p.campaign = k.campaign
      AND p.campaign_source = k.campaign_source
      AND p.medium = k.medium
    LEFT JOIN platforms AS s
      ON s.day = k.day
      AND s.campaign = k.campaign
      AND s.campaign_source = k.campaign_source
      AND s.medium = k.medium
    LEFT JOIN converted AS c
      ON c.day = k.day
      AND c.campaign = k.campaign
      AND c.campaign_source = k.campaign_source
      AND c.medium = k.medium
  )
  SELECT
    day,
    campaign,
    campaign_source AS source,
    medium,
    impressions,
    clicks,
    server_requests,
    page_views,
    conversions,
    spend,
    CAST(clicks AS DOUBLE) / NULLIF(impressions, 0) AS click_rate,
    CAST(server_requests AS DOUBLE) / NULLIF(clicks, 0) AS request_rate,
    CAST(page_views AS DOUBLE) / NULLIF(server_requests, 0) AS view_rate,
    CAST(page_views AS DOUBLE) / NULLIF(clicks, 0) AS views_per_click,
    CAST(conversions AS DOUBLE) / NULLIF(page_views, 0) AS conversion_rate,
    CAST(spend AS DOUBLE) / NULLIF(clicks, 0) AS cost_per_click,
    CAST(spend AS DOUBLE) / NULLIF(page_views, 0) AS cost_per_view,
    CAST(spend AS DOUBLE) / NULLIF(conversions, 0) AS cost_per_conversion
  FROM counted
) AS made
