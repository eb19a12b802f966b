"""Load a source anew into a file of its own with today's rules, then put its tables in the place of the old ones."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from loader.config import Config, SourceSettings, WarehouseSettings
from loader.core.dialect import DUCKDB, identifier, literal
from loader.core.naming import schema_name
from loader.core.tables import CALL_TABLE
from loader.errors import ConfigError, GuardError
from loader.jobs.load import WAIT_SECONDS, load_source
from loader.jobs.report import LoadReport
from loader.ledger import Ledger
from loader.normalize.engine import open_engine
from loader.warehouses.duckdb import ALIAS, DuckDBWarehouse

_NEW: Final = "n"
_STATE: Final = ("objects", "loads", "copies", "quarantine", "discards", "names", "observed", "raw")


@dataclass(slots=True)
class RebuildReport:
    """What the new load found; `table` when only one was replaced."""

    load: LoadReport
    tables: Sequence[str]
    seconds: float

    def exit_code(self, strict: bool) -> int:
        """As that of the load."""
        return self.load.exit_code(strict)

    def as_dict(self) -> dict[str, Any]:
        """Counts of the load, and which tables were replaced."""
        rows = {name: count for name, count in self.load.rows.items() if name in self.tables}
        replaced = {"tables": len(self.tables), "rows": rows, "seconds": round(self.seconds, 3)}
        return {**self.load.as_dict(), **replaced, "new_tables": [], "new_columns": []}


def rebuild(
    config: Config, source: SourceSettings, table: str | None, start: date | None = None, until: date | None = None
) -> RebuildReport:
    """Replace the tables of a source, or one of them, by what the archive gives today.

    Readers see the old tables until the new ones are complete. Raises GuardError when rows would be lost, because
    objects are gone from the archive or outside the days asked for; ConfigError for an unknown table.
    """
    began = time.perf_counter()
    folder = Path(tempfile.mkdtemp(prefix=".rebuild-", dir=config.warehouse.path.parent))
    try:
        aside = config.model_copy(
            update={"warehouse": WarehouseSettings(kind="duckdb", path=folder / "rebuilt.duckdb"), "publish": None}
        )
        load = load_source(aside, source, start=start, until=until)
        if load.failed_objects:
            raise GuardError(
                f"{len(load.failed_objects)} objects cannot be read, so rows might be lost",
                load.failed_objects[0]["key"],
                "make them readable, or remove them from the archive, and rebuild again; nothing was changed",
            )
        swap = _Swap(config, source, aside.warehouse.path, folder)
        tables = swap.run(table)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return RebuildReport(load, tables, time.perf_counter() - began)


class _Swap:
    """Puts rebuilt tables in the place of the old ones, in one transaction."""

    def __init__(self, config: Config, source: SourceSettings, rebuilt: Path, folder: Path) -> None:
        self._config = config
        self._source = source
        self._schema = schema_name(source.name, DUCKDB.identifier_bytes)
        self._engine = open_engine(config.resources.memory_bytes, config.resources.threads, folder)
        self._engine.execute(f"attach {literal(str(rebuilt))} as {_NEW} (read_only)")
        self._warehouse = DuckDBWarehouse(self._engine, config.warehouse.path, config.system_schema)

    def run(self, table: str | None) -> list[str]:
        """Compare, then swap. Returns the tables replaced."""
        now = datetime.now(UTC)
        with self._warehouse.attached(WAIT_SECONDS):
            self._warehouse.migrate(now)
            old, new = self._tables(ALIAS), self._tables(_NEW)
            if table is not None and table not in new:
                raise ConfigError(
                    f"the source has no table {table!r}",
                    f"{self._source.name}.{table}",
                    f"use one of: {', '.join(sorted(new)) or 'none, its archive is empty'}",
                )
            chosen = sorted(new) if table is None else [table]
            self._guard(old, new, chosen)
            self._engine.execute("begin")
            if table is None:
                self._replace_all(old, new)
            else:
                self._replace_one(table, table in old)
            self._engine.execute("commit")
            schemas = {s.name: schema_name(s.name, DUCKDB.identifier_bytes) for s in self._config.sources}
            tables = {name: (schema, self._warehouse.catalogue(schema)) for name, schema in schemas.items()}
            Ledger(self._warehouse, self._source.name).define_conflicts(tables, self._config.system_schema)
        self._engine.close()
        return chosen

    def _tables(self, database: str) -> set[str]:
        rows = self._engine.execute(
            "select table_name from duckdb_tables() where database_name = ? and schema_name = ?",
            [database, self._schema],
        ).fetchall()
        return {name for (name,) in rows}

    def _guard(self, old: set[str], new: set[str], chosen: Sequence[str]) -> None:
        """Every id of a call table that is replaced must come back."""
        for call, name in CALL_TABLE.items():
            if name not in old or (name not in chosen and len(chosen) == 1):
                continue
            there = identifier(ALIAS, self._schema, name)
            missing = f"select count(*) from {there}"
            if name in new:
                missing = f"select count(*) from {there} anti join {identifier(_NEW, self._schema, name)} using (id)"
            lost = self._engine.execute(missing).fetchall()[0][0]
            if lost:
                raise GuardError(
                    f"{lost} rows of {call} calls would be lost: their lines are not in what was read",
                    f"{self._source.name}.{name}",
                    "restore the missing archive objects, or rebuild without --from and --to; nothing was changed",
                )

    def _replace_all(self, old: set[str], new: set[str]) -> None:
        engine = self._engine
        for name in sorted(old):
            engine.execute(f"drop table {identifier(ALIAS, self._schema, name)}")
        engine.execute(f"create schema if not exists {identifier(ALIAS, self._schema)}")
        for name in sorted(new):
            self._copy(name)
        offset = engine.execute(f"select coalesce(max(object_id), 0) from {self._state(ALIAS, 'objects')}").fetchall()
        for name in _STATE:
            into, given = self._state(ALIAS, name), self._state(_NEW, name)
            if name != "loads":
                engine.execute(f"delete from {into} where source = ?", [self._source.name])
            has_object = name in ("objects", "copies", "quarantine", "discards")
            shifted = f"replace (object_id + {offset[0][0]} as object_id)" if has_object else ""
            engine.execute(f"insert into {into} by name select * {shifted} from {given}")
        for name in CALL_TABLE.values():
            if name in new:
                table = identifier(ALIAS, self._schema, name)
                engine.execute(f"update {table} set _object = _object + {offset[0][0]}")

    def _replace_one(self, table: str, is_there: bool) -> None:
        engine = self._engine
        if is_there:
            engine.execute(f"drop table {identifier(ALIAS, self._schema, table)}")
        self._copy(table)
        if table in CALL_TABLE.values():
            # Objects have other numbers in the new file; their versions are the same.
            engine.execute(
                f"update {identifier(ALIAS, self._schema, table)} as t set _object = o.object_id "
                f"from {self._state(_NEW, 'objects')} as n join {self._state(ALIAS, 'objects')} as o "
                f"using (source, key, etag, size) where n.object_id = t._object"
            )

    def _copy(self, name: str) -> None:
        self._engine.execute(
            f"create table {identifier(ALIAS, self._schema, name)} as "
            f"select * from {identifier(_NEW, self._schema, name)}"
        )

    def _state(self, database: str, name: str) -> str:
        return identifier(database, self._config.system_schema, name)
