-- Rows of sessions: pages and screens, and tracks where sessions.all_events says so, each with its session. A row
-- belongs to the device that sent it (anonymous id), or to its user id where it has none; without both it is in no session.
-- grain: one row per page, screen (and track) call with an id, before as_of
-- keys: source, call, event_id
-- params: as_of, sessions_gap_seconds, sessions_all_events, sessions_split_on_campaign
-- columns:
--   source text: source, by its schema
--   call text: page, screen or track
--   event_id text: message id
--   session_id text: session; stays the same while its first event does
--   session_number integer: place of the session among those of the identity, from 1; late events may change it
--   event_number integer: place of the row in the session, from 1
--   identity_type text: anonymous_id or user_id
--   identity text: the id
--   canonical_segment_id text: profile of the event
--   timestamp timestamp: when it happened
--   url text: URL of the page
--   referrer text: URL of the page before
--   utm_source text: source of the campaign
--   utm_medium text: medium of the campaign
--   utm_campaign text: name of the campaign
--   utm_term text: search term of the campaign
--   utm_content text: content of the campaign
--   gclid text: click id of Google Ads, from the query of the URL
--   device text: device, from the app or from the user agent
--   device_category text: mobile, tablet, desktop or other
-- checks:
--   numbers: event_number < 1 or session_number < 1
--   pauses_are_short: select session_id from (select session_id, timestamp,
--       lag(timestamp) over (partition by session_id order by event_number) as before from session_events) as paused
--     where microseconds_between(before, timestamp) > $sessions_gap_seconds * 1000000
with calls as (
  select source, call, id, timestamp, anonymous_id, user_id, url, referrer, search,
    campaign_source, campaign_medium, campaign_name, campaign_term, campaign_content,
    user_agent, device_type, device_model
  from input_pages
  union all
  select source, call, id, timestamp, anonymous_id, user_id, page_url, page_referrer, page_search,
    campaign_source, campaign_medium, campaign_name, campaign_term, campaign_content,
    user_agent, device_type, device_model
  from input_screens
  union all
  select source, call, id, timestamp, anonymous_id, user_id, page_url, page_referrer, page_search,
    campaign_source, campaign_medium, campaign_name, campaign_term, campaign_content,
    user_agent, device_type, device_model
  from input_tracks
  where $sessions_all_events
),
activity as (
  select source, call, id as event_id, timestamp,
    case when nullif(anonymous_id, '') is null then 'user_id' else 'anonymous_id' end as identity_type,
    coalesce(nullif(anonymous_id, ''), nullif(user_id, '')) as identity,
    nullif(url, '') as url, nullif(referrer, '') as referrer,
    nullif(campaign_source, '') as utm_source, nullif(campaign_medium, '') as utm_medium,
    nullif(campaign_name, '') as utm_campaign, nullif(campaign_term, '') as utm_term,
    nullif(campaign_content, '') as utm_content,
    -- Between `gclid=` and the next parameter, of the query alone: neither of the path nor of the fragment.
    nullif(split_part(split_part('&' || coalesce(substr(nullif(search, ''), 2),
      split_part(split_part(url, '#', 1), '?', 2)), '&gclid=', 2), '&', 1), '') as gclid,
    coalesce(device_model, device_type, case when user_agent like '%Android%' then 'Android' else
      nullif(replace(replace(split_part(split_part(user_agent, '(', 2), ' ', 1), ';', ''), ')', ''), '') end) as device,
    case
      when user_agent like '%iPad%' or (user_agent like '%Android%' and user_agent not like '%Mobile%') then 'tablet'
      when user_agent like '%iPhone%' or user_agent like '%Android%' or device_type in ('ios', 'android') then 'mobile'
      when user_agent like '%Windows%' or user_agent like '%Macintosh%' or user_agent like '%X11%' then 'desktop'
      when user_agent is not null or device_type is not null then 'other'
    end as device_category
  from calls
  where timestamp < $as_of and coalesce(nullif(anonymous_id, ''), nullif(user_id, '')) is not null
),
campaigns as (
  select source, call, event_id,
    coalesce(utm_campaign, '') || '|' || coalesce(utm_source, '') || '|' || coalesce(utm_medium, '') as campaign,
    lag(coalesce(utm_campaign, '') || '|' || coalesce(utm_source, '') || '|' || coalesce(utm_medium, ''))
      over (partition by identity_type, identity order by timestamp, event_id, source, call) as campaign_before
  from activity
  where $sessions_split_on_campaign and coalesce(utm_campaign, utm_source, utm_medium) is not null
),
new_campaigns as (
  select source, call, event_id from campaigns where campaign_before is null or campaign <> campaign_before
),
started as (
  select a.source, a.call, a.event_id, a.timestamp, a.identity_type, a.identity, a.url, a.referrer, a.utm_source,
    a.utm_medium, a.utm_campaign, a.utm_term, a.utm_content, a.gclid, a.device, a.device_category,
    row_number() over (
      partition by a.identity_type, a.identity order by a.timestamp, a.event_id, a.source, a.call
    ) as place,
    case
      when c.event_id is not null then 1
      when microseconds_between(lag(a.timestamp) over (
        partition by a.identity_type, a.identity order by a.timestamp, a.event_id, a.source, a.call
      ), a.timestamp) <= $sessions_gap_seconds * 1000000 then 0
      else 1
    end as is_start
  from activity as a
  left join new_campaigns as c on c.source = a.source and c.call = a.call and c.event_id = a.event_id
),
numbered as (
  select source, call, event_id, timestamp, identity_type, identity, url, referrer, utm_source, utm_medium,
    utm_campaign, utm_term, utm_content, gclid, device, device_category, place,
    sum(is_start) over (
      partition by identity_type, identity order by timestamp, event_id, source, call
      rows between unbounded preceding and current row
    ) as session_number,
    -- The place of the latest start so far, of a fixed width so that the greatest is the latest, and then its id. The
    -- length of the message id makes the joined text say only one thing.
    max(case when is_start = 1 then lpad(cast(place as text), 12, '0') || md5(
      identity_type || ':' || source || ':' || call || ':' || cast(length(event_id) as text) || ':' || event_id || identity
    ) end) over (
      partition by identity_type, identity order by timestamp, event_id, source, call
      rows between unbounded preceding and current row
    ) as session_key
  from started
)
select n.source, n.call, n.event_id, substr(n.session_key, 13) as session_id, n.session_number,
  n.place - cast(substr(n.session_key, 1, 12) as bigint) + 1 as event_number, n.identity_type, n.identity,
  p.canonical_segment_id, n.timestamp, n.url, n.referrer, n.utm_source, n.utm_medium, n.utm_campaign, n.utm_term,
  n.utm_content, n.gclid, n.device, n.device_category
from numbered as n
left join event_profiles as p on p.source = n.source and p.call = n.call and p.event_id = n.event_id
