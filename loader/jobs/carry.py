"""Copies a source into another file, without the rows of some days, so that a load can add these days again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from loader.config import Config, SourceSettings
from loader.core.days import Days
from loader.core.dialect import identifier, literal
from loader.core.plan import changes
from loader.core.tables import CALL_TABLE, LATEST, STANDARD_TABLES, is_own_table
from loader.inventory import schema_of
from loader.jobs.rules import rules_of
from loader.normalize.write.latest import Latest, Owners, latest_columns
from loader.warehouses.duckdb import ALIAS, DuckDBWarehouse

WAIT_SECONDS: Final = 60.0
_INTO: Final = "n"
_KEPT: Final = "kept_objects"
"""Objects of which everything is carried. Rows of objects that the ledger does not know are not."""


def own_tables(
    engine: duckdb.DuckDBPyConnection, database: str, system_schema: str, source: SourceSettings
) -> set[str]:
    """The tables that loads of a source made, without a user's own tables in its schema."""
    registered = {
        name
        for (name,) in engine.execute(
            f"select distinct name from {identifier(database, system_schema, 'names')} "
            f"where source = ? and kind = 'table'",
            [source.name],
        ).fetchall()
    }
    columns: dict[str, set[str]] = {}
    for table, column in engine.execute(
        "select table_name, column_name from duckdb_columns() where database_name = ? and schema_name = ?",
        [database, schema_of(source)],
    ).fetchall():
        columns.setdefault(table, set()).add(column)
    tables = _tables(engine, database, schema_of(source))
    return {name for name in tables if is_own_table(name, columns.get(name, ()), name in registered)}


def _tables(engine: duckdb.DuckDBPyConnection, database: str, schema: str) -> set[str]:
    rows = engine.execute(
        "select table_name from duckdb_tables() where database_name = ? and schema_name = ?", [database, schema]
    ).fetchall()
    return {name for (name,) in rows}


def carry(
    engine: duckdb.DuckDBPyConnection, config: Config, source: SourceSettings, days: Days, into: Path, now: datetime
) -> None:
    """Make the file `into`. Its `users` and `accounts` are computed from the copied rows.

    Raises BusyError when somebody holds the warehouse for longer than WAIT_SECONDS.
    """
    copy = _Copy(engine, DuckDBWarehouse(engine, config.warehouse.path, config.system_schema), config, source)
    copy.run(days, into)
    _recompute(engine, DuckDBWarehouse(engine, into, config.system_schema), source, now)


class _Copy:
    """Copies the tables of a source from the warehouse into the new file."""

    def __init__(
        self, engine: duckdb.DuckDBPyConnection, warehouse: DuckDBWarehouse, config: Config, source: SourceSettings
    ) -> None:
        self._engine = engine
        self._warehouse = warehouse
        self._system = config.system_schema
        self._settings = source
        self._source = literal(source.name)
        self._schema = schema_of(source)

    def run(self, days: Days, into: Path) -> None:
        """Copy everything that is not of these days."""
        engine, warehouse = self._engine, self._warehouse
        with warehouse.attached(WAIT_SECONDS, read_only=True):
            engine.execute(f"attach {literal(str(into))} as {_INTO}")
            try:
                engine.execute(
                    f"create or replace table {_KEPT} as select object_id from {warehouse.state('objects')} "
                    f"where source = {self._source} and not {days.condition()}"
                )
                tables = own_tables(engine, ALIAS, self._system, self._settings)
                self._copy_rows(tables)
                self._copy_state(tables)
            finally:
                engine.execute(f"detach {_INTO}")

    def _copy_rows(self, tables: set[str]) -> None:
        """Copy rows by their object, rows of event tables by their row in `tracks`, and owners that lost no call."""
        self._engine.execute(f"create schema {identifier(_INTO, self._schema)}")
        calls = {name for name in CALL_TABLE.values() if name in tables}
        for name in calls:
            self._copy(self._schema, name, f"_object in (select object_id from {_KEPT})")
        for call, (name, id_column) in LATEST.items():
            touched = f"touched_{call}"
            has_calls = CALL_TABLE[call] in tables
            given = (
                self._warehouse.table(self._schema, CALL_TABLE[call]) if has_calls else f"(select null as {id_column})"
            )
            where = f"_object is null or _object not in (select object_id from {_KEPT})" if has_calls else "false"
            self._engine.execute(
                f"create or replace table {touched} as select distinct {id_column} as id, "
                f"'-infinity'::timestamptz as since from {given} where {id_column} is not null and ({where})"
            )
            if name in tables:
                self._copy(self._schema, name, f"id not in (select id from {touched})")
        for name in tables - STANDARD_TABLES:
            tracks = identifier(_INTO, self._schema, CALL_TABLE["track"])
            self._copy(self._schema, name, f"id in (select id from {tracks})")

    def _copy_state(self, tables: set[str]) -> None:
        """Copy the state of the copied rows. Runs, leases, observations and the log of changes start empty."""
        self._engine.execute(f"create schema {identifier(_INTO, self._system)}")
        of_object = f"source = {self._source} and object_id in (select object_id from {_KEPT})"
        rows = " union all ".join(
            f"select {literal(call)} as call, id from {identifier(_INTO, self._schema, name)}"
            for call, name in CALL_TABLE.items()
            if name in tables
        )
        carried = {
            **dict.fromkeys(("objects", "copies", "quarantine", "discards"), of_object),
            "names": f"source = {self._source}",
            "raw": f"source = {self._source} and (call, id) in ({rows})" if rows else "false",
            "migrations": "true",
        }
        for name in _tables(self._engine, ALIAS, self._system):
            self._copy(self._system, name, carried.get(name, "false"))

    def _copy(self, schema: str, table: str, where: str) -> None:
        self._engine.execute(
            f"create table {identifier(_INTO, schema, table)} as "
            f"select * from {identifier(ALIAS, schema, table)} where {where}"
        )


def _recompute(
    engine: duckdb.DuckDBPyConnection, warehouse: DuckDBWarehouse, source: SourceSettings, now: datetime
) -> None:
    """Compute the rows of owners who lost some of their calls from the remaining calls."""
    rules, name = rules_of(source.load), schema_of(source)
    with warehouse.attached(WAIT_SECONDS):
        for call, (table, _) in LATEST.items():
            columns = warehouse.catalogue(name).get(CALL_TABLE[call])
            if columns is None:
                continue
            wanted = {table: latest_columns(call, columns, rules)}
            warehouse.apply(name, changes(warehouse.catalogue(name), wanted))
            Latest(engine, warehouse.schema(name), call, columns, rules).recompute(Owners(f"touched_{call}"), now)
