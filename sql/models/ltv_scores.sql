-- Who will order again, how often, and for how much: everybody with an order, scored with the parameters in
-- `ltv_params`.
-- grain: one row per profile with an order; none where `ltv_params` has a problem
-- keys: canonical_segment_id
-- params: ltv_margin
-- columns:
--   canonical_segment_id text: profile
--   run_id text: of the parameters
--   p_alive float: probability of being a customer still; 1 without a repeat order, which is a property of BG/NBD
--   expected_orders float: repeat orders expected within `models.ltv.horizon_days`
--   expected_orders_soon float: the same within `models.audiences.likelihood_days`
--   expected_value decimal: expected value of one such order
--   clv decimal: margin of the orders expected within the horizon, in steps of 7 days discounted to today
--   guide_ltv decimal: the guide's recipe on these inputs: orders expected in its window times mean order, as an annuity
--   rank integer: 1 has the highest `clv`; equal ones by profile
--   decile integer: 1 is the tenth with the highest `clv`
-- checks:
--   probability: p_alive < 0 or p_alive > 1
--   not_negative: expected_orders < 0 or expected_orders_soon < 0 or clv < 0
--   everybody: select r.canonical_segment_id from ltv_rfm as r join ltv_params as p on p.problem is null
--     left join ltv_scores as s on s.canonical_segment_id = r.canonical_segment_id where s.canonical_segment_id is null
with odds as (
    select
        f.canonical_segment_id, f.x, f.age_days, f.valued_repeat_days, f.mean_order, p.run_id, p.p, p.q, p.v,
        p.guide_multiple,
        coalesce(f.mean_repeat_order, 0) as mean_repeat_order,
        -- ln(P(gone) / P(alive)), clamped because Postgres raises an error on overflow and underflow of floats.
        case
            when f.x > 0 then
                least(700, greatest(-700,
                    ln(p.a) - ln(p.b + f.x - 1)
                    + (p.r + f.x) * (ln(p.alpha + f.age_days) - ln(p.alpha + f.t_x_days))))
        end as log_odds
    from ltv_rfm as f
    cross join ltv_params as p
),
expected as (
    select
        o.canonical_segment_id, o.run_id,
        case when o.x > 0 then 1 / (1 + exp(o.log_odds)) else cast(1 as double) end as p_alive,
        o.p * (o.v + o.valued_repeat_days * o.mean_repeat_order)
          / (o.p * o.valued_repeat_days + o.q - 1) as expected_value,
        o.mean_order * o.guide_multiple as guide_value,
        g.expected_if_alive, g.soon_if_alive, g.discounted_if_alive, g.window_if_alive
    from odds as o
    join ltv_grid as g on g.x = o.x and g.age_days = o.age_days
),
valued as (
    select
        canonical_segment_id, run_id, p_alive, expected_value,
        p_alive * expected_if_alive as expected_orders,
        p_alive * soon_if_alive as expected_orders_soon,
        p_alive * discounted_if_alive * expected_value * $ltv_margin as clv,
        p_alive * window_if_alive * guide_value as guide_ltv
    from expected
)
select
    canonical_segment_id, run_id, p_alive, expected_orders, expected_orders_soon, expected_value, clv, guide_ltv,
    case when clv is not null then row_number() over (order by clv desc nulls last, canonical_segment_id) end as rank,
    case when clv is not null then ntile(10) over (order by clv desc nulls last, canonical_segment_id) end as decile
from valued
