-- Buyers in ten equal groups by what they are expected to be worth.
-- In: ltv_scores. Out: decile, people, mean_clv, total_clv, mean_p_alive, mean_expected_orders.
-- Reader: loader.report.sections.lifetime.
select
    decile, count(*) as people, avg(clv) as mean_clv, sum(clv) as total_clv, avg(p_alive) as mean_p_alive,
    avg(expected_orders) as mean_expected_orders
from ltv_scores
where decile is not null
group by decile
order by decile
