"""Identity resolution against scipy's connected components on the same calls, in one run.

    python -m bench.models.identity --users 1000000

The graph: users with devices and emails (three calls each), a hub of a tenth of the users on one device, and an alias
chain. Times are CPU seconds of the process, with wall seconds beside them; two threads and a memory limit; the engine
and the file are opened as `loader models run` does it.

scipy: reads the ids of the calls, encodes the texts as whole numbers, calls `connected_components`, and writes a table
of id and component.

core: reads and orders the calls, drops blocked values, encodes the texts, closes aliases, replays limits and merges in
the order of arrival, and writes `external_id_mapping`: a row per id with its person, hash, and when it was mapped.

all: core and the nine other tables, of which scipy's side has nothing: `event_profiles` (a row per call), `id_graph`,
`id_graph_updates`, `external_id_mapping_updates`, `identity_profiles`, `identity_violations`, `user_traits`,
`profile_traits`, `profile_traits_updates`; and what the next increment needs.

increment: one in a hundred calls more, which arrived later; the same tables. Swaps count on both sides.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from loader.config import ModelsSettings
from loader.models.catalog import read_catalog
from loader.models.context import Context
from loader.models.parameters import parameters_of
from loader.models.registry import PYTHON_MODELS
from loader.models.run import ModelRun
from loader.normalize.engine import open_engine
from loader.warehouses.duckdb import ALIAS, DuckDBWarehouse

MEASURED: dict[str, tuple[float, float]] = {}
"""CPU and wall seconds of each thing that was measured."""

_TIME = "timestamp '2026-01-01' + to_seconds(n % 5000000) as received_at, timestamp '2026-01-01' as timestamp"


def generate(connection: duckdb.DuckDBPyConnection, users: int, chain: int) -> None:
    """Identify calls (three links a user), a hub on one device, and an alias chain of new user ids."""
    connection.execute("create schema if not exists web")
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


def more(connection: duckdb.DuckDBPyConnection, users: int) -> None:
    """One in a hundred calls more: of known users on known and new devices, and of new users."""
    count = users * 3 // 100
    connection.execute(
        "insert into web.identifies by name select 'i' || n as id, "
        "timestamp '2026-03-15' + to_seconds(n) as received_at, timestamp '2026-03-15' as timestamp, "
        f"'u' || (hash(n, 1) % {users + users // 100}) as user_id, "
        f"case when n % 2 = 0 then 'a' || (hash(hash(n, 2) % {users * 3}) % {users * 20}) else 'b' || n end "
        "as anonymous_id, "
        f"case when n % 3 = 0 then 'e' || (hash(n, 1) % {users}) || '@x.example' end as email "
        f"from range({count}) as t(n)"
    )


def seconds() -> tuple[float, float]:
    """CPU seconds of this process so far, and the clock."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, time.monotonic()


def measured(name: str, work: Callable[[], None]) -> None:
    """Do something and keep what it took."""
    cpu, wall = seconds()
    work()
    cpu_end, wall_end = seconds()
    MEASURED[name] = (cpu_end - cpu, wall_end - wall)


def yardstick(connection: duckdb.DuckDBPyConnection) -> None:
    """What scipy's side does."""
    import numpy
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

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
        "create table web.y_result as select i.value, l.component from y_ids as i join y_labels as l using (n)"
    )
    connection.unregister("y_labels")
    connection.execute("drop table y_edges; drop table y_ids; drop table web.y_result")


def core(context: Context) -> None:
    """What scipy's side does, by ours."""
    from loader.models.identity import aliases, deletions, found, model, observed, resolve, tables
    from loader.models.identity.work import Work

    work, settings = Work(context.connection), context.settings.identity
    observed.observe(work, {call: context.table(name) for call, name in model.INPUTS.items()}, settings)
    deletions.read_deletions(work, context.table("input_identity_deletions"), settings)
    found.write_found(work, resolve.resolve(work, settings, aliases.close_aliases(work)))
    tables.name_types(work, context)
    tables.name_profiles(work)
    tables.order_mapping(work, tables.is_plain(work))
    context.connection.execute(f"create table web.core_result as {tables.identity_sql('external_id_mapping')}")
    work.close()
    context.connection.execute("drop table web.core_result")


