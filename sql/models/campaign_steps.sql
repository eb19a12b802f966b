-- The campaign funnel for each UTM dimension: who visited the store, and then viewed a product and ordered.
-- grain: one row per dimension, value and person that visited the store
-- keys: dimension, value, canonical_segment_id
-- params: as_of, campaigns_funnel_order, campaigns_funnel_window_days, campaigns_store_url_pattern
-- columns:
--   dimension text: campaign, medium, source, content or term
--   value text: value of the dimension on the page of the visit, or (none)
--   canonical_segment_id text: person
--   store_visited_at timestamp: first visit of the store with that value
--   product_viewed_at timestamp: first product viewed from then on, within the window
--   order_completed_at timestamp: first order from then on, within the window; from the view on when order is strict
with visits as (
  select p.canonical_segment_id, v.timestamp, nullif(trim(v.campaign_name), '') as campaign,
    nullif(trim(v.campaign_medium), '') as medium, nullif(trim(v.campaign_source), '') as source,
    nullif(trim(v.campaign_content), '') as content, nullif(trim(v.campaign_term), '') as term
  from input_pages as v
  join event_profiles as p on p.source = v.source and p.call = v.call and p.event_id = v.id
  where v.timestamp < $as_of and lower(v.url) like lower($campaigns_store_url_pattern)
),
named as (
  select 'campaign' as dimension, coalesce(campaign, '(none)') as value, canonical_segment_id, timestamp from visits
  union all
  select 'medium', coalesce(medium, '(none)'), canonical_segment_id, timestamp from visits
  union all
  select 'source', coalesce(source, '(none)'), canonical_segment_id, timestamp from visits
  union all
  select 'content', coalesce(content, '(none)'), canonical_segment_id, timestamp from visits
  union all
  select 'term', coalesce(term, '(none)'), canonical_segment_id, timestamp from visits
),
visited as (
  select dimension, value, canonical_segment_id, min(timestamp) as store_visited_at
  from named group by dimension, value, canonical_segment_id
),
views as (
  select p.canonical_segment_id, v.timestamp from input_product_viewed as v
  join event_profiles as p on p.source = v.source and p.call = v.call and p.event_id = v.id
  where v.timestamp < $as_of
),
viewed as (
  select v.dimension, v.value, v.canonical_segment_id, v.store_visited_at, min(w.timestamp) as product_viewed_at
  from visited as v
  left join views as w
    on w.canonical_segment_id = v.canonical_segment_id and w.timestamp >= v.store_visited_at
    and w.timestamp <= add_days(v.store_visited_at, $campaigns_funnel_window_days)
  group by v.dimension, v.value, v.canonical_segment_id, v.store_visited_at
)
select v.dimension, v.value, v.canonical_segment_id, v.store_visited_at, v.product_viewed_at,
  min(o.ordered_at) as order_completed_at
from viewed as v
left join orders as o
  on o.canonical_segment_id = v.canonical_segment_id and not o.is_removed and o.ordered_at >= v.store_visited_at
  and o.ordered_at <= add_days(v.store_visited_at, $campaigns_funnel_window_days)
  and ($campaigns_funnel_order = 'loose' or o.ordered_at >= v.product_viewed_at)
group by v.dimension, v.value, v.canonical_segment_id, v.store_visited_at, v.product_viewed_at
