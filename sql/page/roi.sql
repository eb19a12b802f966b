-- Revenue against cost of each campaign, by attribution model.
-- In: attribution_summary. Out: campaign, model, revenue, cost, roi. Reader: loader.report.sections.marketing.
select campaign, model, revenue, cost, roi
from attribution_summary
order by campaign, model
