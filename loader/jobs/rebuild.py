"""Rebuilds a source: loads it into a new file with today's rules, then replaces its tables in the warehouse."""

from __future__ import annotations

import logging
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import duckdb

from loader.config import Config, SourceSettings, WarehouseSettings
from loader.core.days import ALL_DAYS, Days
from loader.core.plurals import counted
from loader.errors import GuardError, LoaderError
from loader.inventory import schema_of
from loader.jobs.carry import carry
from loader.jobs.load import WAIT_SECONDS, load_source
from loader.jobs.report import LoadReport
from loader.jobs.state import guard_name, open_state
from loader.jobs.swap import Swap
from loader.leases import Lease
from loader.normalize.engine import open_engine
from loader.reading import require_warehouse
from loader.warehouses.duckdb import DuckDBWarehouse

_FILE: Final = "rebuilt.duckdb"

logger = logging.getLogger("loader.rebuild")


def step(name: str) -> None:
    """Called between the steps of a rebuild. Tests replace it to stop there."""


@dataclass(slots=True)
class RebuildReport:
    """The result of the load, and the tables that were replaced."""

    load: LoadReport
    tables: Sequence[str]
    seconds: float

    def exit_code(self) -> int:
        """The exit code of the load."""
        return self.load.exit_code()

    def as_dict(self) -> dict[str, Any]:
        """Counts of the load, and which tables were replaced."""
        rows = {name: count for name, count in self.load.rows.items() if name in self.tables}
        replaced = {"tables": len(self.tables), "rows": rows, "seconds": round(self.seconds, 3)}
        return {**self.load.as_dict(), **replaced, "new_tables": [], "new_columns": []}


def rebuild(config: Config, source: SourceSettings, table: str | None, days: Days = ALL_DAYS) -> RebuildReport:
    """Replace the tables of a source, or one of them, with a new load of the archive.

    Rows of objects of other days stay as they are. Readers see the old tables until the new ones
    are complete, and meanwhile the source cannot be loaded. Raises GuardError if rows would be lost, because objects
    are gone from the archive or cannot be read; ConfigError without a warehouse or for an unknown table; BusyError
    while the source is being loaded.
    """
    began, now = time.perf_counter(), datetime.now(UTC)
    path = config.warehouse.path
    require_warehouse(path)
    folder = path.parent / f".{path.name}.rebuild-{schema_of(source)}"
    engine = open_engine(config.resources.memory_bytes, config.resources.threads, folder)
    warehouse = DuckDBWarehouse(engine, path, config.system_schema)
    try:
        with _leased(warehouse, config, source, now):
            shutil.rmtree(folder, ignore_errors=True)  # left by a run that was killed: the lease keeps others out
            folder.mkdir()
            aside = config.model_copy(
                update={"warehouse": WarehouseSettings(kind="duckdb", path=folder / _FILE), "publish": None}
            )
            if days != ALL_DAYS:
                carry(engine, config, source, days, aside.warehouse.path, now)
            step("carried")
            load = _load(aside, source, days)
            step("loaded")
            swap = Swap(engine, warehouse, config, source, step)
            tables = swap.run(aside.warehouse.path, table, is_of_some_days=days != ALL_DAYS)
    finally:
        engine.close()
        shutil.rmtree(folder, ignore_errors=True)
    return RebuildReport(load, tables, time.perf_counter() - began)


def _load(aside: Config, source: SourceSettings, days: Days) -> LoadReport:
    # A rebuild reads all days, even if loads only look at the newest ones.
    whole = source.model_copy(update={"archive": source.archive.model_copy(update={"recent_days": None})})
    load = load_source(aside, whole, days=days)
    if load.failed_objects:
        raise GuardError(
            f"{counted(len(load.failed_objects), 'object')} cannot be read, so rows might be lost",
            load.failed_objects[0]["key"],
            "make them readable, or remove them from the archive, and rebuild again; nothing was changed",
        )
    return load


@contextmanager
def _leased(warehouse: DuckDBWarehouse, config: Config, source: SourceSettings, now: datetime) -> Iterator[None]:
    """Keep out loads of the source, because rows that they write meanwhile would be lost."""
    lease, holder = Lease(warehouse, source.name), uuid.uuid4().hex
    with warehouse.attached(WAIT_SECONDS):
        open_state(warehouse, config, now)
        guard_name(warehouse, source)
        lease.take(holder, now)
    try:
        yield
    finally:
        try:
            with warehouse.attached(WAIT_SECONDS):
                lease.drop(holder)
        except (LoaderError, duckdb.Error) as error:
            logger.warning("the lease of the rebuild could not be given back: %s", error)
