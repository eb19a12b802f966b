-- Touches before each order, in order.
-- grain: one row per order and touch
-- keys: order_key, touch_position
-- params: attribution_lookback_days, attribution_reset_after_conversion
-- columns:
--   order_key text: the order
--   touch_position integer: 1 for the earliest touch of the path
--   touches integer: touches of the path
--   channels integer: different channels of the path
--   channel_touches integer: touches of the path that have this one's channel
--   last_non_direct integer: position of the last touch that is not direct; of the last one when all are
--   touch_id text: the touch
--   canonical_segment_id text: who ordered
--   touch_at timestamp: when the touch was
--   days_before_order float: days from the touch to the order, exact
--   channel text: channel
--   campaign text: utm_campaign, or (none)
--   source text: utm_source or what stands for it, or (none)
--   medium text: utm_medium, or (none)
--   content text: utm_content, or (none)
--   term text: utm_term, or (none)
-- checks:
--   after_the_touch: days_before_order < 0
with conversions as (
  select order_key, canonical_segment_id, ordered_at,
    lag(ordered_at) over (partition by canonical_segment_id order by ordered_at, order_key) as ordered_before
  from attribution_entries
  where entry_kind = 'order' and canonical_segment_id is not null
),
eligible as (
  select c.order_key, c.ordered_at, t.touch_id, t.touch_number, t.canonical_segment_id, t.touch_at, t.channel,
    t.campaign, t.source, t.medium, t.content, t.term
  from conversions as c
  join touches as t on t.canonical_segment_id = c.canonical_segment_id
  where t.touch_at <= c.ordered_at and t.touch_at >= add_days(c.ordered_at, -$attribution_lookback_days)
    and (not $attribution_reset_after_conversion or c.ordered_before is null or t.touch_at > c.ordered_before)
),
placed as (
  select order_key, ordered_at, touch_id, canonical_segment_id, touch_at, channel, campaign, source, medium, content,
    term,
    row_number() over (partition by order_key order by touch_number) as touch_position,
    count(*) over (partition by order_key) as touches,
    row_number() over (partition by order_key, channel order by touch_number) as place_in_channel,
    count(*) over (partition by order_key, channel) as channel_touches
  from eligible
)
select order_key, touch_position, touches,
  sum(case when place_in_channel = 1 then 1 else 0 end) over (partition by order_key) as channels, channel_touches,
  coalesce(
    max(case when channel <> 'direct' then touch_position end) over (partition by order_key), touches
  ) as last_non_direct,
  touch_id, canonical_segment_id, touch_at, seconds_between(touch_at, ordered_at) / 86400.0 as days_before_order,
  channel, coalesce(campaign, '(none)') as campaign, coalesce(source, '(none)') as source,
  coalesce(medium, '(none)') as medium, coalesce(content, '(none)') as content, coalesce(term, '(none)') as term
from placed
