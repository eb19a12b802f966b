SELECT
  CAST(made.session_id AS VARCHAR) AS session_id,
  CAST(made.identity_type AS VARCHAR) AS identity_type,
  CAST(made.identity AS VARCHAR) AS identity,
  CAST(made.session_number AS BIGINT) AS session_number,
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id,
  CAST(made.profiles AS BIGINT) AS profiles,
  CAST(made.started_at AS TIMESTAMPNTZ) AS started_at,
  CAST(made.ended_at AS TIMESTAMPNTZ) AS ended_at,
  CAST(made.duration_seconds AS DOUBLE) AS duration_seconds,
  CAST(made.duration_tier AS VARCHAR) AS duration_tier,
  CAST(made.events AS BIGINT) AS events,
  CAST(made.page_views AS BIGINT) AS page_views,
  CAST(made.first_url AS VARCHAR) AS first_url,
  CAST(made.last_url AS VARCHAR) AS last_url,
  CAST(made.first_referrer AS VARCHAR) AS first_referrer,
  CAST(made.last_referrer AS VARCHAR) AS last_referrer,
  CAST(made.first_utm_source AS VARCHAR) AS first_utm_source,
  CAST(made.first_utm_medium AS VARCHAR) AS first_utm_medium,
  CAST(made.first_utm_campaign AS VARCHAR) AS first_utm_campaign,
  CAST(made.first_utm_term AS VARCHAR) AS first_utm_term,
  CAST(made.first_utm_content AS VARCHAR) AS first_utm_content,
  CAST(made.last_utm_source AS VARCHAR) AS last_utm_source,
  CAST(made.last_utm_medium AS VARCHAR) AS last_utm_medium,
  CAST(made.last_utm_campaign AS VARCHAR) AS last_utm_campaign,
  CAST(made.last_utm_term AS VARCHAR) AS last_utm_term,
  CAST(made.last_utm_content AS VARCHAR) AS last_utm_content,
  CAST(made.first_gclid AS VARCHAR) AS first_gclid,
  CAST(made.last_gclid AS VARCHAR) AS last_gclid,
  CAST(made.first_device AS VARCHAR) AS first_device,
  CAST(made.last_device AS VARCHAR) AS last_device,
  CAST(made.first_device_category AS VARCHAR) AS first_device_category,
  CAST(made.last_device_category AS VARCHAR) AS last_device_category
