-- How many of the people who were first active in a month were active again in later months; complete months only.
-- In: cohort_retention. Out: cohort_month, months_since, cohort_people, retention. Reader: loader.report.sections.usage.
select cohort_month, months_since, cohort_people, retention
from cohort_retention
where is_complete or months_since = 0
order by cohort_month, months_since
