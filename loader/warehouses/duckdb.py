"""A DuckDB file as the warehouse. It is attached to the engine that normalizes, so rows need no copy in between."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from loader.core.columns import Stored
from loader.core.dialect import DUCKDB, identifier, literal, widened_sql
from loader.core.naming import schema_name
from loader.core.plan import SchemaChange, WantedColumn
from loader.core.tables import LATEST_TABLES, is_own_table
from loader.errors import BusyError, ConfigError, GuardError, TerminalError
from loader.sqlfiles import sql_files
from loader.waiting import Deadline
from loader.warehouses.locks import holder_of, is_locked
from loader.warehouses.resources import memory_limit, shortage

ALIAS: Final = "w"
"""Name of the attached file in the engine."""
STORAGE_VERSION: Final = "v1.5.0"
"""The newest storage format that every DuckDB in the declared range can open."""
ROW_GROUP_ROWS: Final = 16_384
"""Small groups are compressed inside the parallel INSERT instead of by one thread at the commit."""
_CHANGE_BYTES: Final = 16
"""Bytes of memory, at most, that a row of an added or altered column takes until it is merged into the file."""
_CHANGES_SHARE: Final = 4
"""Changed columns may take one part in this many of the engine's memory."""
_UNIQUE_TEXTS: Final = frozenset({"id", "anonymous_id", "context_ip"})
"""Columns whose texts hardly repeat; zstd writes them in half the time of the default."""
logger = logging.getLogger("loader.warehouse")


