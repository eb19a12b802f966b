-- Monthly tracked users: users, and devices that no call of the month has together with a user; calls, objects, and the
-- used share of the plan. Months are UTC months of arrival, over all rows, regardless of as_of.
-- grain: one row per month with calls or objects
-- keys: period_start
-- params: usage_mtu_allowance, usage_calls_per_mtu, usage_exclude_sources
-- columns:
--   period_start date: first day of the month
--   users integer: distinct user ids
--   anonymous_only integer: distinct anonymous ids that no call of the month has together with a user id
--   mtu integer: users and anonymous_only
--   api_calls integer: calls that arrived; each call of a batch is one
--   objects integer: records of object sources that arrived
--   mtu_allowance integer: tracked users that the plan includes; NULL when it is not configured
--   included_calls integer: calls and objects that the plan includes
--   throughput float: calls and objects for each tracked user of the plan; NULL without an allowance
--   is_over_allowance boolean: whether more users were tracked, or more sent, than the plan includes
-- checks:
--   bounds: mtu < users or mtu <> users + anonymous_only or mtu > 2 * api_calls or anonymous_only < 0 or api_calls < 0
--   every_call: select sum(api_calls) from mtu_monthly having sum(api_calls) <>
--     (select count(*) from events where coalesce(source in ($usage_exclude_sources), false) = false)
with calls as (
  select cast(date_trunc('month', received_at) as date) as period_start,
    nullif(user_id, '') as user_id, nullif(anonymous_id, '') as anonymous_id
  from events
  where coalesce(source in ($usage_exclude_sources), false) = false
),
call_counts as (
  select period_start, count(*) as api_calls from calls group by period_start
),
user_ids as (
  select period_start, user_id from calls where user_id is not null group by period_start, user_id
),
user_counts as (
  select period_start, count(*) as users from user_ids group by period_start
),
-- One row per device and month: whether any of its calls in that month names a user.
anonymous_ids as (
  select period_start, anonymous_id, max(case when user_id is null then 0 else 1 end) as is_associated
  from calls
  where anonymous_id is not null
  group by period_start, anonymous_id
),
anonymous_counts as (
  select period_start, sum(1 - is_associated) as anonymous_only from anonymous_ids group by period_start
),
object_counts as (
  select cast(date_trunc('month', received_at) as date) as period_start, sum(coalesce(records, 1)) as objects
  from input_object_records
  where received_at is not null
  group by cast(date_trunc('month', received_at) as date)
),
periods as (
  select period_start from call_counts union select period_start from object_counts
),
counted as (
  select p.period_start, coalesce(u.users, 0) as users, coalesce(a.anonymous_only, 0) as anonymous_only,
    coalesce(u.users, 0) + coalesce(a.anonymous_only, 0) as mtu,
    coalesce(c.api_calls, 0) as api_calls, coalesce(o.objects, 0) as objects,
    cast($usage_mtu_allowance as bigint) as mtu_allowance
  from periods as p
  left join call_counts as c on c.period_start = p.period_start
  left join user_counts as u on u.period_start = p.period_start
  left join anonymous_counts as a on a.period_start = p.period_start
  left join object_counts as o on o.period_start = p.period_start
)
select period_start, users, anonymous_only, mtu, api_calls, objects, mtu_allowance,
  mtu_allowance * $usage_calls_per_mtu as included_calls,
  cast(api_calls + objects as double) / mtu_allowance as throughput,
  mtu > mtu_allowance or api_calls + objects > mtu_allowance * $usage_calls_per_mtu as is_over_allowance
from counted
