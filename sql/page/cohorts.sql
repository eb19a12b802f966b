-- How many of those who were first active in a month were active again so many months later; only months that are over.
-- In: cohort_retention. Out: cohort_month, months_since, cohort_people, retention. Reader: loader.report.sections.usage.
select cohort_month, months_since, cohort_people, retention
from cohort_retention
where is_complete or months_since = 0
order by cohort_month, months_since
