-- Sessions: what one device did without a pause of more than sessions.gap_seconds.
-- grain: one row per session
-- keys: session_id
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
  select session_id, event_number, identity_type, identity, session_number, canonical_segment_id, call, timestamp,
    url, coalesce(utm_source, utm_medium, utm_campaign, utm_term, utm_content) as campaign, gclid, device, device_category
  from session_events
),
-- Which row of a session each of its values is taken from.
ends as (
  select session_id, min(identity_type) as identity_type, min(identity) as identity, min(session_number) as session_number,
    count(distinct canonical_segment_id) as profiles, min(timestamp) as started_at, max(timestamp) as ended_at,
    count(*) as events, sum(case when call in ('page', 'screen') then 1 else 0 end) as page_views,
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
taken as (
  select n.session_id,
    max(case when e.event_number = n.profile_at then e.canonical_segment_id end) as canonical_segment_id,
    max(case when e.event_number = n.first_url_at then e.url end) as first_url,
    max(case when e.event_number = n.last_url_at then e.url end) as last_url,
    max(case when e.event_number = n.first_url_at then e.referrer end) as first_referrer,
    max(case when e.event_number = n.last_url_at then e.referrer end) as last_referrer,
    max(case when e.event_number = n.first_campaign_at then e.utm_source end) as first_utm_source,
    max(case when e.event_number = n.first_campaign_at then e.utm_medium end) as first_utm_medium,
    max(case when e.event_number = n.first_campaign_at then e.utm_campaign end) as first_utm_campaign,
    max(case when e.event_number = n.first_campaign_at then e.utm_term end) as first_utm_term,
    max(case when e.event_number = n.first_campaign_at then e.utm_content end) as first_utm_content,
    max(case when e.event_number = n.last_campaign_at then e.utm_source end) as last_utm_source,
    max(case when e.event_number = n.last_campaign_at then e.utm_medium end) as last_utm_medium,
    max(case when e.event_number = n.last_campaign_at then e.utm_campaign end) as last_utm_campaign,
    max(case when e.event_number = n.last_campaign_at then e.utm_term end) as last_utm_term,
    max(case when e.event_number = n.last_campaign_at then e.utm_content end) as last_utm_content,
    max(case when e.event_number = n.first_gclid_at then e.gclid end) as first_gclid,
    max(case when e.event_number = n.last_gclid_at then e.gclid end) as last_gclid,
    max(case when e.event_number = n.first_device_at then e.device end) as first_device,
    max(case when e.event_number = n.last_device_at then e.device end) as last_device,
    max(case when e.event_number = n.first_category_at then e.device_category end) as first_device_category,
    max(case when e.event_number = n.last_category_at then e.device_category end) as last_device_category
  from ends as n
  join session_events as e on e.session_id = n.session_id
    and e.event_number in (n.profile_at, n.first_url_at, n.last_url_at, n.first_campaign_at, n.last_campaign_at,
      n.first_gclid_at, n.last_gclid_at, n.first_device_at, n.last_device_at, n.first_category_at, n.last_category_at)
  group by n.session_id
)
select n.session_id, n.identity_type, n.identity, n.session_number, t.canonical_segment_id, n.profiles, n.started_at,
  n.ended_at, seconds_between(n.started_at, n.ended_at) as duration_seconds,
  case
    when seconds_between(n.started_at, n.ended_at) < 10 then '0s to 9s'
    when seconds_between(n.started_at, n.ended_at) < 30 then '10s to 29s'
    when seconds_between(n.started_at, n.ended_at) < 60 then '30s to 59s'
    else '60s or more'
  end as duration_tier,
  n.events, n.page_views, t.first_url, t.last_url, t.first_referrer, t.last_referrer,
  t.first_utm_source, t.first_utm_medium, t.first_utm_campaign, t.first_utm_term, t.first_utm_content,
  t.last_utm_source, t.last_utm_medium, t.last_utm_campaign, t.last_utm_term, t.last_utm_content,
  t.first_gclid, t.last_gclid, t.first_device, t.last_device, t.first_device_category, t.last_device_category
from ends as n
left join taken as t on t.session_id = n.session_id
