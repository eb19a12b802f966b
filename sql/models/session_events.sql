-- Rows of sessions: pages and screens (with sessions.all_events also tracks), each with its session. A row belongs to
-- the device that sent it (anonymous id), or to its user id if it has no device. A row with neither is in no session.
-- grain: one row per page, screen (and track) call with an id, before as_of
-- keys: source, call, event_id
-- params: as_of, sessions_gap_seconds, sessions_all_events, sessions_split_on_campaign
-- incremental: identity of calls
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
--     where microseconds_between(before, timestamp) > cast($sessions_gap_seconds as bigint) * 1000000
with sent as (
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
-- Of the calls in question only: then the engine keeps these few columns in memory for the join, and not the rows above.
profiles as (
  select source, call, event_id, canonical_segment_id from event_profiles
  where call in ('page', 'screen') or (call = 'track' and $sessions_all_events)
),
-- Everything that the sessions of an identity depend on, the profile too: what changes here is what is made anew.
calls as (
  select s.source, s.call, s.id as event_id, s.timestamp,
    case when nullif(s.anonymous_id, '') is null then 'user_id' else 'anonymous_id' end as identity_type,
    coalesce(nullif(s.anonymous_id, ''), nullif(s.user_id, '')) as identity, p.canonical_segment_id,
    s.url, s.referrer, s.search, s.campaign_source, s.campaign_medium, s.campaign_name, s.campaign_term,
    s.campaign_content, nullif(s.user_agent, '') as user_agent, nullif(s.device_type, '') as device_type,
    nullif(s.device_model, '') as device_model
  from sent as s
  left join profiles as p on p.source = s.source and p.call = s.call and p.event_id = s.id
  where s.timestamp < $as_of and coalesce(nullif(s.anonymous_id, ''), nullif(s.user_id, '')) is not null
),
activity as (
  select source, call, event_id, timestamp, identity_type, identity, canonical_segment_id,
    nullif(url, '') as url, nullif(referrer, '') as referrer,
    nullif(campaign_source, '') as utm_source, nullif(campaign_medium, '') as utm_medium,
    nullif(campaign_name, '') as utm_campaign, nullif(campaign_term, '') as utm_term,
    nullif(campaign_content, '') as utm_content,
    -- From `gclid=` to the next parameter, only in the query string, not in the path or the fragment.
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
),
campaigns as (
  -- With the lengths, different names never give the same joined text.
  select source, call, event_id, timestamp, identity_type, identity,
    cast(length(coalesce(utm_campaign, '')) as text) || '|' || cast(length(coalesce(utm_source, '')) as text) || '|'
      || coalesce(utm_campaign, '') || coalesce(utm_source, '') || coalesce(utm_medium, '') as campaign
  from activity
  where $sessions_split_on_campaign and coalesce(utm_campaign, utm_source, utm_medium) is not null
),
followed as (
  select source, call, event_id, campaign, lag(campaign) over (
    partition by identity_type, identity order by timestamp, event_id, source, call
  ) as campaign_before
  from campaigns
),
new_campaigns as (
  select source, call, event_id from followed where campaign_before is null or campaign <> campaign_before
),
started as (
  select a.source, a.call, a.event_id, a.timestamp, a.identity_type, a.identity, a.canonical_segment_id, a.url,
    a.referrer, a.utm_source, a.utm_medium, a.utm_campaign, a.utm_term, a.utm_content, a.gclid, a.device,
    a.device_category,
    row_number() over (
      partition by a.identity_type, a.identity order by a.timestamp, a.event_id, a.source, a.call
    ) as place,
    case
      when c.event_id is not null then 1
      when microseconds_between(lag(a.timestamp) over (
        partition by a.identity_type, a.identity order by a.timestamp, a.event_id, a.source, a.call
      ), a.timestamp) <= cast($sessions_gap_seconds as bigint) * 1000000 then 0
      else 1
    end as is_start
  from activity as a
  left join new_campaigns as c on c.source = a.source and c.call = a.call and c.event_id = a.event_id
),
numbered as (
  select source, call, event_id, timestamp, identity_type, identity, canonical_segment_id, url, referrer, utm_source,
    utm_medium, utm_campaign, utm_term, utm_content, gclid, device, device_category, place,
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
select source, call, event_id, substr(session_key, 13) as session_id, session_number,
  place - cast(substr(session_key, 1, 12) as bigint) + 1 as event_number, identity_type, identity,
  canonical_segment_id, timestamp, url, referrer, utm_source, utm_medium, utm_campaign, utm_term, utm_content, gclid,
  device, device_category
from numbered
