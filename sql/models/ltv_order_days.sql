-- The days on which people ordered. For lifetime value, all orders of one person on one day are one purchase.
-- grain: one row per profile and day of an order, before the `as_of` of lifetime value
-- keys: canonical_segment_id, order_day
-- params: ltv_as_of, ltv_sources, timezone
-- columns:
--   canonical_segment_id text: profile
--   order_day date: calendar day in `models.timezone`
--   orders integer: orders of the day that were neither cancelled nor paid back in full
--   value decimal: net value of these orders
--   first_order_at timestamp: first order of the day
--   last_order_at timestamp: last order of the day
-- checks:
--   some_order: orders < 1
--   in_order: last_order_at < first_order_at
with counted as (
    select canonical_segment_id, local_day(ordered_at, $timezone) as order_day, ordered_at, net
    from orders
    where ordered_at < $ltv_as_of
      and canonical_segment_id is not null
      and not is_removed
      -- An empty list of sources becomes IN (NULL), which is NULL: then every source counts.
      and coalesce(source in ($ltv_sources), true)
)
select
    canonical_segment_id,
    order_day,
    count(*) as orders,
    sum(net) as value,
    min(ordered_at) as first_order_at,
    max(ordered_at) as last_order_at
from counted
group by canonical_segment_id, order_day
