-- Tracked users of the month so far, day by day, for each source and for all of them together. When a device first
-- appears with a user, it no longer counts as a device, so the count may fall.
-- grain: one row per source and day with calls
-- keys: source, day
-- params: usage_exclude_sources
-- columns:
--   source text: source, by its schema; `(all)` is all of them together, which is not the sum, since users repeat
--   day date: day of arrival, UTC
--   period_start date: first day of its month
--   api_calls integer: calls of the day
--   new_users integer: user ids seen for the first time in the month
--   new_anonymous integer: anonymous ids seen for the first time in the month
--   users integer: user ids of the month so far
--   anonymous_only integer: anonymous ids of the month so far that no call so far has together with a user id
--   mtu integer: users and anonymous_only
-- checks:
--   bounds: mtu <> users + anonymous_only or anonymous_only < 0 or new_users > users
--   ends_as_the_month: select m.period_start, m.mtu, d.mtu as mtu_of_last_day from mtu_monthly as m
--     join (select period_start, mtu, row_number() over (partition by period_start order by day desc) as place
--       from mtu_daily_cumulative where source = '(all)') as d on d.period_start = m.period_start and d.place = 1
--     where m.mtu <> d.mtu
with calls as (
  select source, cast(received_at as date) as day, cast(date_trunc('month', received_at) as date) as period_start,
    nullif(user_id, '') as user_id, nullif(anonymous_id, '') as anonymous_id
  from events
  where coalesce(source in ($usage_exclude_sources), false) = false
),
call_counts as (
  select source, period_start, day, count(*) as api_calls from calls group by source, period_start, day
),
users_of_sources as (
  select source, period_start, user_id, min(day) as day
  from calls
  where user_id is not null
  group by source, period_start, user_id
),
devices_of_sources as (
  select source, period_start, anonymous_id, min(day) as day,
    min(case when user_id is not null then day end) as associated_day
  from calls
  where anonymous_id is not null
  group by source, period_start, anonymous_id
),
all_calls as (
  select source, period_start, day, api_calls from call_counts
  union all
  select '(all)', period_start, day, sum(api_calls) from call_counts group by period_start, day
),
first_users as (
  select source, period_start, user_id, day from users_of_sources
  union all
  select '(all)', period_start, user_id, min(day) from users_of_sources group by period_start, user_id
),
first_devices as (
  select source, period_start, anonymous_id, day, associated_day from devices_of_sources
  union all
  select '(all)', period_start, anonymous_id, min(day), min(associated_day)
  from devices_of_sources
  group by period_start, anonymous_id
),
changes as (
  select source, day, 1 as users, 0 as devices, 0 as associated from first_users
  union all
  select source, day, 0, 1, 0 from first_devices
  union all
  select source, associated_day, 0, 0, 1 from first_devices where associated_day is not null
),
days as (
  select source, day, sum(users) as users, sum(devices) as devices, sum(associated) as associated
  from changes
  group by source, day
),
counted as (
  select c.source, c.day, c.period_start, c.api_calls, coalesce(d.users, 0) as new_users,
    coalesce(d.devices, 0) as new_anonymous,
    sum(coalesce(d.users, 0)) over (partition by c.source, c.period_start order by c.day) as users,
    sum(coalesce(d.devices, 0) - coalesce(d.associated, 0))
      over (partition by c.source, c.period_start order by c.day) as anonymous_only
  from all_calls as c
  left join days as d on d.source = c.source and d.day = c.day
)
select source, day, period_start, api_calls, new_users, new_anonymous, users, anonymous_only,
  users + anonymous_only as mtu
from counted
