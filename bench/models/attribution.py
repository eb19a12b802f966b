"""Attribution over ten times the touches: the ratio of times.

    python -m bench.models.attribution               # 100 k touches and 10 k orders, then 1 M and 100 k
    python -m bench.models.attribution --touches 1000000 --orders 100000     # then 10 M and 1 M

Each size is a warehouse of its own, written by SQL. `loader models run` makes everything from orders to the summary,
checks included, in a process of its own.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Final

import duckdb

from bench.load.measure import Run, run_process

FACTOR: Final = 10
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


def a_project(folder: Path, touches: int, orders: int, memory: str) -> Path:
    """A warehouse of so many touches and orders and its loader.yaml, which is returned."""
    (folder / "models").mkdir(parents=True)
    for name, text in zip(_STAND_INS, (_PROFILES, _SESSIONS), strict=True):
        (folder / "models" / f"{name}.sql").write_text(text, encoding="utf-8")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'; set threads = 2; create schema web")
        for statement, rows in ((_PAGES, touches), (_ORDERS, orders)):
            connection.execute(statement.format(rows=rows, users=orders))
    config = folder / "loader.yaml"
    settings = {
        "warehouse": {"path": "./warehouse.duckdb"},
        "sources": [{"name": "web", "archive": {"uri": "./archive"}}],
        "resources": {"memory": memory, "threads": 2, "work_dir": "./work"},
        "models": {"as_of": "2026-12-31"},
    }
    config.write_text(json.dumps(settings), encoding="utf-8")
    return config


def measure(folder: Path, touches: int, orders: int, memory: str) -> Run:
    """One run. The checks of the models stop it when an order does not add up."""
    config = a_project(folder, touches, orders, memory)
    loader = [sys.executable, "-m", "loader", "models", "run", "--config", str(config), "--json"]
    run_process("stand-ins", [*loader, "--select", *_STAND_INS], touches)
    return run_process("attribution", [*loader, "--select", *_MODELS], touches)


def main() -> None:
    """Both sizes and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--touches", type=int, default=100_000, help="touches of the smaller warehouse")
    parser.add_argument("--orders", type=int, default=10_000, help="orders of the smaller warehouse")
    parser.add_argument("--memory", default="1500MB", help="resources.memory of both")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        runs = []
        for factor in (1, FACTOR):
            folder = Path(temporary) / str(factor)
            run = measure(folder, given.touches * factor, given.orders * factor, given.memory)
            runs.append(run)
            slowest = sorted(run.report["models"], key=lambda model: -model["seconds"])[:3]
            print(f"{given.touches * factor:,} touches: {run.wall_seconds:.1f} s, {run.peak_mib:,.0f} MiB; ", end="")
            print(", ".join(f"{m['name']} {m['rows']:,} rows {m['seconds']:.1f} s" for m in slowest))
        print(f"ratio of times: {runs[1].wall_seconds / runs[0].wall_seconds:.1f} for {FACTOR} times the touches")


if __name__ == "__main__":
    main()
