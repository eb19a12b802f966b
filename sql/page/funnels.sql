-- Every step of the ordered funnels.
-- In: funnel_steps. Out: funnel, step, name, people, from_previous, from_first. Reader: loader.report.digest.
select funnel, step, name, people, from_previous, from_first
from funnel_steps
order by funnel, step