class DuckDBWarehouse:
    """The warehouse file while it is attached. The engine runs statements on names from `table` and `state`."""

    def __init__(self, engine: duckdb.DuckDBPyConnection, path: Path, system_schema: str) -> None:
        self.engine = engine
        self._path = path
        self._system = system_schema

    @contextmanager
    def attached(self, wait_seconds: float, read_only: bool = False) -> Iterator[None]:
        """Attach the file, or create it, and detach it at the end.

        Raises BusyError if another process holds it for longer than `wait_seconds`, ConfigError if it is a folder,
        TerminalError if it is not a warehouse, or if memory or disk space is too small.
        """
        self._attach(wait_seconds, read_only)
        try:
            with self._detaching():
                yield
        except duckdb.Error as error:
            if (short := shortage(error)) is None:
                raise
            raise short from error

    @contextmanager
    def _detaching(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            # The error of the work is raised, not one of closing the file. The log keeps what is committed.
            try:
                self._detach()
            except duckdb.Error as error:
                logger.warning("the warehouse file was not closed in order: %s", error)
            raise
        self._detach()

    def _detach(self) -> None:
        # A file in use cannot be detached.
        self.roll_back()
        self.engine.execute(f"detach {ALIAS}")

    def merge_at_detach(self) -> None:
        """From now on, commits only write the log, which is merged into the file when it is detached."""
        self.engine.execute("set checkpoint_threshold = '1TB'")

    def merge_at_commit(self) -> None:
        """From now on, commits write into the file and not into the log, which would be merged next anyway."""
        self.engine.execute("set checkpoint_threshold = '1KB'")

    def _attach(self, wait_seconds: float, read_only: bool) -> None:
        refuse_folder(self._path)
        # The size of row groups is not stored in the file; the storage version is only set when the file is made.
        options = "read_only" if read_only else f"row_group_size {ROW_GROUP_ROWS}"
        if not read_only and not self._path.exists():
            options += f", storage_version '{STORAGE_VERSION}'"
        deadline = Deadline(wait_seconds)
        is_told = False
        while True:
            try:
                self.engine.execute(f"attach {literal(str(self._path))} as {ALIAS} ({options})")
            except duckdb.Error as error:
                if not is_locked(error):
                    raise TerminalError(
                        f"the warehouse cannot be opened: {str(error).splitlines()[0]}",
                        str(self._path),
                        "check that it is a DuckDB file that may be written, made by a version in the supported range",
                    ) from None
                if deadline.has_passed:
                    raise _busy(error, self._path, wait_seconds) from None
                if not is_told:
                    logger.warning("waiting for the warehouse file: %s has it open", holder_of(error))
                    is_told = True
                deadline.pause()
            else:
                return

    def roll_back(self) -> None:
        """Roll back the transaction that an error left open, if there is one."""
        if _in_transaction(self.engine):
            self.engine.execute("rollback")

    def table(self, schema: str, table: str) -> str:
        """The SQL name of a table of a source."""
        return identifier(ALIAS, schema, table)

    def schema(self, schema: str) -> str:
        """The SQL name of a schema."""
        return identifier(ALIAS, schema)

    def state(self, table: str) -> str:
        """The SQL name of a state table."""
        return identifier(ALIAS, self._system, table)

    def has_state(self) -> bool:
        """Whether the file has state tables."""
        query = f"select 1 from duckdb_tables() where database_name = '{ALIAS}' and schema_name = ? and table_name = 'objects'"
        return self.engine.execute(query, [self._system]).fetchall() != []

    def migrate(self, now: datetime) -> bool:
        """Create or upgrade the state tables. Returns whether there was anything to do.

        Raises TerminalError if the file is newer.
        """
        engine, migrations = self.engine, self.state("migrations")
        engine.execute(f"create schema if not exists {identifier(ALIAS, self._system)}")
        engine.execute(
            f"create table if not exists {migrations} (version integer not null, name varchar not null, "
            f"applied_at timestamptz not null)"
        )
        self.refuse_newer()
        files = _migrations()
        applied = {version for (version,) in engine.execute(f"select version from {migrations}").fetchall()}
        wanted = [(version, path) for version, path in sorted(files.items()) if version not in applied]
        for version, path in wanted:
            self._apply_migration(version, path, now)
        return bool(wanted)

    def refuse_newer(self) -> None:
        """Raises TerminalError if a newer version wrote the state tables."""
        refuse_newer(self.engine.execute(f"select max(version) from {self.state('migrations')}").fetchall(), self._path)

    def _apply_migration(self, version: int, path: Path, now: datetime) -> None:
        engine = self.engine
        engine.execute(f"use {identifier(ALIAS, self._system)}")
        try:
            engine.execute("begin")
            engine.execute(path.read_text(encoding="utf-8"))
            engine.execute(f"insert into {self.state('migrations')} values (?, ?, ?)", [version, path.stem, now])
            engine.execute("commit")
        except duckdb.Error:
            engine.execute("rollback")
            raise
        finally:
            engine.execute("use memory.main")

    def catalogue(self, schema: str) -> dict[str, dict[str, str]]:
        """The tables that loads made in a schema, with their current columns and types."""
        rows = self.engine.execute(
            f"select c.table_name, c.column_name, c.data_type, t.estimated_size = 0 from duckdb_columns() as c "
            f"join duckdb_tables() as t using (database_name, schema_name, table_name) "
            f"where c.database_name = '{ALIAS}' and c.schema_name = ? order by c.table_name, c.column_index",
            [schema],
        ).fetchall()
        found: dict[str, dict[str, str]] = {}
        empty: set[str] = set()
        for table, column, sql_type, is_empty in rows:
            found.setdefault(table, {})[column] = sql_type
            if is_empty:
                empty.add(table)
        registered = self._registered(schema) if found else set[str]()
        return {
            table: columns
            for table, columns in found.items()
            if is_own_table(table, columns, table in registered, table in empty)
        }

    def _registered(self, schema: str) -> set[str]:
        """The event tables in the registry of names."""
        rows = self.engine.execute(
            f"select distinct source, name from {self.state('names')} where kind = 'table'"
        ).fetchall()
        return {name for source, name in rows if schema_name(source, DUCKDB.identifier_bytes) == schema}

    def guard(self, schema: str, changes: Sequence[SchemaChange]) -> None:
        """Raises GuardError if something of the user is in the way.

        That is a table or view with the name of a table that these changes make, or an index on one that they widen.
        """
        self.guard_new(schema, [change.table for change in changes if change.change == "create_table"])
        # The engine changes the type of no column of a table that has an index.
        widened = {change.table for change in changes if change.change == "widen_column"}
        query = (
            f"select index_name, table_name from duckdb_indexes() where database_name = '{ALIAS}' and schema_name = ? "
            f"order by all"
        )
        for index, table in self.engine.execute(query, [schema]).fetchall() if widened else ():
            if table in widened:
                raise GuardError(
                    f"an index of your own is on a table that has to change the type of a column: {schema}.{table}",
                    str(self._path),
                    f"drop it, run again, and make it again: drop index {identifier(schema, index)}",
                )

    def guard_new(self, schema: str, tables: Sequence[str]) -> None:
        """Raises GuardError if a table or view of the user has the name of one of these new tables."""
        # The engine's names differ by more than case.
        query = (
            f"select table_name, 'table' from duckdb_tables() where database_name = '{ALIAS}' and schema_name = $1 "
            f"union all select view_name, 'view' from duckdb_views() where database_name = '{ALIAS}' and schema_name = $1"
        )
        there = {str(name).lower(): (name, kind) for name, kind in self.engine.execute(query, [schema]).fetchall()}
        for table in tables:
            if table in there:
                name, kind = there[table]
                raise GuardError(
                    f"a {kind} of your own has the name of a table that has to be made: {schema}.{name}",
                    str(self._path),
                    f"rename it or move it to another schema, then run again: alter {kind} "
                    f"{identifier(schema, name)} rename to {identifier(f'my_{name}')}",
                )

    def bounds(self, schema: str, table: str, column: str) -> Stored:
        """The largest magnitude in a numeric column, rounded up."""
        name = identifier(column)
        (row,) = self.engine.execute(
            f"select max(greatest({name}::hugeint, -({name}::hugeint))) from {self.table(schema, table)}"
        ).fetchall()
        return Stored(int(row[0]) + 1 if row[0] is not None else 0)

    def apply(self, schema: str, changes: Sequence[SchemaChange], *, in_transaction: bool = False) -> None:
        """Make the changes, each by itself or in the open transaction. They only add or widen.

        Raises GuardError before the first change if a table, view or index of the user is in the way.
        """
        self.guard(schema, changes)
        if changes:
            self.engine.execute(f"create schema if not exists {self.schema(schema)}")
        rows, kept = self._rows(schema), 0
        for change in changes:
            kept += rows.get(change.table, 0) * _CHANGE_BYTES
            if not in_transaction and kept > memory_limit(self.engine) / _CHANGES_SHARE:
                self.engine.execute(f"checkpoint {ALIAS}")
                kept = 0
            table = self.table(schema, change.table)
            if change.change == "create_table":
                columns = ", ".join(_definition(column) for column in change.columns)
                self.engine.execute(f"create table {table} ({columns})")
            elif change.change == "add_column":
                (column,) = change.columns
                self._add_column(table, column, in_transaction)
            else:
                (column,) = change.columns
                name, sql_type = identifier(column.name), column.sql_type
                value = widened_sql(name, str(change.old_type), sql_type)
                # The caller recomputes rows of users and accounts whose value does not fit.
                using = f"try({value})" if change.table in LATEST_TABLES else value
                self.engine.execute(f"alter table {table} alter column {name} set data type {sql_type} using {using}")

    def _add_column(self, table: str, column: WantedColumn, in_transaction: bool) -> None:
        name = identifier(column.name)
        statements = [f"alter table {table} add column {name} {column.sql_type}"]
        if column.filled_with is not None:
            # The engine updates no table that the same transaction altered, but it does alter one again.
            filled = (
                f"alter table {table} alter column {name} set data type {column.sql_type} using {column.filled_with}"
            )
            statements = [*statements, filled] if in_transaction else ["begin", *statements, filled, "commit"]
        for statement in statements:
            self.engine.execute(statement)

    def _rows(self, schema: str) -> dict[str, int]:
        """Roughly how many rows the tables of a schema have."""
        query = f"select table_name, estimated_size from duckdb_tables() where database_name = '{ALIAS}' and schema_name = ?"
        return dict(self.engine.execute(query, [schema]).fetchall())


def refuse_folder(path: Path) -> None:
    """Raises ConfigError if the path of the warehouse is a folder."""
    if path.is_dir():
        raise ConfigError("warehouse.path is a folder, not a file", str(path), "add a file name to warehouse.path")


def refuse_newer(found: Sequence[Sequence[object]], path: Path) -> None:
    """Raises TerminalError if the version in the state tables is newer than this program."""
    ((version,),) = found
    if version is not None and version not in _migrations():
        raise TerminalError(
            f"the warehouse was written by a newer version (its state tables are at {version})",
            str(path),
            "upgrade this program: pip install --upgrade loader",
        )


def _migrations() -> dict[int, Path]:
    return {int(path.name.split("_")[0]): path for path in sql_files("ledger")}


def _definition(column: WantedColumn) -> str:
    compression = " using compression zstd" if column.name in _UNIQUE_TEXTS and column.sql_type == "VARCHAR" else ""
    return f"{identifier(column.name)} {column.sql_type}{compression}"


def _in_transaction(engine: duckdb.DuckDBPyConnection) -> bool:
    try:
        engine.execute("begin")
    except duckdb.TransactionException:
        return True
    engine.execute("rollback")
    return False


def _busy(error: duckdb.Error, path: Path, waited_seconds: float) -> BusyError:
    return BusyError(
        f"the warehouse is in use: {holder_of(error)} has it open, and it did not close it within "
        f"{waited_seconds:g} seconds",
        str(path),
        "close that program or its connection and run again; let readers open the copy at publish.path instead",
    )
