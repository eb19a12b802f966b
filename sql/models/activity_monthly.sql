-- Months in which each person was active: had a page, screen or track call.
-- grain: one row per profile and month in which it was active, before as_of
-- keys: canonical_segment_id, month
-- params: as_of, timezone
-- columns:
--   canonical_segment_id text: profile
--   month date: first day of the month, in the configured time zone
--   cohort_month date: month in which the profile was first active
--   months_since integer: months from cohort_month to month; 0 is the first
--   active_days integer: days of the month on which it was active
--   events integer: pages, screens and events
-- checks:
--   bounds: months_since < 0 or active_days < 1 or active_days > 31 or events < active_days
--   begins_at_nothing: (months_since = 0) <> (month = cohort_month)
with days as (
  select p.canonical_segment_id, local_day(e.timestamp, $timezone) as day, count(*) as events
  from events as e
  join event_profiles as p on p.source = e.source and p.call = e.call and p.event_id = e.id
  where e.call in ('page', 'screen', 'track') and e.timestamp < $as_of
  group by p.canonical_segment_id, local_day(e.timestamp, $timezone)
),
months as (
  select canonical_segment_id, cast(date_trunc('month', day) as date) as month, count(*) as active_days,
    sum(events) as events
  from days
  group by canonical_segment_id, cast(date_trunc('month', day) as date)
),
cohorts as (
  select canonical_segment_id, min(month) as cohort_month from months group by canonical_segment_id
)
select m.canonical_segment_id, m.month, c.cohort_month,
  (extract(year from m.month) - extract(year from c.cohort_month)) * 12
    + extract(month from m.month) - extract(month from c.cohort_month) as months_since,
  m.active_days, m.events
from months as m
join cohorts as c on c.canonical_segment_id = m.canonical_segment_id
