"""Attribution over ten times the touches and orders.

Each size is a warehouse of its own, written by SQL, with an order for ten touches. All from orders to the summary
is made; its checks prove that every order adds up.
"""

from pathlib import Path
from typing import Final

import duckdb

from bench.load.measure import Result, Run
from bench.models.growth import over_sizes
from bench.models.options import Options
from bench.models.project import make_in_copy, make_models, write_project

TOUCHES_OF_ORDER: Final = 10
_COLUMNS: Final = """format('m{{:012d}}', n) as id,
    timestamptz '2026-01-01' + to_seconds(hash(n, 'at') % 7776000) as timestamp,
    timestamptz '2026-01-01' + to_seconds(hash(n, 'at') % 7776000 + 60) as received_at,
    format('user-{{:09d}}', hash(n, 'user') % {users}) as user_id, cast(null as varchar) as anonymous_id"""
_PAGES: Final = f"""create table web.pages as select {_COLUMNS}, 'https://shop.example/' as url,
    'medium-' || (hash(n, 'm') % 6) as context_campaign_medium,
    'campaign-' || (hash(n, 'c') % 20) as context_campaign_name from range({{rows}}) as numbers(n)"""
_ORDERS: Final = f"""create table web.order_completed as select {_COLUMNS}, 'o' || n as order_id,
    'Order Completed' as event_text, (hash(n, 'total') % 20000) / 100.0 as total from range({{rows}}) as numbers(n)"""
_PROFILES: Final = """\
-- Profile of each event, without resolving identities, which has a benchmark of its own.
-- grain: one row per call
-- keys: none
-- columns:
--   source text: source
--   call text: call
--   event_id text: message id
--   canonical_segment_id text: profile
select source, call, id as event_id, user_id as canonical_segment_id from input_pages
union all
select source, call, id, user_id from input_order_completed
"""
_SESSIONS: Final = """\
-- Every page is a session: sessions have a benchmark of their own.
-- grain: one row per page call
-- keys: none
-- columns:
--   source text: source
--   call text: call
--   event_id text: message id
--   session_id text: session
select source, call, id as event_id, id as session_id from input_pages
"""
_STAND_INS: Final = ("event_profiles", "session_events")
_MODELS: Final = (
    "order_events",
    "order_rates",
    "order_values",
    "order_refunds",
    "orders",
    "touches",
    "attribution_entries",
    "attribution_paths",
    "markov",
    "attribution",
    "campaign_costs",
    "attribution_summary",
)


def attribution(options: Options) -> Result:
    """Touches with a tenth as many orders, and ten times both: CPU, time and memory from orders to the summary."""
    return over_sizes(options, options.touches, "touches", a_project, _measure)


def a_project(folder: Path, touches: int, memory: str) -> None:
    """A warehouse of so many touches, and a tenth as many orders and people."""
    orders = touches // TOUCHES_OF_ORDER
    warehouse = write_project(folder, memory, dict(zip(_STAND_INS, (_PROFILES, _SESSIONS), strict=True)))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'; set threads = 2; create schema web")
        for statement, rows in ((_PAGES, touches), (_ORDERS, orders)):
            connection.execute(statement.format(rows=rows, users=orders))
    make_models(folder, "stand-ins", touches, _STAND_INS)


def _measure(folder: Path, variant: str, touches: int) -> Run:
    return make_in_copy(folder, variant, touches, _MODELS)
