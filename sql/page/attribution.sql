-- What each attribution model gives to each channel.
-- In: attribution_summary. Out: channel, model, orders, revenue, cost. Reader: loader.report.sections.marketing.
select channel, model, sum(orders) as orders, sum(revenue) as revenue
from attribution_summary
group by channel, model
order by channel, model
