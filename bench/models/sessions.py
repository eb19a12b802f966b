"""Sessions over ten times the events, and once more after 1 % more of them.

Each size is a warehouse of its own: page calls of one source, written by SQL; a device sends 20 on average, on a few
days within 90 minutes; 5 % carry a campaign, 3 % happened a quarter of an hour later than in order. The 1 % more
are visits of two calls on a later day, so that a tenth of the devices is back.
"""

from pathlib import Path
from typing import Final

import duckdb

from bench.load.measure import Result, Run
from bench.models.growth import Again, over_sizes
from bench.models.options import Options
from bench.models.project import make_in_copy, make_models, model_seconds, write_project

MODELS: Final = ("session_events", "sessions")
_ROWS: Final = """
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
    from ({drawn}) as drawn
"""
_FIRST: Final = """
    select n, hash(n) % ({events} // 20) as device,
      -- Visits of a device stand around a few days; inside of one, rows are minutes apart.
      (hash(n, 'visit') % 7) * 86400.0 * 12 + (hash(n, 'minute') % 90) * 60.0
        + (hash(n, 'part') % 1000) / 1000.0 as moment
    from range({events}) as numbers(n)
"""
_MORE: Final = """
    select {events} + n as n, hash(n // 2, 'back') % ({events} // 20) as device,
      86400.0 * 100 + hash(n // 2, 'again') % 86400 + (n % 2) * 60.0 as moment
    from range({events} // 100) as numbers(n)
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


def sessions(options: Options) -> Result:
    """Page calls, ten times as many, and 1 % more after each: what `session_events` and `sessions` take."""
    return over_sizes(options, options.events, "events", a_project, _measure, Again("1 % more", _more, _measure_more))


def a_project(folder: Path, events: int, memory: str) -> None:
    """A warehouse of so many page calls, whose profiles are made."""
    warehouse = write_project(folder, memory, {"event_profiles": _STAND_IN})
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'; set threads = 2; create schema web")
        connection.execute(f"create table web.pages as {_ROWS.format(drawn=_FIRST.format(events=events))}")
    make_models(folder, "stand-in", events, ["event_profiles"])


def _more(folder: Path, events: int) -> None:
    """Make the models, and add 1 % of the page calls."""
    make_models(folder, "before", events, MODELS)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'; set threads = 2")
        connection.execute(f"insert into web.pages {_ROWS.format(drawn=_MORE.format(events=events))}")
    make_models(folder, "stand-in", events, ["event_profiles"])


def _measure(folder: Path, variant: str, events: int) -> Run:
    run = make_in_copy(folder, variant, events, MODELS)
    made = {model["name"]: model["rows"] for model in run.report["models"]}
    assert made["session_events"] == events, made
    assert set(model_seconds(run)) == set(MODELS)
    return run


def _measure_more(folder: Path, variant: str, events: int) -> Run:
    run = make_in_copy(folder, variant, events + events // 100, MODELS)
    devices = events // 20
    for model in run.report["models"]:
        assert 0 < model["keys_recomputed"] < devices / 5, model
    return run
