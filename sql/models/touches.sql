-- Contacts of people with marketing: pages and screens with a campaign, a click id or a referrer of another site, and
-- the events of `touch_events`. Consecutive touches of one channel in a session count as one, the first of them.
-- grain: one row per touch
-- keys: touch_id
-- params: as_of, attribution_direct_touches, attribution_internal_hosts
-- columns:
--   touch_id text: schema of the source, call and message id, with slashes between
--   canonical_segment_id text: who was touched
--   touch_number integer: 1 for the first touch of the person
--   touch_at timestamp: when
--   event_source text: source, by its schema
--   call text: page, screen or track
--   id text: message id
--   session_id text: session of the page or screen, where it belongs to one
--   channel text: utm_medium in lower case; else by the click id, event or referrer; see docs/models/money.md
--   campaign text: utm_campaign
--   source text: utm_source; else the service of the click id, or the referring host
--   medium text: utm_medium
--   content text: utm_content
--   term text: utm_term
with seen as (
  select source as event_source, call, id, timestamp, nullif(trim(campaign_name), '') as campaign,
    nullif(trim(campaign_source), '') as utm_source, nullif(trim(campaign_medium), '') as medium,
    nullif(trim(campaign_content), '') as content, nullif(trim(campaign_term), '') as term,
    lower(split_part(split_part(split_part(split_part(url, '://', 2), '/', 1), '?', 1), ':', 1)) as page_host,
    lower(split_part(split_part(split_part(split_part(referrer, '://', 2), '/', 1), '?', 1), ':', 1)) as referrer_host,
    replace(concat('&', coalesce(nullif(search, ''), split_part(url, '?', 2))), '?', '&') as query,
    cast(null as text) as event_text
  from input_pages where timestamp < $as_of
  union all
  select source, call, id, timestamp, nullif(trim(campaign_name), ''),
    nullif(trim(campaign_source), ''), nullif(trim(campaign_medium), ''),
    nullif(trim(campaign_content), ''), nullif(trim(campaign_term), ''), null, null, null, null
  from input_screens where timestamp < $as_of
  union all
  select source, call, id, timestamp, nullif(trim(campaign_name), ''),
    nullif(trim(campaign_source), ''), nullif(trim(campaign_medium), ''),
    nullif(trim(campaign_content), ''), nullif(trim(campaign_term), ''), null, null, null, lower(event_text)
  from input_touch_events where timestamp < $as_of
),
hosts as (
  select event_source, call, id, timestamp, campaign, utm_source, medium, content, term, event_text,
    case
      when query like '%&gclid=%' or query like '%&gbraid=%' or query like '%&wbraid=%' then 'google'
      when query like '%&dclid=%' then 'doubleclick'
      when query like '%&msclkid=%' then 'bing'
      when query like '%&fbclid=%' then 'facebook'
      when query like '%&ttclid=%' then 'tiktok'
      when query like '%&twclid=%' then 'twitter'
      when query like '%&li!_fat!_id=%' escape '!' then 'linkedin'
    end as click,
    case when page_host like 'www.%' then substr(page_host, 5) else page_host end as page_host,
    case when referrer_host like 'www.%' then substr(referrer_host, 5) else referrer_host end as referrer_host
  from seen
),
referred as (
  select event_source, call, id, timestamp, campaign, utm_source, medium, content, term, event_text, click,
    case
      when referrer_host is null or referrer_host = '' or referrer_host in ($attribution_internal_hosts) then null
      when referrer_host = page_host then null
      when page_host <> '' and (
        referrer_host like concat('%.', page_host) or page_host like concat('%.', referrer_host)
      ) then null
      else referrer_host
    end as referrer
  from hosts
),
-- Of the calls in question only: then the engine keeps these few columns in memory for the join, and not the rows above.
profiles as (
  select source, call, event_id, canonical_segment_id from event_profiles where call in ('page', 'screen', 'track')
),
owned as (
  select p.canonical_segment_id, r.event_source, r.call, r.id, r.timestamp, r.campaign, r.utm_source,
    r.medium, r.content, r.term, r.event_text, r.click, r.referrer, s.session_id,
    coalesce(r.campaign, r.utm_source, r.medium, r.content, r.term, r.click, r.referrer, r.event_text) is not null
      as is_marketing,
    row_number() over (
      partition by s.session_id order by r.timestamp, r.id, r.event_source, r.call
    ) as place_in_session
  from referred as r
  join profiles as p on p.source = r.event_source and p.call = r.call and p.event_id = r.id
  left join session_events as s on s.source = r.event_source and s.call = r.call and s.event_id = r.id
),
classified as (
  select canonical_segment_id, event_source, call, id, timestamp, session_id,
    campaign, coalesce(utm_source, click, referrer) as source, medium, content, term,
    case
      when lower(medium) in ('(none)', 'none', 'direct', '(direct)') then 'direct'
      when medium is not null then lower(medium)
      when lower(utm_source) in ('direct', '(direct)') then 'direct'
      when event_text like '%email%' then 'email'
      when event_text like '%push%' then 'push'
      when event_text is not null then 'ad'
      when click in ('google', 'bing') then 'paid-search'
      when click = 'doubleclick' then 'display'
      when click in ('tiktok', 'twitter', 'linkedin') then 'paid-social'
      when click = 'facebook' then 'organic-social'
      when referrer like 'mail.%' or referrer like '%.mail.%' or referrer = 'com.google.android.gm' then 'email'
      when referrer like 'google.%' or referrer like '%.google.%' or referrer like 'bing.%' or referrer like '%.bing.%'
        or referrer like 'yahoo.%' or referrer like '%.yahoo.%' or referrer like 'yandex.%'
        or referrer in (
          'duckduckgo.com', 'baidu.com', 'ecosia.org', 'startpage.com', 'search.brave.com', 'qwant.com', 'kagi.com'
        ) then 'organic-search'
      when concat('.', referrer) like '%.facebook.com' or concat('.', referrer) like '%.instagram.com'
        or concat('.', referrer) like '%.linkedin.com' or concat('.', referrer) like '%.reddit.com'
        or concat('.', referrer) like '%.tiktok.com' or concat('.', referrer) like '%.youtube.com'
        or concat('.', referrer) like '%.pinterest.%' or concat('.', referrer) like '%.twitter.com'
        or referrer in ('t.co', 'x.com', 'lnkd.in', 'threads.net', 'vk.com', 'youtu.be', 'bsky.app')
        then 'organic-social'
      when referrer is not null then 'referral'
      when is_marketing then 'other'
      else 'direct'
    end as channel
  from owned
  where is_marketing or ($attribution_direct_touches and session_id is not null and place_in_session = 1)
),
followed as (
  select canonical_segment_id, event_source, call, id, timestamp, session_id, channel, campaign, source,
    medium, content, term,
    case when session_id is not null then lag(channel) over (
      partition by session_id, canonical_segment_id order by timestamp, id, event_source, call
    ) end as channel_before
  from classified
)
select concat(event_source, '/', call, '/', id) as touch_id, canonical_segment_id,
  row_number() over (
    partition by canonical_segment_id order by timestamp, id, event_source, call
  ) as touch_number,
  timestamp as touch_at, event_source, call, id, session_id, channel, campaign, source, medium, content, term
from followed
where channel_before is null or channel_before <> channel
