"""Identity resolution against scipy's connected components on the same calls, in one run.

    python -m bench.models.identity --users 100000

The graph: users with devices and emails, a hub of a tenth of the users on one device, and an alias chain. The yardstick
reads the same ids, encodes the texts as whole numbers, solves, and writes a table of id and component. Ours does that
and everything else: limits, history, violations, all its tables. Times are of the model `identity` alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from loader.config import ModelsSettings
from loader.models.catalog import read_catalog
from loader.models.parameters import parameters_of
from loader.models.registry import PYTHON_MODELS
from loader.models.run import ModelRun

_TIME = "timestamp '2026-01-01' + to_seconds(n % 5000000) as received_at, timestamp '2026-01-01' as timestamp"


def generate(connection: duckdb.DuckDBPyConnection, users: int, chain: int) -> None:
    """Identify calls (three links a user), a hub on one device, and an alias chain of new user ids."""
    connection.execute("create schema web")
    connection.execute(
        f"create table web.identifies as select 'm' || n as id, {_TIME}, 'u' || (n % {users}) as user_id, "
        "'a' || (hash(n) % cast(? as bigint)) as anonymous_id, case when n % 3 = 0 then 'e' || (n % cast(? as bigint)) "
        "|| '@x.example' end as email, case when n < cast(? as bigint) then 'hub' end as context_device_id, "
        "case when n < cast(? as bigint) then 'ios' end as context_device_type from range(cast(? as bigint)) as t(n)",
        [users * 20, users, users // 10, users // 10, users * 3],
    )
    connection.execute(
        f"create table web.aliases as select 'c' || n as id, {_TIME}, 'c' || n as user_id, 'c' || (n + 1) as "
        "previous_id "
        f"from range({chain}) as t(n)"
    )


def yardstick(connection: duckdb.DuckDBPyConnection) -> float:
    """Seconds of scipy, encoding and writing back included."""
    import numpy
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    started = time.monotonic()
    connection.execute(
        "create temp table y_edges as select 'u' || user_id as a, 'a' || anonymous_id as b from web.identifies "
        "union all select 'u' || user_id, 'e' || email from web.identifies where email is not null "
        "union all select 'u' || user_id, 'd' || context_device_id from web.identifies where context_device_id is "
        "not null "
        "union all select 'u' || user_id, 'u' || previous_id from web.aliases"
    )
    connection.execute(
        "create temp table y_ids as select row_number() over () - 1 as n, value from ("
        "select a as value from y_edges union select b from y_edges)"
    )
    ends = connection.execute(
        "select x.n as a, y.n as b from y_edges as e join y_ids as x on x.value = e.a join y_ids as y on y.value = e.b"
    ).fetchnumpy()
    (count,) = connection.execute("select count(*) from y_ids").fetchall()[0]
    graph = coo_array((numpy.ones(len(ends["a"]), dtype=bool), (ends["a"], ends["b"])), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    connection.register("y_labels", {"n": numpy.arange(count), "component": labels})
    connection.execute(
        "create or replace table y_result as select i.value, l.component from y_ids as i join y_labels as l using (n)"
    )
    return time.monotonic() - started


def ours(connection: duckdb.DuckDBPyConnection, resolver: str) -> tuple[float, float]:
    """Seconds of the model `identity`, and of it together with the SQL models made from it."""
    settings = ModelsSettings.model_validate(
        {"as_of": "2026-04-01", "identity": {"resolver": resolver, "max_users_per_profile": 1_000_000}}
    )
    catalog = read_catalog(python=PYTHON_MODELS)
    from datetime import UTC, datetime

    parameters = parameters_of(settings, datetime(2026, 4, 1, tzinfo=UTC))
    run = ModelRun(connection, catalog, settings, parameters, ["web"])
    steps = catalog.select(["identity", "id_graph", "external_id_mapping"])
    started = time.monotonic()
    result = run.run(steps)
    whole = time.monotonic() - started
    assert result.is_swapped, [(check.model, check.name) for check in result.failed]
    return next(made.seconds for made in result.made if made.name == "event_profiles"), whole


def main() -> None:
    """Print one JSON line per resolver."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--chain", type=int, default=10_000, help="links of the alias chain")
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--resolver", choices=["unify", "components"], nargs="*", default=["components", "unify"])
    given = parser.parse_args()
    for resolver in given.resolver:
        with TemporaryDirectory() as folder:
            connection = duckdb.connect(str(Path(folder) / "bench.duckdb"))
            connection.execute(f"set memory_limit = '{given.memory}'; set TimeZone = 'UTC'")
            generate(connection, given.users, given.chain)
            base = yardstick(connection)
            model, whole = ours(connection, resolver)
        figures = {
            "resolver": resolver,
            "users": given.users,
            "calls": given.users * 3 + given.chain,
            "scipy_seconds": round(base, 2),
            "identity_seconds": round(model, 2),
            "with_checks_and_sql_seconds": round(whole, 2),
            "ratio": round(model / base, 2),
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        print(json.dumps(figures))  # noqa: T201


if __name__ == "__main__":
    main()
