SELECT
  CAST(made.source AS VARCHAR) AS source,
  CAST(made.call AS VARCHAR) AS call,
  CAST(made.event_id AS VARCHAR) AS event_id,
  CAST(made.session_id AS VARCHAR) AS session_id,
  CAST(made.session_number AS BIGINT) AS session_number,
  CAST(made.event_number AS BIGINT) AS event_number,
  CAST(made.identity_type AS VARCHAR) AS identity_type,
  CAST(made.identity AS VARCHAR) AS identity,
  CAST(made.canonical_segment_id AS VARCHAR) AS canonical_segment_id,
  CAST(made.timestamp AS TIMESTAMPNTZ) AS timestamp,
  CAST(made.url AS VARCHAR) AS url,
  CAST(made.referrer AS VARCHAR) AS referrer,
  CAST(made.utm_source AS VARCHAR) AS utm_source,
  CAST(made.utm_medium AS VARCHAR) AS utm_medium,
  CAST(made.utm_campaign AS VARCHAR) AS utm_campaign,
  CAST(made.utm_term AS VARCHAR) AS utm_term,
  CAST(made.utm_content AS VARCHAR) AS utm_content,
  CAST(made.gclid AS VARCHAR) AS gclid,
  CAST(made.device AS VARCHAR) AS device,
  CAST(made.device_category AS VARCHAR) AS device_category
