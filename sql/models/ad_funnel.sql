-- From impression to order, by day and campaign: where people who clicked an ad are lost. Impressions, clicks and spend
-- come from the ad platforms. Requests are page calls of a server; views are page calls of the browser, which are lost
-- to slow pages, bounces and ad blockers. A step that is not measured is NULL, not 0.
-- grain: one row per day, campaign, source and medium with statistics or page calls
-- keys: day, campaign, source, medium
-- params: as_of, timezone, ad_funnel_server_libraries, ad_funnel_lookback_days
-- columns:
--   day date: day of the page call, in the configured time zone; or of the ad platform
--   campaign text: utm_campaign; (none) without
--   source text: utm_source; (none) without
--   medium text: utm_medium; (none) without
--   impressions integer: how often the ad was shown; NULL where no platform says
--   clicks integer: how often it was clicked; NULL where no platform says
--   server_requests integer: page calls of servers; NULL when no server of the project sends any
--   page_views integer: page calls of browsers; NULL when no browser of the project sends any
--   conversions integer: orders of people whose last campaign before the order was this, on this day; NULL when there are no orders
--   spend decimal: what it cost; NULL where no platform says
--   click_rate float: clicks for each impression
--   request_rate float: server requests for each click
--   view_rate float: page views for each server request
--   views_per_click float: page views for each click
--   conversion_rate float: conversions for each page view
--   cost_per_click decimal: spend for each click
--   cost_per_view decimal: spend for each page view
--   cost_per_conversion decimal: spend for each conversion
-- checks:
--   not_negative: impressions < 0 or clicks < 0 or server_requests < 0 or page_views < 0 or conversions < 0
--   every_view: select sum(page_views) from ad_funnel having coalesce(sum(page_views), 0) <>
--     (select count(*) from input_pages where timestamp < $as_of
--       and coalesce(nullif(trim(campaign_name), ''), nullif(trim(campaign_source), ''),
--         nullif(trim(campaign_medium), '')) is not null
--       and coalesce(library_name in ($ad_funnel_server_libraries), false) = false)
with named as (
  select source, call, id, timestamp, library_name, nullif(trim(campaign_name), '') as campaign,
    nullif(trim(campaign_source), '') as campaign_source, nullif(trim(campaign_medium), '') as medium
  from input_pages
  where timestamp < $as_of
),
landings as (
  select source, call, id, timestamp, local_day(timestamp, $timezone) as day,
    coalesce(campaign, '(none)') as campaign, coalesce(campaign_source, '(none)') as campaign_source,
    coalesce(medium, '(none)') as medium,
    case when coalesce(library_name in ($ad_funnel_server_libraries), false) then 1 else 0 end as is_server,
    case when coalesce(campaign, campaign_source, medium) is null then 0 else 1 end as has_campaign
  from named
),
measured as (
  select max(is_server) as has_servers, max(1 - is_server) as has_browsers from landings
),
ordered as (
  select 1 as has_orders from order_values having count(*) > 0
),
pages as (
  select day, campaign, campaign_source, medium, sum(is_server) as server_requests, sum(1 - is_server) as page_views
  from landings
  where has_campaign = 1
  group by day, campaign, campaign_source, medium
),
touched as (
  select p.canonical_segment_id, l.source, l.call, l.id, l.timestamp, l.day, l.campaign, l.campaign_source, l.medium
  from landings as l
  join event_profiles as p on p.source = l.source and p.call = l.call and p.event_id = l.id
  where l.has_campaign = 1
),
last_touches as (
  select b.order_key, t.day, t.campaign, t.campaign_source, t.medium,
    row_number() over (
      partition by b.order_key order by t.timestamp desc, t.id desc, t.source desc, t.call desc
    ) as place
  from order_values as b
  join touched as t on t.canonical_segment_id = b.canonical_segment_id and t.timestamp <= b.ordered_at
    and t.timestamp >= add_days(b.ordered_at, -$ad_funnel_lookback_days)
),
converted as (
  select day, campaign, campaign_source, medium, count(*) as conversions
  from last_touches
  where place = 1
  group by day, campaign, campaign_source, medium
),
platforms as (
  select day, coalesce(campaign, '(none)') as campaign, coalesce(source, '(none)') as campaign_source,
    coalesce(medium, '(none)') as medium, sum(impressions) as impressions, sum(clicks) as clicks, sum(spend) as spend
  from input_ad_statistics
  where day <= local_day($as_of - interval '1 microsecond', $timezone)
  group by day, coalesce(campaign, '(none)'), coalesce(source, '(none)'), coalesce(medium, '(none)')
),
places as (
  select day, campaign, campaign_source, medium from pages
  union
  select day, campaign, campaign_source, medium from platforms
),
counted as (
  select k.day, k.campaign, k.campaign_source, k.medium, s.impressions, s.clicks, s.spend,
    case when m.has_servers = 1 then coalesce(p.server_requests, 0) end as server_requests,
    case when m.has_browsers = 1 then coalesce(p.page_views, 0) end as page_views,
    case when o.has_orders = 1 then coalesce(c.conversions, 0) end as conversions
  from places as k
  cross join measured as m
  left join ordered as o on true
  left join pages as p on p.day = k.day and p.campaign = k.campaign and p.campaign_source = k.campaign_source
    and p.medium = k.medium
  left join platforms as s on s.day = k.day and s.campaign = k.campaign and s.campaign_source = k.campaign_source
    and s.medium = k.medium
  left join converted as c on c.day = k.day and c.campaign = k.campaign and c.campaign_source = k.campaign_source
    and c.medium = k.medium
)
select day, campaign, campaign_source as source, medium, impressions, clicks, server_requests, page_views, conversions,
  spend,
  cast(clicks as double) / nullif(impressions, 0) as click_rate,
  cast(server_requests as double) / nullif(clicks, 0) as request_rate,
  cast(page_views as double) / nullif(server_requests, 0) as view_rate,
  cast(page_views as double) / nullif(clicks, 0) as views_per_click,
  cast(conversions as double) / nullif(page_views, 0) as conversion_rate,
  cast(spend as double) / nullif(clicks, 0) as cost_per_click,
  cast(spend as double) / nullif(page_views, 0) as cost_per_view,
  cast(spend as double) / nullif(conversions, 0) as cost_per_conversion
from counted
