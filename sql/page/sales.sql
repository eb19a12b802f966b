-- Orders and their revenue, by month.
-- In: orders. Out: month, orders, removed, buyers, gross, cancelled, refunded, net, currency.
-- Reader: loader.report.sections.sales.
select
    date_trunc('month', order_day)::date as "month", count(*) filter (where not is_removed) as orders,
    count(*) filter (where is_removed) as removed,
    count(distinct canonical_segment_id) filter (where not is_removed) as buyers,
    sum(gross) as gross, sum(gross - refunded - net) as cancelled, sum(refunded) as refunded, sum(net) as net,
    min(currency) as currency
from orders
group by 1
order by 1
