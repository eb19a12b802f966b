-- Tracked users of each month.
-- In: mtu_monthly. Out: period_start, users, anonymous_only, mtu, api_calls. Reader: loader.report.sections.usage.
select period_start, users, anonymous_only, mtu, api_calls
from mtu_monthly
order by period_start
