-- Each order, and each refund that is a row of its own, divided among the touches before it, by eight models. In each
-- model the amounts of an entry add up to it exactly: in whole smallest units, with the largest remainders rounded up
-- and ties going to the earliest touch. An entry without a touch is one row of the channel (unattributed); so is an
-- amount above 9,000,000,000,000 smallest units, which is surely a mistake and could not be divided exactly.
-- grain: one row per model, order or refund, and touch that gets a part
-- keys: model, order_key, entry_id, touch_id
-- params: attribution_half_life_days, currency_decimals
-- passes: order_key, 3000 bytes a row
-- columns:
--   model text: first, last, last_non_direct, linear, position, time_decay, markov or shapley
--   order_key text: the order
--   entry_id text: `order`, or the refund
--   entry_kind text: order or refund
--   touch_id text: the touch, or (unattributed)
--   canonical_segment_id text: who ordered
--   entry_at timestamp: when the order was completed or paid back
--   entry_day date: its day in `timezone`
--   touch_at timestamp: when the touch was
--   touch_position integer: place of the touch in the path, 1 for the earliest
--   touches integer: touches of the path; 0 without
--   channel text: channel of the touch, or (unattributed)
--   campaign text: utm_campaign, or (none)
--   source text: utm_source or what stands for it, or (none)
--   medium text: utm_medium, or (none)
--   content text: utm_content, or (none)
--   term text: utm_term, or (none)
--   weight float: share of the touch; 1 in all
--   revenue decimal: amount of the touch; negative for refunds
--   orders float: weight of an order, negative for the refund that leaves nothing of it
--   first_orders float: the same, of first orders of people only
-- checks:
--   each_entry_adds_up: select a.model, a.order_key, a.entry_id, e.amount, sum(a.revenue) as attributed
--     from attribution as a
--     join attribution_entries as e on e.order_key = a.order_key and e.entry_id = a.entry_id
--     group by a.model, a.order_key, a.entry_id, e.amount
--     having sum(a.revenue) <> e.amount or abs(sum(a.weight) - 1) > 0.000000001
--   reconciles_per_day_and_model: select model, entry_day, sum(amount) as difference from (
--       select model, entry_day, revenue as amount from attribution
--       union all
--       select m.model, e.entry_day, -e.amount from attribution_entries as e cross join (
--         select 'first' as model union all select 'last' union all select 'last_non_direct' union all
--         select 'linear' union all select 'position' union all select 'time_decay' union all
--         select 'markov' union all select 'shapley'
--       ) as m
--     ) as both_sides group by model, entry_day having sum(amount) <> 0
--   reconciles_with_orders: select model, sum(revenue) as attributed from attribution
--     group by model having sum(revenue) <> (select coalesce(sum(net), 0) from orders)
with removal as (
  select m.channel, m.removal_effect from attribution_markov as m
  join attribution_markov_fit as f on f.is_used
),
paths as (
  select p.order_key, p.touch_position, p.touches, p.channels, p.channel_touches, p.last_non_direct,
    -- Integers, as parts of 10^12, so that sums do not depend on the order of rows. Relative to the newest touch, so
    -- that they never round to zero.
    cast(round(1000000000000 * power(cast(2 as double), greatest(-1000.0, (
      min(p.days_before_order) over (partition by p.order_key) - p.days_before_order
    ) / $attribution_half_life_days))) as bigint) as decay,
    cast(round(1000000000000 * coalesce(r.removal_effect, 0) / p.channel_touches) as bigint) as loss
  from attribution_paths as p
  left join removal as r on r.channel = p.channel
),
summed as (
  select order_key, touch_position, touches, channels, channel_touches, last_non_direct, decay, loss,
    sum(decay) over (partition by order_key) as decay_of_path, sum(loss) over (partition by order_key) as loss_of_path
  from paths
),
weighted as (
  select 'first' as model, order_key, touch_position, cast(1 as double) as weight from summed where touch_position = 1
  union all
  select 'last', order_key, touch_position, cast(1 as double) from summed where touch_position = touches
  union all
  select 'last_non_direct', order_key, touch_position, cast(1 as double)
  from summed where touch_position = last_non_direct
  union all
  select 'linear', order_key, touch_position, cast(1 as double) / touches from summed
  union all
  select 'position', order_key, touch_position,
    case
      when touches = 1 then cast(1 as double)
      when touches = 2 then cast(0.5 as double)
      when touch_position in (1, touches) then cast(0.4 as double)
      else cast(0.2 as double) / (touches - 2)
    end
  from summed
  union all
  select 'time_decay', order_key, touch_position, cast(decay as double) / cast(decay_of_path as double) from summed
  union all
  select 'markov', order_key, touch_position,
    case
      when loss_of_path = 0 then cast(1 as double) / touches
      else cast(loss as double) / cast(loss_of_path as double)
    end
  from summed
  union all
  select 'shapley', order_key, touch_position, cast(1 as double) / (channels * channel_touches) from summed
),
-- Millionths of the smallest unit, whole numbers: the same in every warehouse.
shared as (
  select w.model, w.order_key, e.entry_id, w.touch_position, w.weight, e.amount, e.orders, e.is_first_order,
    cast(round(abs(e.amount) * power(10, $currency_decimals)) as bigint) as units,
    cast(round(
      cast(round(abs(e.amount) * power(10, $currency_decimals)) as double) * w.weight * 1000000
    ) as bigint) as exact
  from weighted as w
  join attribution_entries as e on e.order_key = w.order_key
  where w.weight > 0 and abs(e.amount) * power(10, $currency_decimals) <= 9000000000000
),
ranked as (
  select model, order_key, entry_id, touch_position, weight, amount, orders, is_first_order,
    (exact - exact % 1000000) as floored,
    -- Both windows have the same order, so rows are sorted once.
    units * 1000000 - sum(exact - exact % 1000000) over (
      partition by order_key, entry_id, model order by exact % 1000000 desc, touch_position
      rows between unbounded preceding and unbounded following
    ) as left_over,
    1000000 * row_number() over (
      partition by order_key, entry_id, model order by exact % 1000000 desc, touch_position
    ) as place
  from shared
),
exact_amounts as (
  select model, order_key, entry_id, touch_position, weight, orders, is_first_order,
    case when amount < 0 then -1 else 1 end * round(cast(
      cast(floored + case when place <= left_over then 1000000 else 0 end as decimal(28, 6))
      / (1000000 * power(10, $currency_decimals)) as decimal(28, 6)
    ), $currency_decimals) as revenue
  from ranked
),
models as (
  select 'first' as model union all select 'last' union all select 'last_non_direct' union all select 'linear'
  union all select 'position' union all select 'time_decay' union all select 'markov' union all select 'shapley'
)
select x.model, x.order_key, x.entry_id, e.entry_kind, p.touch_id, e.canonical_segment_id, e.entry_at, e.entry_day,
  p.touch_at, p.touch_position, p.touches, p.channel, p.campaign, p.source, p.medium, p.content, p.term, x.weight,
  x.revenue, x.orders * x.weight as orders, case when x.is_first_order then x.orders * x.weight else 0 end as first_orders
from exact_amounts as x
join attribution_entries as e on e.order_key = x.order_key and e.entry_id = x.entry_id
join attribution_paths as p on p.order_key = x.order_key and p.touch_position = x.touch_position
union all
select m.model, e.order_key, e.entry_id, e.entry_kind, '(unattributed)', e.canonical_segment_id, e.entry_at,
  e.entry_day, null, null, 0, '(unattributed)', '(none)', '(none)', '(none)', '(none)', '(none)', 1, e.amount, e.orders,
  case when e.is_first_order then e.orders else 0 end
from attribution_entries as e
cross join models as m
left join attribution_paths as p on p.order_key = e.order_key and p.touch_position = 1
where p.order_key is null or abs(e.amount) * power(10, $currency_decimals) > 9000000000000