def run(context: Context) -> None:
    """The model `identity` with its times."""
    from loader.models.identity import model

    if "all" not in MEASURED:
        measured("core", lambda: core(context))
    measured("increment" if "all" in MEASURED else "all", lambda: model.run(context))


class MeasuredRun(ModelRun):
    """A run that says how long the new rows take to appear: an increment writes into the tables then."""

    def _swap(self, finish: Callable[[], None]) -> None:
        swap = super()._swap
        measured("increment_swap" if "increment" in MEASURED else "all_swap", lambda: swap(finish))


def ours(connection: duckdb.DuckDBPyConnection, resolver: str) -> str | None:
    """Make the tables; why in full."""
    settings = ModelsSettings.model_validate(
        {"as_of": "2026-04-01", "identity": {"resolver": resolver, "max_users_per_profile": 1_000_000}}
    )
    python = tuple(
        replace(each, entry="bench.models.identity:run") if each.name == "identity" else each for each in PYTHON_MODELS
    )
    catalog = read_catalog(python=python)
    parameters = parameters_of(settings, datetime(2026, 4, 1, tzinfo=UTC))
    result = MeasuredRun(connection, catalog, settings, parameters, ["web"]).run(catalog.select(["identity"]))
    assert result.is_swapped, [(check.model, check.name) for check in result.failed]
    return result.made[0].full_because


def measure(given: argparse.Namespace, resolver: str, folder: Path) -> dict[str, object]:
    """One resolver in a warehouse of its own."""
    MEASURED.clear()
    engine = open_engine(given.memory << 20, 2, folder)
    warehouse = DuckDBWarehouse(engine, folder / "bench.duckdb", "_loader")
    with warehouse.attached(5):
        engine.execute(f"use {ALIAS}; set enable_progress_bar = false")
        generate(engine, given.users, given.chain)
        reasons: list[str | None] = []
        measured("scipy", lambda: yardstick(engine))
        measured("all_with_checks", lambda: reasons.append(ours(engine, resolver)))
        more(engine, given.users)
        measured("increment_with_checks", lambda: reasons.append(ours(engine, resolver)))
        engine.execute("use memory.main")
    engine.close()
    cpu = {name: used for name, (used, _) in MEASURED.items()}
    return {
        "resolver": resolver,
        "users": given.users,
        "calls": given.users * 3 + given.chain,
        "cpu_seconds": {name: round(used, 2) for name, used in cpu.items()},
        "wall_seconds": {name: round(wall, 2) for name, (_, wall) in MEASURED.items()},
        "core_to_scipy": round(cpu["core"] / cpu["scipy"], 2),
        "all_to_scipy": round(cpu["all"] / cpu["scipy"], 2),
        "increment_to_all": round((cpu["increment"] + cpu["increment_swap"]) / (cpu["all"] + cpu["all_swap"]), 3),
        "increment_in_full_because": reasons[-1],
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Print one JSON line per resolver."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--chain", type=int, default=10_000, help="links of the alias chain")
    parser.add_argument("--memory", type=int, default=4096, help="memory limit of the engine in MiB")
    parser.add_argument("--resolver", choices=["unify", "components"], nargs="*", default=["components", "unify"])
    given = parser.parse_args()
    with TemporaryDirectory() as folder:  # what is compiled once for an installation is compiled before the clock runs
        measure(argparse.Namespace(users=100, chain=10, memory=1024), "unify", Path(folder))
    for resolver in given.resolver:
        with TemporaryDirectory() as folder:
            print(json.dumps(measure(given, resolver, Path(folder))), flush=True)  # noqa: T201


if __name__ == "__main__":
    from bench.models.identity import main as start  # the model is loaded by this name

    start()
