-- How many of the people who were first active in a month were active again in each later month.
-- grain: one row per cohort and month from its own on, as long as anybody was active
-- keys: cohort_month, month
-- params: as_of, timezone
-- columns:
--   cohort_month date: month in which these people were first active
--   month date: month that is looked at
--   months_since integer: months between them
--   cohort_people integer: people of the cohort
--   people integer: those of them who were active in the month
--   retention float: people for each of cohort_people
--   is_complete boolean: whether the month was over at as_of
-- checks:
--   bounds: people > cohort_people or people < 0 or retention < 0 or retention > 1
--   starts_whole: months_since = 0 and people <> cohort_people
--   everybody: select sum(people) from cohort_retention having sum(people) <> (select count(*) from activity_monthly)
with cohorts as (
  select cohort_month, count(*) as cohort_people from activity_monthly where months_since = 0 group by cohort_month
),
months as (
  select month from activity_monthly group by month
),
active as (
  select cohort_month, month, count(*) as people from activity_monthly group by cohort_month, month
),
counted as (
  select c.cohort_month, m.month, c.cohort_people, coalesce(a.people, 0) as people,
    (extract(year from m.month) - extract(year from c.cohort_month)) * 12
      + extract(month from m.month) - extract(month from c.cohort_month) as months_since
  from cohorts as c
  join months as m on m.month >= c.cohort_month
  left join active as a on a.cohort_month = c.cohort_month and a.month = m.month
)
select cohort_month, month, months_since, cohort_people, people,
  cast(people as double) / cohort_people as retention,
  cast(month + interval '1 month' as date) <= local_day($as_of, $timezone) as is_complete
from counted
