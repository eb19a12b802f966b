-- What each attribution model credits to each channel.
-- In: attribution_summary. Out: channel, model, orders, revenue. Reader: loader.report.sections.marketing.
select value as channel, model, orders, revenue
from attribution_summary
where dimension = 'channel'
order by model, channel