FROM (
  WITH marked AS (
    SELECT
      session_id,
      event_number,
      identity_type,
      identity,
      session_number,
      canonical_segment_id,
      call,
      timestamp,
      url,
      COALESCE(utm_source, utm_medium, utm_campaign, utm_term, utm_content) AS campaign,
      gclid,
      device,
      device_category
    FROM models.session_events AS session_events
  ), ends AS (
    SELECT
      session_id,
      MIN(identity_type) AS identity_type,
      MIN(identity) AS identity,
      MIN(session_number) AS session_number,
      COUNT(DISTINCT canonical_segment_id) AS profiles,
      MIN(timestamp) AS started_at,
      MAX(timestamp) AS ended_at,
      COUNT(*) AS events,
      SUM(CASE WHEN call IN ('page', 'screen') THEN 1 ELSE 0 END) AS page_views,
      MIN(CASE WHEN NOT canonical_segment_id IS NULL THEN event_number END) AS profile_at,
      MIN(CASE WHEN NOT url IS NULL THEN event_number END) AS first_url_at,
      MAX(CASE WHEN NOT url IS NULL THEN event_number END) AS last_url_at,
      MIN(CASE WHEN NOT campaign IS NULL THEN event_number END) AS first_campaign_at,
      MAX(CASE WHEN NOT campaign IS NULL THEN event_number END) AS last_campaign_at,
      MIN(CASE WHEN NOT gclid IS NULL THEN event_number END) AS first_gclid_at,
      MAX(CASE WHEN NOT gclid IS NULL THEN event_number END) AS last_gclid_at,
      MIN(CASE WHEN NOT device IS NULL THEN event_number END) AS first_device_at,
      MAX(CASE WHEN NOT device IS NULL THEN event_number END) AS last_device_at,
      MIN(CASE WHEN NOT device_category IS NULL THEN event_number END) AS first_category_at,
      MAX(CASE WHEN NOT device_category IS NULL THEN event_number END) AS last_category_at
    FROM marked
    GROUP BY
      session_id
  ), taken AS (
    SELECT
      n.session_id,
      MAX(CASE WHEN e.event_number = n.profile_at THEN e.canonical_segment_id END) AS canonical_segment_id,
      MAX(CASE WHEN e.event_number = n.first_url_at THEN e.url END) AS first_url,
      MAX(CASE WHEN e.event_number = n.last_url_at THEN e.url END) AS last_url,
      MAX(CASE WHEN e.event_number = n.first_url_at THEN e.referrer END) AS first_referrer,
      MAX(CASE WHEN e.event_number = n.last_url_at THEN e.referrer END) AS last_referrer,
      MAX(CASE WHEN e.event_number = n.first_campaign_at THEN e.utm_source END) AS first_utm_source,
      MAX(CASE WHEN e.event_number = n.first_campaign_at THEN e.utm_medium END) AS first_utm_medium,
      MAX(CASE WHEN e.event_number = n.first_campaign_at THEN e.utm_campaign END) AS first_utm_campaign,
      MAX(CASE WHEN e.event_number = n.first_campaign_at THEN e.utm_term END) AS first_utm_term,
      MAX(CASE WHEN e.event_number = n.first_campaign_at THEN e.utm_content END) AS first_utm_content,
      MAX(CASE WHEN e.event_number = n.last_campaign_at THEN e.utm_source END) AS last_utm_source,
      MAX(CASE WHEN e.event_number = n.last_campaign_at THEN e.utm_medium END) AS last_utm_medium,
      MAX(CASE WHEN e.event_number = n.last_campaign_at THEN e.utm_campaign END) AS last_utm_campaign,
      MAX(CASE WHEN e.event_number = n.last_campaign_at THEN e.utm_term END) AS last_utm_term,
      MAX(CASE WHEN e.event_number = n.last_campaign_at THEN e.utm_content END) AS last_utm_content,
      MAX(CASE WHEN e.event_number = n.first_gclid_at THEN e.gclid END) AS first_gclid,
      MAX(CASE WHEN e.event_number = n.last_gclid_at THEN e.gclid END) AS last_gclid,
      MAX(CASE WHEN e.event_number = n.first_device_at THEN e.device END) AS first_device,
      MAX(CASE WHEN e.event_number = n.last_device_at THEN e.device END) AS last_device,
      MAX(CASE WHEN e.event_number = n.first_category_at THEN e.device_category END) AS first_device_category,
      MAX(CASE WHEN e.event_number = n.last_category_at THEN e.device_category END) AS last_device_category
    FROM ends AS n
    JOIN models.session_events AS e
      ON e.session_id = n.session_id
      AND e.event_number IN (
        n.profile_at,
        n.first_url_at,
        n.last_url_at,
        n.first_campaign_at,
        n.last_campaign_at,
        n.first_gclid_at,
        n.last_gclid_at,
        n.first_device_at,
        n.last_device_at,
        n.first_category_at,
        n.last_category_at
      )
    GROUP BY
      n.session_id
  )
  SELECT
    n.session_id,
    n.identity_type,
    n.identity,
    n.session_number,
    t.canonical_segment_id,
    n.profiles,
    n.started_at,
    n.ended_at,
    (
      CAST((
        DATEDIFF(MICROSECOND, (
          n.started_at
        ), (
          n.ended_at
        ))
      ) AS DOUBLE) / 1000000.0
    ) AS duration_seconds,
    CASE
      WHEN (
        CAST((
          DATEDIFF(MICROSECOND, (
            n.started_at
          ), (
            n.ended_at
          ))
        ) AS DOUBLE) / 1000000.0
      ) < 10
      THEN '0s to 9s'
      WHEN (
        CAST((
          DATEDIFF(MICROSECOND, (
            n.started_at
          ), (
            n.ended_at
          ))
        ) AS DOUBLE) / 1000000.0
      ) < 30
      THEN '10s to 29s'
      WHEN (
        CAST((
          DATEDIFF(MICROSECOND, (
            n.started_at
          ), (
            n.ended_at
          ))
        ) AS DOUBLE) / 1000000.0
      ) < 60
      THEN '30s to 59s'
      ELSE '60s or more'
    END AS duration_tier,
    n.events,
    n.page_views,
    t.first_url,
    t.last_url,
    t.first_referrer,
    t.last_referrer,
    t.first_utm_source,
    t.first_utm_medium,
    t.first_utm_campaign,
    t.first_utm_term,
    t.first_utm_content,
    t.last_utm_source,
    t.last_utm_medium,
    t.last_utm_campaign,
    t.last_utm_term,
    t.last_utm_content,
    t.first_gclid,
    t.last_gclid,
    t.first_device,
    t.last_device,
    t.first_device_category,
    t.last_device_category
  FROM ends AS n
  LEFT JOIN taken AS t
    ON t.session_id = n.session_id
) AS made
