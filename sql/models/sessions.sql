-- Sessions: what one device did without a pause longer than sessions.gap_seconds.
-- grain: one row per session
-- keys: session_id
-- incremental: identity
-- passes: identity, 800 bytes a row
-- columns:
--   session_id text: md5 of the identity and the first event; stays the same while that event does
--   identity_type text: anonymous_id, or user_id for rows without one
--   identity text: the id
--   session_number integer: place among the sessions of the identity, from 1; late events may change it
--   canonical_segment_id text: profile of the first event that has one
--   profiles integer: profiles of its events; more than 1 on a device that people share
--   started_at timestamp: first event
--   ended_at timestamp: last event
--   duration_seconds float: from the first to the last event; 0 for a single one
--   duration_tier text: 0s to 9s, 10s to 29s, 30s to 59s, 60s or more
--   events integer: rows
--   page_views integer: pages and screens
--   first_url text: URL of the first row that has one
--   last_url text: URL of the last row that has one
--   first_referrer text: referrer of the row of first_url
--   last_referrer text: referrer of the row of last_url
--   first_utm_source text: source of the first campaign; all five come from the first row with any of them
--   first_utm_medium text: medium of the first campaign
--   first_utm_campaign text: name of the first campaign
--   first_utm_term text: term of the first campaign
--   first_utm_content text: content of the first campaign
--   last_utm_source text: source of the last campaign; all five come from the last row with any of them
--   last_utm_medium text: medium of the last campaign
--   last_utm_campaign text: name of the last campaign
--   last_utm_term text: term of the last campaign
--   last_utm_content text: content of the last campaign
--   first_gclid text: first click id of Google Ads
--   last_gclid text: last click id of Google Ads
--   first_device text: device of the first row that says one
--   last_device text: device of the last row that says one
--   first_device_category text: mobile, tablet, desktop or other; of the first row that says
--   last_device_category text: of the last row that says
-- checks:
--   bounds: ended_at < started_at or duration_seconds < 0 or events < 1 or page_views > events or session_number < 1
--   every_event: select sum(events) from sessions having sum(events) <> (select count(*) from session_events)
--   numbers_are_complete: select identity_type, identity from sessions
--     group by identity_type, identity having count(*) <> max(session_number)
with marked as (
  select session_id, event_number, canonical_segment_id, call, timestamp, url, gclid, device, device_category,
    coalesce(utm_source, utm_medium, utm_campaign, utm_term, utm_content) as campaign
  from session_events
),
-- Which row of a session each of its values is taken from. Numbers only: what is kept of every session stays small.
ends as (
  select session_id, min(timestamp) as started_at, max(timestamp) as ended_at, count(*) as events,
    sum(case when call in ('page', 'screen') then 1 else 0 end) as page_views,
    min(case when canonical_segment_id is not null then event_number end) as profile_at,
    min(case when url is not null then event_number end) as first_url_at,
    max(case when url is not null then event_number end) as last_url_at,
    min(case when campaign is not null then event_number end) as first_campaign_at,
    max(case when campaign is not null then event_number end) as last_campaign_at,
    min(case when gclid is not null then event_number end) as first_gclid_at,
    max(case when gclid is not null then event_number end) as last_gclid_at,
    min(case when device is not null then event_number end) as first_device_at,
    max(case when device is not null then event_number end) as last_device_at,
    min(case when device_category is not null then event_number end) as first_category_at,
    max(case when device_category is not null then event_number end) as last_category_at
  from marked
  group by session_id
),
owners as (
  select session_id, count(distinct canonical_segment_id) as profiles from session_events group by session_id
),
-- Values of rows that are neither the first nor the last one of their session.
inner_values as (
  select n.session_id,
    max(case when e.event_number = n.profile_at then e.canonical_segment_id end) as canonical_segment_id,
    max(case when e.event_number = n.first_url_at then e.url end) as first_url,
    max(case when e.event_number = n.first_url_at then e.referrer end) as first_referrer,
    max(case when e.event_number = n.first_campaign_at then e.utm_source end) as first_utm_source,
    max(case when e.event_number = n.first_campaign_at then e.utm_medium end) as first_utm_medium,
    max(case when e.event_number = n.first_campaign_at then e.utm_campaign end) as first_utm_campaign,
    max(case when e.event_number = n.first_campaign_at then e.utm_term end) as first_utm_term,
    max(case when e.event_number = n.first_campaign_at then e.utm_content end) as first_utm_content,
    max(case when e.event_number = n.first_gclid_at then e.gclid end) as first_gclid,
    max(case when e.event_number = n.first_device_at then e.device end) as first_device,
    max(case when e.event_number = n.first_category_at then e.device_category end) as first_device_category,
    max(case when e.event_number = n.last_url_at then e.url end) as last_url,
    max(case when e.event_number = n.last_url_at then e.referrer end) as last_referrer,
    max(case when e.event_number = n.last_campaign_at then e.utm_source end) as last_utm_source,
    max(case when e.event_number = n.last_campaign_at then e.utm_medium end) as last_utm_medium,
    max(case when e.event_number = n.last_campaign_at then e.utm_campaign end) as last_utm_campaign,
    max(case when e.event_number = n.last_campaign_at then e.utm_term end) as last_utm_term,
    max(case when e.event_number = n.last_campaign_at then e.utm_content end) as last_utm_content,
    max(case when e.event_number = n.last_gclid_at then e.gclid end) as last_gclid,
    max(case when e.event_number = n.last_device_at then e.device end) as last_device,
    max(case when e.event_number = n.last_category_at then e.device_category end) as last_device_category
  from ends as n
  join session_events as e on e.session_id = n.session_id and e.event_number > 1 and e.event_number < n.events
    and e.event_number in (n.profile_at, n.first_url_at, n.last_url_at, n.first_campaign_at, n.last_campaign_at,
      n.first_gclid_at, n.last_gclid_at, n.first_device_at, n.last_device_at, n.first_category_at, n.last_category_at)
  group by n.session_id
)
select n.session_id, f.identity_type, f.identity, f.session_number,
  case n.profile_at when 1 then f.canonical_segment_id when n.events then l.canonical_segment_id
    else i.canonical_segment_id end as canonical_segment_id,
  o.profiles, n.started_at, n.ended_at, seconds_between(n.started_at, n.ended_at) as duration_seconds,
  case
    when seconds_between(n.started_at, n.ended_at) < 10 then '0s to 9s'
    when seconds_between(n.started_at, n.ended_at) < 30 then '10s to 29s'
    when seconds_between(n.started_at, n.ended_at) < 60 then '30s to 59s'
    else '60s or more'
  end as duration_tier,
  n.events, n.page_views,
  case n.first_url_at when 1 then f.url when n.events then l.url else i.first_url end as first_url,
  case n.last_url_at when 1 then f.url when n.events then l.url else i.last_url end as last_url,
  case n.first_url_at when 1 then f.referrer when n.events then l.referrer else i.first_referrer end as first_referrer,
  case n.last_url_at when 1 then f.referrer when n.events then l.referrer else i.last_referrer end as last_referrer,
  case n.first_campaign_at when 1 then f.utm_source when n.events then l.utm_source
    else i.first_utm_source end as first_utm_source,
  case n.first_campaign_at when 1 then f.utm_medium when n.events then l.utm_medium
    else i.first_utm_medium end as first_utm_medium,
  case n.first_campaign_at when 1 then f.utm_campaign when n.events then l.utm_campaign
    else i.first_utm_campaign end as first_utm_campaign,
  case n.first_campaign_at when 1 then f.utm_term when n.events then l.utm_term
    else i.first_utm_term end as first_utm_term,
  case n.first_campaign_at when 1 then f.utm_content when n.events then l.utm_content
    else i.first_utm_content end as first_utm_content,
  case n.last_campaign_at when 1 then f.utm_source when n.events then l.utm_source
    else i.last_utm_source end as last_utm_source,
  case n.last_campaign_at when 1 then f.utm_medium when n.events then l.utm_medium
    else i.last_utm_medium end as last_utm_medium,
  case n.last_campaign_at when 1 then f.utm_campaign when n.events then l.utm_campaign
    else i.last_utm_campaign end as last_utm_campaign,
  case n.last_campaign_at when 1 then f.utm_term when n.events then l.utm_term
    else i.last_utm_term end as last_utm_term,
  case n.last_campaign_at when 1 then f.utm_content when n.events then l.utm_content
    else i.last_utm_content end as last_utm_content,
  case n.first_gclid_at when 1 then f.gclid when n.events then l.gclid else i.first_gclid end as first_gclid,
  case n.last_gclid_at when 1 then f.gclid when n.events then l.gclid else i.last_gclid end as last_gclid,
  case n.first_device_at when 1 then f.device when n.events then l.device else i.first_device end as first_device,
  case n.last_device_at when 1 then f.device when n.events then l.device else i.last_device end as last_device,
  case n.first_category_at when 1 then f.device_category when n.events then l.device_category
    else i.first_device_category end as first_device_category,
  case n.last_category_at when 1 then f.device_category when n.events then l.device_category
    else i.last_device_category end as last_device_category
from ends as n
join owners as o on o.session_id = n.session_id
join session_events as f on f.session_id = n.session_id and f.event_number = 1
left join session_events as l on l.session_id = n.session_id and l.event_number = n.events and l.event_number > 1
left join inner_values as i on i.session_id = n.session_id