FROM (
  WITH sent AS (
    SELECT
      source,
      call,
      id,
      timestamp,
      anonymous_id,
      user_id,
      url,
      referrer,
      search,
      campaign_source,
      campaign_medium,
      campaign_name,
      campaign_term,
      campaign_content,
      user_agent,
      device_type,
      device_model
    FROM models.input_pages AS input_pages
    UNION ALL
    SELECT
      source,
      call,
      id,
      timestamp,
      anonymous_id,
      user_id,
      page_url,
      page_referrer,
      page_search,
      campaign_source,
      campaign_medium,
      campaign_name,
      campaign_term,
      campaign_content,
      user_agent,
      device_type,
      device_model
    FROM models.input_screens AS input_screens
    UNION ALL
    SELECT
      source,
      call,
      id,
      timestamp,
      anonymous_id,
      user_id,
      page_url,
      page_referrer,
      page_search,
      campaign_source,
      campaign_medium,
      campaign_name,
      campaign_term,
      campaign_content,
      user_agent,
      device_type,
      device_model
    FROM models.input_tracks AS input_tracks
    WHERE
      FALSE
  ), profiles AS (
    SELECT
      source,
      call,
      event_id,
      canonical_segment_id
    FROM models.event_profiles AS event_profiles
    WHERE
      call IN ('page', 'screen') OR (
        call = 'track' AND FALSE
      )
  ), calls AS (
    SELECT
      s.source,
      s.call,
      s.id AS event_id,
      s.timestamp,
      CASE WHEN NULLIF(s.anonymous_id, '') IS NULL THEN 'user_id' ELSE 'anonymous_id' END AS identity_type,
      COALESCE(NULLIF(s.anonymous_id, ''), NULLIF(s.user_id, '')) AS identity,
      p.canonical_segment_id,
      s.url,
      s.referrer,
      s.search,
      s.campaign_source,
      s.campaign_medium,
      s.campaign_name,
      s.campaign_term,
      s.campaign_content,
      NULLIF(s.user_agent, '') AS user_agent,
      NULLIF(s.device_type, '') AS device_type,
      NULLIF(s.device_model, '') AS device_model
    FROM sent AS s
    LEFT JOIN profiles AS p
      ON p.source = s.source AND p.call = s.call AND p.event_id = s.id
    WHERE
      s.timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMPNTZ)
      AND NOT COALESCE(NULLIF(s.anonymous_id, ''), NULLIF(s.user_id, '')) IS NULL
  ), activity AS (
    SELECT
      source,
      call,
      event_id,
      timestamp,
      identity_type,
      identity,
      canonical_segment_id,
      NULLIF(url, '') AS url,
      NULLIF(referrer, '') AS referrer,
      NULLIF(campaign_source, '') AS utm_source,
      NULLIF(campaign_medium, '') AS utm_medium,
      NULLIF(campaign_name, '') AS utm_campaign,
      NULLIF(campaign_term, '') AS utm_term,
      NULLIF(campaign_content, '') AS utm_content,
      NULLIF(
        SPLIT_PART(
          SPLIT_PART(
            '&' || COALESCE(SUBSTRING(NULLIF(search, ''), 2), SPLIT_PART(SPLIT_PART(url, '#', 1), '?', 2)),
            '&gclid=',
            2
          ),
          '&',
          1
        ),
        ''
      ) AS gclid,
      COALESCE(
        device_model,
        device_type,
        CASE
          WHEN user_agent LIKE '%Android%'
          THEN 'Android'
          ELSE NULLIF(
            REPLACE(REPLACE(SPLIT_PART(SPLIT_PART(user_agent, '(', 2), ' ', 1), ';', ''), ')', ''),
            ''
          )
        END
      ) AS device,
      CASE
        WHEN user_agent LIKE '%iPad%'
        OR (
          user_agent LIKE '%Android%' AND user_agent NOT LIKE '%Mobile%'
        )
        THEN 'tablet'
        WHEN user_agent LIKE '%iPhone%'
        OR user_agent LIKE '%Android%'
        OR device_type IN ('ios', 'android')
        THEN 'mobile'
        WHEN user_agent LIKE '%Windows%'
        OR user_agent LIKE '%Macintosh%'
        OR user_agent LIKE '%X11%'
        THEN 'desktop'
        WHEN NOT user_agent IS NULL OR NOT device_type IS NULL
        THEN 'other'
      END AS device_category
    FROM calls
  ), campaigns AS (
    SELECT
      source,
      call,
      event_id,
      timestamp,
      identity_type,
      identity,
      CAST(LENGTH(COALESCE(utm_campaign, '')) AS VARCHAR) || '|' || CAST(LENGTH(COALESCE(utm_source, '')) AS VARCHAR) || '|' || COALESCE(utm_campaign, '') || COALESCE(utm_source, '') || COALESCE(utm_medium, '') AS campaign
    FROM activity
    WHERE
      FALSE AND NOT COALESCE(utm_campaign, utm_source, utm_medium) IS NULL
  ), followed AS (
    SELECT
      source,
      call,
      event_id,
      campaign,
      LAG(campaign) OVER (PARTITION BY identity_type, identity ORDER BY timestamp, event_id, source, call) AS campaign_before
    FROM campaigns
  ), new_campaigns AS (
    SELECT
      source,
      call,
      event_id
    FROM followed
    WHERE
      campaign_before IS NULL OR campaign <> campaign_before
  ), started AS (
    SELECT
      a.source,
      a.call,
      a.event_id,
      a.timestamp,
      a.identity_type,
      a.identity,
      a.canonical_segment_id,
      a.url,
      a.referrer,
      a.utm_source,
      a.utm_medium,
      a.utm_campaign,
      a.utm_term,
      a.utm_content,
      a.gclid,
      a.device,
      a.device_category,
      ROW_NUMBER() OVER (
        PARTITION BY a.identity_type, a.identity
        ORDER BY a.timestamp, a.event_id, a.source, a.call
      ) AS place,
      CASE
        WHEN NOT c.event_id IS NULL
        THEN 1
        WHEN (
          DATEDIFF(
            MICROSECOND,
            (
              LAG(a.timestamp) OVER (
                PARTITION BY a.identity_type, a.identity
                ORDER BY a.timestamp, a.event_id, a.source, a.call
              )
            ),
            (
              a.timestamp
            )
          )
        ) <= CAST(1800 AS BIGINT) * 1000000
        THEN 0
        ELSE 1
      END AS is_start
    FROM activity AS a
    LEFT JOIN new_campaigns AS c
      ON c.source = a.source AND c.call = a.call AND c.event_id = a.event_id
  ), numbered AS (
    SELECT
      source,
      call,
      event_id,
      timestamp,
      identity_type,
      identity,
      canonical_segment_id,
      url,
      referrer,
      utm_source,
      utm_medium,
      utm_campaign,
      utm_term,
      utm_content,
      gclid,
      device,
      device_category,
      place,
      SUM(is_start) OVER (
        PARTITION BY identity_type, identity
        ORDER BY timestamp, event_id, source, call
        rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
      ) AS session_number,
      MAX(
        CASE
          WHEN is_start = 1
          THEN LPAD(CAST(place AS VARCHAR), 12, '0') || MD5(
            identity_type || ':' || source || ':' || call || ':' || CAST(LENGTH(event_id) AS VARCHAR) || ':' || event_id || identity
          )
        END
      ) OVER (
        PARTITION BY identity_type, identity
        ORDER BY timestamp, event_id, source, call
        rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
      ) AS session_key
    FROM started
  )
  SELECT
    source,
    call,
    event_id,
    SUBSTRING(session_key, 13) AS session_id,
    session_number,
    place - CAST(SUBSTRING(session_key, 1, 12) AS BIGINT) + 1 AS event_number,
    identity_type,
    identity,
    canonical_segment_id,
    timestamp,
    url,
    referrer,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_term,
    utm_content,
    gclid,
    device,
    device_category
  FROM numbered
) AS made
