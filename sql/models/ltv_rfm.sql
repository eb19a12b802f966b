-- How often, how recently and for how much people order: the inputs of BG/NBD and Gamma-Gamma, and those of Segment's
-- guide, which counts differently. Days are calendar days in `models.timezone`; the last day that counts is the day
-- before `as_of`.
-- grain: one row per profile with an order
-- keys: canonical_segment_id
-- params: ltv_as_of, ltv_guide_window_days, timezone
-- columns:
--   canonical_segment_id text: profile
--   as_of timestamp: orders before this instant count
--   orders integer: orders so far
--   x integer: days with an order after the first such day (repeat orders)
--   t_x_days integer: days from the first to the last day with an order; 0 without a repeat order
--   age_days integer: days from the first day with an order to the last day that counts (T of the literature)
--   first_order_at timestamp: first order
--   last_order_at timestamp: last order
--   mean_order float: mean value of all orders
--   valued_repeat_days integer: repeat days whose value is above zero; only these inform Gamma-Gamma
--   mean_repeat_order float: mean value of those days; null without one
--   monetary_total decimal: value of all orders
--   days_since_last integer: days from the last day with an order to the last day that counts
--   days_since_first integer: the same from the first; equals age_days
--   guide_orders integer: orders in the guide's window (`models.ltv.guide_window_days`)
--   guide_days_since_last integer: days since the last order in the window; 0 without one
--   guide_days_since_first integer: days since the first order in the window; 0 without one
--   guide_mean_order float: mean value of the orders in the window; 0 without one
-- checks:
--   repeats_take_time: x < 0 or t_x_days < x or (x = 0 and t_x_days <> 0)
--   within_age: t_x_days > age_days or age_days < 0
--   valued_days: valued_repeat_days > x
with bound as (
    select local_day($ltv_as_of - interval '1 microsecond', $timezone) as last_day
),
numbered as (
    select
        d.canonical_segment_id, d.order_day, d.orders, d.value, d.first_order_at, d.last_order_at, b.last_day,
        row_number() over (partition by d.canonical_segment_id order by d.order_day) as place,
        case when b.last_day - d.order_day < $ltv_guide_window_days then d.orders else 0 end as guide_orders,
        case when b.last_day - d.order_day < $ltv_guide_window_days then d.value else 0 end as guide_value,
        case when b.last_day - d.order_day < $ltv_guide_window_days then d.order_day end as guide_day
    from ltv_order_days as d
    cross join bound as b
),
judged as (
    select
        canonical_segment_id, order_day, orders, value, first_order_at, last_order_at, last_day,
        guide_orders, guide_value, guide_day,
        case when place > 1 and value > 0 then value end as repeat_value
    from numbered
)
select
    canonical_segment_id,
    $ltv_as_of as as_of,
    sum(orders) as orders,
    count(*) - 1 as x,
    max(order_day) - min(order_day) as t_x_days,
    max(last_day) - min(order_day) as age_days,
    min(first_order_at) as first_order_at,
    max(last_order_at) as last_order_at,
    cast(sum(value) as double) / sum(orders) as mean_order,
    count(repeat_value) as valued_repeat_days,
    cast(sum(repeat_value) as double) / nullif(count(repeat_value), 0) as mean_repeat_order,
    sum(value) as monetary_total,
    max(last_day) - max(order_day) as days_since_last,
    max(last_day) - min(order_day) as days_since_first,
    sum(guide_orders) as guide_orders,
    coalesce(max(last_day) - max(guide_day), 0) as guide_days_since_last,
    coalesce(max(last_day) - min(guide_day), 0) as guide_days_since_first,
    coalesce(cast(sum(guide_value) as double) / nullif(sum(guide_orders), 0), 0) as guide_mean_order
from judged
group by canonical_segment_id
