"""Sessions over ten times the events: the ratio of times, and peak memory under a limit.

    python -m bench.models.sessions                        # 1 M and 10 M page calls
    python -m bench.models.sessions --events 100000        # 100 k and 1 M

Each size is a warehouse of its own: page calls of one source, written by SQL; a device sends 20 on average, on a few
days within 90 minutes; 5 % carry a campaign, 3 % happened a quarter of an hour later than they would in order.
`loader models run` then makes `session_events` and `sessions` in a process of its own.
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
TARGET: Final = 12.0
"""Times as long that ten times the events may take: a little more than linear."""
_ROWS: Final = """
    create table web.pages as
    select format('m{{:012d}}', n) as id,
      timestamptz '2026-01-01' + to_seconds(moment + 60) as received_at,
      timestamptz '2026-01-01' + to_seconds(case when n % 33 = 0 then moment + 900 else moment end) as timestamp,
      format('device-{{:09d}}', device) as anonymous_id,
      case when device % 5 = 0 then format('user-{{:09d}}', device // 2) end as user_id,
      'https://shop.example/products/' || (n % 5000) || case when n % 50 = 0 then '?gclid=g' || n else '' end as url,
      'https://shop.example/products/' || (n % 4999) as referrer,
      case when n % 20 = 0 then 'campaign-' || (n % 40) end as context_campaign_name,
      case when n % 20 = 0 then 'ads' end as context_campaign_source,
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148' as context_user_agent
    from (
      select n, hash(n) % ({events} // 20) as device,
        -- Visits of a device stand around a few days; inside of one, rows are minutes apart.
        (hash(n, 'visit') % 7) * 86400.0 * 12 + (hash(n, 'minute') % 90) * 60.0
          + (hash(n, 'part') % 1000) / 1000.0 as moment
      from range({events}) as numbers(n)
    ) as drawn
"""
_STAND_IN: Final = """\
-- Profile of each event, without resolving identities, which has a benchmark of its own.
-- grain: one row per page call
-- keys: none
-- columns:
--   source text: source
--   call text: call
--   event_id text: message id
--   canonical_segment_id text: profile
select source, call, id as event_id, coalesce(user_id, anonymous_id) as canonical_segment_id from input_pages
"""


def a_project(folder: Path, events: int, memory: str) -> Path:
    """A warehouse of so many page calls and its loader.yaml, which is returned."""
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "event_profiles.sql").write_text(_STAND_IN, encoding="utf-8")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'; set threads = 2; create schema web")
        connection.execute(_ROWS.format(events=events))
    config = folder / "loader.yaml"
    settings = {
        "warehouse": {"path": "./warehouse.duckdb"},
        "sources": [{"name": "web", "archive": {"uri": "./archive"}}],
        "resources": {"memory": memory, "threads": 2, "work_dir": "./work"},
        "models": {"as_of": "2026-12-31"},
    }
    config.write_text(json.dumps(settings), encoding="utf-8")
    return config


def measure(folder: Path, events: int, memory: str) -> Run:
    """One run of the two models. Raises AssertionError when a row is in no session."""
    config = a_project(folder, events, memory)
    loader = [sys.executable, "-m", "loader", "models", "run", "--config", str(config), "--json"]
    run_process("stand-in", [*loader, "--select", "event_profiles"], events)
    run = run_process("sessions", [*loader, "--select", "session_events", "sessions"], events)
    made = {model["name"]: model for model in run.report["models"]}
    assert made["session_events"]["rows"] == events, made
    return run


def main() -> None:
    """Both sizes, their ratio, and whether it is within the target; the exit code does not depend on it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="events of the smaller warehouse")
    parser.add_argument("--memory", default="1500MB", help="resources.memory of both")
    parser.add_argument("--save", type=Path, help="file for the runs, as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = [
            measure(Path(folder) / str(events), events, options.memory)
            for events in (options.events, options.events * FACTOR)
        ]
    small, large = (sum(model["seconds"] for model in run.report["models"]) for run in runs)
    for run in runs:
        seconds = {model["name"]: round(model["seconds"], 2) for model in run.report["models"]}
        print(f"{run.events:>11,} events: {seconds}, process {run.wall_seconds:.1f} s, peak {run.peak_mib:,.0f} MiB")
    print(f"{FACTOR} x the events take {large / small:.1f} x the time (target: at most {TARGET:g})")
    if options.save is not None:
        options.save.write_text(json.dumps([run.as_json() for run in runs], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
