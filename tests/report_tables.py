"""Tables of models as the page reads them, with made-up rows: a test of the page needs no run of the models."""

MODELS = {
    "mtu_monthly": """
select * from (values
  (date '2026-07-01', 310, 900, 1210, 8200), (date '2026-08-01', 402, 1100, 1502, 9900),
  (date '2026-09-01', 520, 1420, 1940, 15100), (date '2026-10-01', 610, 1500, 2110, 16900)
) as t(period_start, users, anonymous_only, mtu, api_calls)""",
    "id_graph": """
select 'use_' || n as segment_id, 'use_' || (case when n % 10 = 0 then n - 1 else n end) as canonical_segment_id
from range(1, 101) as t(n)""",
    "external_id_mapping": """
select 'use_' || (n % 40) as canonical_segment_id, (case n % 3 when 0 then 'user_id' when 1 then 'email' else 'anonymous_id' end) as type,
  (case n % 3 when 1 then 'person' || n || '@mail.example' else 'secret-' || n end) as value
from range(1, 101) as t(n)""",
    "identity_violations": """
select 'e' || n as event_id, (case when n < 8 then 'identifier_value_limit' else 'id_value_blocked' end) as code,
  'anonymous_id' as id_type, 'secret-' || n as id_value, 'use_1' as canonical_segment_id, null as detail
from range(1, 11) as t(n)""",
    "ltv_scores": """
select 'use_' || n as canonical_segment_id, 'run' as run_id, 0.9 - n / 200.0 as p_alive, 4.0 / n as expected_orders,
  20.0::decimal(28, 6) as expected_value, (500.0 / n)::decimal(28, 6) as clv, n as rank, (n - 1) // 10 + 1 as decile
from range(1, 101) as t(n)""",
    "ltv_params": """
select 'run' as run_id, timestamp '2026-11-01' as as_of, 100 as n, 365 as horizon_days, null::varchar as problem,
  null::varchar as value_problem, null::varchar as holdout_problem""",
    "ltv_holdout": """
select n as decile, date '2026-06-30' as calibrated_to, date '2026-10-31' as compared_to, 10 as people, 30.0 / n as expected_orders,
  (34 / n)::bigint as actual_orders, (600.0 / n)::decimal(28, 6) as expected_value, (640.0 / n)::decimal(28, 6) as actual_value
from range(1, 11) as t(n)""",
    "cohort_retention": """
select (date '2026-06-01' + to_months(c::integer))::date as cohort_month, (date '2026-06-01' + to_months((c + m)::integer))::date as month,
  m as months_since, 200 + 30 * c as cohort_people, ((200 + 30 * c) // (m + 1)) as people, round(1.0 / (m + 1), 3)::double as retention,
  c + m < 5 as is_complete
from range(0, 5) as c(c), range(0, 6) as m(m) where c + m <= 5""",
    "attribution_summary": """
select m as model, d as dimension, v as value, n / 10.0 as orders, (n * f)::decimal(28, 6) as revenue,
  c::decimal(28, 6) as cost, (n * f - c) / c as roi
from (values ('last', 1.0), ('linear', 0.9), ('first', 0.7)) as a(m, f),
  (values ('channel', 'email', 900, null), ('channel', 'paid-social', 400, null), ('channel', '(unattributed)', 80, null),
    ('campaign', 'national-toast-day', 900, 300), ('campaign', 'toast-your-friend', 400, 380), ('campaign', '(none)', 80, null)
  ) as t(d, v, n, c)""",
    "orders": """
select 'o' || n as order_key, 'use_' || n as canonical_segment_id, (date '2026-07-01' + n::integer)::date as order_day,
  (20.0 + n)::decimal(28, 6) as gross, (case when n % 9 = 0 then 5 else 0 end)::decimal(28, 6) as refunded,
  (20.0 + n - case when n % 9 = 0 then 5 else 0 end)::decimal(28, 6) as net, 'EUR' as currency, false as is_removed
from range(1, 121) as t(n)""",
    "campaign_performance": """
select d as dimension, v as value, n as store_visits, n // 2 as product_views, n // 5 as orders, (n * 11.5)::decimal(28, 6) as revenue,
  0.5::double as view_rate, 0.2::double as order_rate, 57.5::decimal(28, 6) as aov, 11.5::decimal(28, 6) as revenue_per_visit
from (values ('campaign', 'national-toast-day', 689), ('campaign', 'toast-your-friend', 1382), ('campaign', '(none)', 210),
  ('medium', 'email', 800), ('medium', 'paid-social', 400), ('medium', 'display', 150), ('source', 'twitter', 90)) as t(d, v, n)""",
}
"""What each table holds, as a query."""

SECRETS = ("secret-", "person", "mail.example", "use_")
"""Texts of these tables that name people: they must not be on a page."""
