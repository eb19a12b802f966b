-- How many of those who first came in a month came again so many months later.
-- In: cohort_retention. Out: cohort, months, people, retention. Reader: loader.report.sections.usage.
select cohort, months, people, retention
from cohort_retention
order by cohort, months
