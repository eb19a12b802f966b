SELECT
  CAST(made.touch_id AS TEXT) AS touch_id,
  CAST(made.canonical_segment_id AS TEXT) AS canonical_segment_id,
  CAST(made.touch_number AS BIGINT) AS touch_number,
  CAST(made.touch_at AS TIMESTAMP) AS touch_at,
  CAST(made.event_source AS TEXT) AS event_source,
  CAST(made.call AS TEXT) AS call,
  CAST(made.id AS TEXT) AS id,
  CAST(made.session_id AS TEXT) AS session_id,
  CAST(made.channel AS TEXT) AS channel,
  CAST(made.campaign AS TEXT) AS campaign,
  CAST(made.source AS TEXT) AS source,
  CAST(made.medium AS TEXT) AS medium,
  CAST(made.content AS TEXT) AS content,
  CAST(made.term AS TEXT) AS term
FROM (
  WITH seen AS (
    SELECT
      source AS event_source,
      call,
      id,
      timestamp,
      NULLIF(TRIM(campaign_name), '') AS campaign,
      NULLIF(TRIM(campaign_source), '') AS utm_source,
      NULLIF(TRIM(campaign_medium), '') AS medium,
      NULLIF(TRIM(campaign_content), '') AS content,
      NULLIF(TRIM(campaign_term), '') AS term,
      LOWER(
        SPLIT_PART(SPLIT_PART(SPLIT_PART(SPLIT_PART(url, '://', 2), '/', 1), '?', 1), ':', 1)
      ) AS page_host,
      LOWER(
        SPLIT_PART(SPLIT_PART(SPLIT_PART(SPLIT_PART(referrer, '://', 2), '/', 1), '?', 1), ':', 1)
      ) AS referrer_host,
      REPLACE(CONCAT('&', COALESCE(NULLIF(search, ''), SPLIT_PART(url, '?', 2))), '?', '&') AS query,
      CAST(NULL AS TEXT) AS event_text
    FROM "models"."input_pages" AS input_pages
    WHERE
      timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMP)
    UNION ALL
    SELECT
      source,
      call,
      id,
      timestamp,
      NULLIF(TRIM(campaign_name), ''),
      NULLIF(TRIM(campaign_source), ''),
      NULLIF(TRIM(campaign_medium), ''),
      NULLIF(TRIM(campaign_content), ''),
      NULLIF(TRIM(campaign_term), ''),
      NULL,
      NULL,
      NULL,
      NULL
    FROM "models"."input_screens" AS input_screens
    WHERE
      timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMP)
    UNION ALL
    SELECT
      source,
      call,
      id,
      timestamp,
      NULLIF(TRIM(campaign_name), ''),
      NULLIF(TRIM(campaign_source), ''),
      NULLIF(TRIM(campaign_medium), ''),
      NULLIF(TRIM(campaign_content), ''),
      NULLIF(TRIM(campaign_term), ''),
      NULL,
      NULL,
      NULL,
      LOWER(event_text)
    FROM "models"."input_touch_events" AS input_touch_events
    WHERE
      timestamp < CAST('2026-04-01 00:00:00' AS TIMESTAMP)
  ), hosts AS (
    SELECT
      event_source,
      call,
      id,
      timestamp,
      campaign,
      utm_source,
      medium,
      content,
      term,
      event_text,
      CASE
        WHEN query LIKE '%&gclid=%' OR query LIKE '%&gbraid=%' OR query LIKE '%&wbraid=%'
        THEN 'google'
        WHEN query LIKE '%&dclid=%'
        THEN 'doubleclick'
        WHEN query LIKE '%&msclkid=%'
        THEN 'bing'
        WHEN query LIKE '%&fbclid=%'
        THEN 'facebook'
        WHEN query LIKE '%&ttclid=%'
        THEN 'tiktok'
        WHEN query LIKE '%&twclid=%'
        THEN 'twitter'
        WHEN query LIKE '%&li!_fat!_id=%' ESCAPE '!'
        THEN 'linkedin'
      END AS click,
      CASE WHEN page_host LIKE 'www.%' THEN SUBSTRING(page_host FROM 5) ELSE page_host END AS page_host,
      CASE
        WHEN referrer_host LIKE 'www.%'
        THEN SUBSTRING(referrer_host FROM 5)
        ELSE referrer_host
      END AS referrer_host
    FROM seen
  ), referred AS (
    SELECT
      event_source,
      call,
      id,
      timestamp,
      campaign,
      utm_source,
      medium,
      content,
      term,
      event_text,
      click,
      CASE
        WHEN referrer_host IS NULL OR referrer_host = '' OR referrer_host IN (NULL)
        THEN NULL
        WHEN referrer_host = page_host
        THEN NULL
        WHEN page_host <> ''
        AND (
          referrer_host LIKE CONCAT('%.', page_host)
          OR page_host LIKE CONCAT('%.', referrer_host)
        )
        THEN NULL
        ELSE referrer_host
      END AS referrer
    FROM hosts
  ), profiles AS (
    SELECT
      source,
      call,
      event_id,
      canonical_segment_id
    FROM "models"."event_profiles" AS event_profiles
    WHERE
      call IN ('page', 'screen', 'track')
  ), owned AS (
    SELECT
      p.canonical_segment_id,
      r.event_source,
      r.call,
      r.id,
      r.timestamp,
      r.campaign,
      r.utm_source,
      r.medium,
      r.content,
      r.term,
      r.event_text,
      r.click,
      r.referrer,
      s.session_id,
      NOT COALESCE(r.campaign, r.utm_source, r.medium, r.content, r.term, r.click, r.referrer, r.event_text) IS NULL AS is_marketing,
      ROW_NUMBER() OVER (PARTITION BY s.session_id ORDER BY r.timestamp, r.id, r.event_source, r.call) AS place_in_session
    FROM referred AS r
    JOIN profiles AS p
      ON p.source = r.event_source AND p.call = r.call AND p.event_id = r.id
    LEFT JOIN "models"."session_events" AS s
      ON s.source = r.event_source AND s.call = r.call AND s.event_id = r.id
  ), classified AS (
    SELECT
      canonical_segment_id,
      event_source,
      call,
      id,
      timestamp,
      session_id,
      campaign,
      COALESCE(utm_source, click, referrer) AS source,
      medium,
      content,
      term,
      CASE
        WHEN LOWER(medium) IN ('(none)', 'none', 'direct', '(direct)')
        THEN 'direct'
        WHEN NOT medium IS NULL
        THEN LOWER(medium)
        WHEN LOWER(utm_source) IN ('direct', '(direct)')
        THEN 'direct'
        WHEN event_text LIKE '%email%'
        THEN 'email'
        WHEN event_text LIKE '%push%'
        THEN 'push'
        WHEN NOT event_text IS NULL
        THEN 'ad'
        WHEN click IN ('google', 'bing')
        THEN 'paid-search'
        WHEN click = 'doubleclick'
        THEN 'display'
        WHEN click IN ('tiktok', 'twitter', 'linkedin')
        THEN 'paid-social'
        WHEN click = 'facebook'
        THEN 'organic-social'
        WHEN referrer LIKE 'mail.%'
        OR referrer LIKE '%.mail.%'
        OR referrer = 'com.google.android.gm'
        THEN 'email'
        WHEN referrer LIKE 'google.%'
        OR referrer LIKE '%.google.%'
        OR referrer LIKE 'bing.%'
        OR referrer LIKE '%.bing.%'
        OR referrer LIKE 'yahoo.%'
        OR referrer LIKE '%.yahoo.%'
        OR referrer LIKE 'yandex.%'
        OR referrer IN (
          'duckduckgo.com',
          'baidu.com',
          'ecosia.org',
          'startpage.com',
          'search.brave.com',
          'qwant.com',
          'kagi.com'
        )
        THEN 'organic-search'
        WHEN CONCAT('.', referrer) LIKE '%.facebook.com'
        OR CONCAT('.', referrer) LIKE '%.instagram.com'
        OR CONCAT('.', referrer) LIKE '%.linkedin.com'
        OR CONCAT('.', referrer) LIKE '%.reddit.com'
        OR CONCAT('.', referrer) LIKE '%.tiktok.com'
        OR CONCAT('.', referrer) LIKE '%.youtube.com'
        OR CONCAT('.', referrer) LIKE '%.pinterest.%'
        OR CONCAT('.', referrer) LIKE '%.twitter.com'
        OR referrer IN ('t.co', 'x.com', 'lnkd.in', 'threads.net', 'vk.com', 'youtu.be', 'bsky.app')
        THEN 'organic-social'
        WHEN NOT referrer IS NULL
        THEN 'referral'
        WHEN is_marketing
        THEN 'other'
        ELSE 'direct'
      END AS channel
    FROM owned
    WHERE
      is_marketing OR (
        FALSE AND NOT session_id IS NULL AND place_in_session = 1
      )
  ), followed AS (
    SELECT
      canonical_segment_id,
      event_source,
      call,
      id,
      timestamp,
      session_id,
      channel,
      campaign,
      source,
      medium,
      content,
      term,
      CASE
        WHEN NOT session_id IS NULL
        THEN LAG(channel) OVER (
          PARTITION BY session_id, canonical_segment_id
          ORDER BY timestamp, id, event_source, call
        )
      END AS channel_before
    FROM classified
  )
  SELECT
    CONCAT(event_source, '/', call, '/', id) AS touch_id,
    canonical_segment_id,
    ROW_NUMBER() OVER (PARTITION BY canonical_segment_id ORDER BY timestamp, id, event_source, call) AS touch_number,
    timestamp AS touch_at,
    event_source,
    call,
    id,
    session_id,
    channel,
    campaign,
    source,
    medium,
    content,
    term
  FROM followed
  WHERE
    channel_before IS NULL OR channel_before <> channel
) AS made
