-- Revenue, orders, costs and return of each channel, campaign, source, medium, content and term, and of all together.
-- Costs count at the level at which they are given: a campaign has all of its costs, a source or medium only the lines
-- that name it. Something that cost money and sold nothing has a row as well.
-- grain: one row per model, dimension and value
-- keys: model, dimension, value
-- params: campaigns_margin, currency_decimals
-- columns:
--   model text: attribution model
--   dimension text: all, channel, campaign, source, medium, content or term
--   value text: value of the dimension; (all), (none), (unattributed)
--   revenue decimal: attributed revenue, refunds taken off
--   orders float: attributed orders
--   first_orders float: attributed first orders of people, which are new customers
--   cost decimal: all costs; empty where none is known at this level
--   media_cost decimal: costs of media among them
--   person_cost decimal: costs of people among them
--   profit decimal: revenue times `margin`
--   roi float: (profit - cost) / cost; empty without cost
--   roas float: revenue / media cost; empty without media cost
--   cost_per_order float: cost / orders; empty without cost or orders
--   cac float: cost / first orders; empty without cost or first orders
-- checks:
--   dimensions_add_up: select model, dimension, sum(revenue) as revenue from attribution_summary
--     group by model, dimension having sum(revenue) <> (select coalesce(sum(net), 0) from orders)
with counted as (
  -- Decimals, so that sums do not depend on the order of rows.
  select model, channel, campaign, source, medium, content, term, revenue, cast(orders as decimal(28, 12)) as orders,
    cast(first_orders as decimal(28, 12)) as first_orders
  from attribution
),
valued as (
  select model, 'all' as dimension, '(all)' as value, sum(revenue) as revenue, sum(orders) as orders,
    sum(first_orders) as first_orders
  from counted group by model
  union all
  select model, 'channel', channel, sum(revenue), sum(orders), sum(first_orders) from counted group by model, channel
  union all
  select model, 'campaign', campaign, sum(revenue), sum(orders), sum(first_orders)
  from counted group by model, campaign
  union all
  select model, 'source', source, sum(revenue), sum(orders), sum(first_orders) from counted group by model, source
  union all
  select model, 'medium', medium, sum(revenue), sum(orders), sum(first_orders) from counted group by model, medium
  union all
  select model, 'content', content, sum(revenue), sum(orders), sum(first_orders)
  from counted group by model, content
  union all
  select model, 'term', term, sum(revenue), sum(orders), sum(first_orders) from counted group by model, term
),
spent as (
  select 'all' as dimension, '(all)' as value, cost_type, amount from campaign_costs where amount is not null
  union all
  select 'campaign', campaign, cost_type, amount from campaign_costs where amount is not null
  union all
  select 'source', source, cost_type, amount from campaign_costs where amount is not null and source is not null
  union all
  select 'medium', medium, cost_type, amount from campaign_costs where amount is not null and medium is not null
  union all
  select 'channel', lower(medium), cost_type, amount
  from campaign_costs where amount is not null and medium is not null
),
models as (
  select 'first' as model union all select 'last' union all select 'last_non_direct' union all select 'linear'
  union all select 'position' union all select 'time_decay' union all select 'markov' union all select 'shapley'
),
costs as (
  select m.model, s.dimension, s.value, sum(s.amount) as cost,
    sum(case when s.cost_type = 'media' then s.amount else 0 end) as media_cost,
    sum(case when s.cost_type = 'person' then s.amount else 0 end) as person_cost
  from spent as s cross join models as m
  group by m.model, s.dimension, s.value
),
joined as (
  select coalesce(v.model, c.model) as model, coalesce(v.dimension, c.dimension) as dimension,
    coalesce(v.value, c.value) as value, coalesce(v.revenue, 0) as revenue,
    cast(round(coalesce(v.orders, 0), 9) as double) as orders,
    cast(round(coalesce(v.first_orders, 0), 9) as double) as first_orders, c.cost, c.media_cost, c.person_cost
  from valued as v
  full outer join costs as c on c.model = v.model and c.dimension = v.dimension and c.value = v.value
)
select model, dimension, value, revenue, orders, first_orders, cost,
  media_cost, person_cost,
  round(cast(cast(revenue as double) * $campaigns_margin as decimal(28, 6)), $currency_decimals) as profit,
  (cast(revenue as double) * $campaigns_margin - cast(cost as double)) / nullif(cast(cost as double), 0) as roi,
  cast(revenue as double) / nullif(cast(media_cost as double), 0) as roas,
  nullif(cast(cost as double), 0) / nullif(orders, 0) as cost_per_order,
  nullif(cast(cost as double), 0) / nullif(first_orders, 0) as cac
from joined
