-- Return on the cost of each campaign whose cost is known, by attribution model.
-- In: attribution_summary. Out: campaign, model, cost, roi. Reader: loader.report.sections.marketing.
select value as campaign, model, cost, roi
from attribution_summary
where dimension = 'campaign' and cost is not null
order by model, campaign
