"""External inputs: tables that do not come from events, but from a CSV file or a table of the warehouse."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import duckdb

from loader.core.dialect import identifier, literal
from loader.core.plan import SchemaTables
from loader.errors import ConfigError
from loader.models.inputs import Input, InputColumn, empty_query
from loader.models.render import SQL_TYPES

_SETTING: Final = "models.inputs"
_OF_EVERY_CALL: Final = frozenset({"id", "received_at"})


def tables_in(connection: duckdb.DuckDBPyConnection, schema: str, database: str | None = None) -> SchemaTables:
    """The tables of a schema with their columns and types, in the current database or in `database`."""
    rows: list[tuple[Any, ...]] = connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where database_name = coalesce(?, current_database()) and schema_name = ? order by table_name, column_index",
        [database, schema],
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, sql_type in rows:
        found.setdefault(table, {})[column] = sql_type
    return found


def call_tables_in(connection: duckdb.DuckDBPyConnection, schema: str, database: str | None = None) -> SchemaTables:
    """The tables of a source that hold calls. Views, and tables without the columns of all calls, are users' own."""
    rows = connection.execute(
        "select table_name from duckdb_tables() "
        "where database_name = coalesce(?, current_database()) and schema_name = ? order by table_name",
        [database, schema],
    ).fetchall()
    found = tables_in(connection, schema, database)
    return {name: found[name] for (name,) in rows if found[name].keys() >= _OF_EVERY_CALL}


def external_query(
    connection: duckdb.DuckDBPyConnection, given: Input, origin: str | None, database: str | None = None
) -> str:
    """The query of an input: its declared columns by name, with their types. Without an origin it has no rows.

    A column that the origin lacks is NULL, and so are blank cells. Raises ConfigError if the file or table does not
    exist, or has none of the columns.
    """
    if origin is None:
        return empty_query(given.columns)
    relation = _relation(connection, origin, given, database)
    there = _columns_of(connection, relation)
    if all(_origin(column, there) is None for column in given.declared):
        raise ConfigError(
            f"{origin} has none of the columns of {given.name}; it has: {', '.join(sorted(there))}",
            setting_of(given),
            f"use the names that `loader models docs {given.name}` lists, in the first line of a CSV file",
        )
    columns = [
        f"cast({_text(_origin(column, there))} as {SQL_TYPES[column.type]}) as {identifier(column.name)}"
        for column in given.declared
    ]
    return f"select {', '.join(columns)} from {relation}"


def unreadable(
    connection: duckdb.DuckDBPyConnection, given: Input, origin: str, database: str | None = None
) -> tuple[str, str] | None:
    """The first value that does not fit the type of its column: what is wrong, and where. None if all fit."""
    relation = _relation(connection, origin, given, database)
    there = _columns_of(connection, relation)
    for column in given.declared:
        name = _origin(column, there)
        numbered = f"select row_number() over () as number, {_text(name)} as value from {relation}"
        found = connection.execute(
            f"select number, value from ({numbered}) "
            f"where value is not null and try_cast(value as {SQL_TYPES[column.type]}) is null order by number limit 1"
        ).fetchall()
        for number, value in found:
            return f"{str(value)[:80]!r} is not of the type {column.type}", f"{origin}, row {number}, column {name}"
    return None


def _columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> set[str]:
    return {str(row[0]).lower() for row in connection.execute(f"describe select * from {relation}").fetchall()}


def _origin(column: InputColumn, there: Collection[str]) -> str | None:
    """The column of the origin for a declared column."""
    return next((name for name in column.taken_from if name in there), None)


def _text(name: str | None) -> str:
    return "null" if name is None else f"nullif(trim(cast({identifier(name)} as varchar)), '')"


def setting_of(given: Input) -> str:
    """The setting that says where an external input comes from."""
    return f"{_SETTING}.{given.bare_name}"


def check_files(origins: Mapping[str, str]) -> None:
    """Raises ConfigError if a CSV file is missing. `origins`: the values of `models.inputs`, by input."""
    for name, origin in origins.items():
        if _is_file(origin) and not Path(origin).is_file():
            raise ConfigError(f"there is no file {origin}", f"{_SETTING}.{name}", "correct the path")


def _is_file(origin: str) -> bool:
    return origin.lower().endswith(".csv")


def _relation(connection: duckdb.DuckDBPyConnection, origin: str, given: Input, database: str | None) -> str:
    if _is_file(origin):
        check_files({given.bare_name: origin})
        return f"read_csv({literal(origin)}, header = true, all_varchar = true)"
    schema, _, table = origin.partition(".")
    if table not in tables_in(connection, schema, database):
        raise ConfigError(
            f"there is no table {origin}", setting_of(given), "name a CSV file, or a table as schema.table"
        )
    return identifier(schema, table) if database is None else identifier(database, schema, table)
