"""External inputs: tables of the user that do not come from events, from a CSV file or a table of the warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from loader.core.dialect import identifier, literal
from loader.errors import ConfigError
from loader.models.inputs import Catalogue, Input, empty_query
from loader.models.render import SQL_TYPES


def tables_in(connection: duckdb.DuckDBPyConnection, schema: str, database: str | None = None) -> Catalogue:
    """Tables of a schema with their columns and types; of the current database unless another is named."""
    rows: list[tuple[Any, ...]] = connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where database_name = coalesce(?, current_database()) and schema_name = ? order by table_name, column_index",
        [database, schema],
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, sql_type in rows:
        found.setdefault(table, {})[column] = sql_type
    return found


def external_query(
    connection: duckdb.DuckDBPyConnection, given: Input, origin: str | None, database: str | None = None
) -> str:
    """The input as a query: its declared columns by name, typed; one that the origin lacks is NULL. No origin, no rows.

    Blank cells are NULL. Raises ConfigError when the file or table is not there.
    """
    if origin is None:
        return empty_query(given.columns)
    relation = _relation(connection, origin, setting_of(given), database)
    there = {str(row[0]).lower() for row in connection.execute(f"describe select * from {relation}").fetchall()}
    columns = []
    for column in given.declared:
        name = next((name for name in column.taken_from if name in there), None)
        value = "null" if name is None else f"nullif(trim(cast({identifier(name)} as varchar)), '')"
        columns.append(f"cast({value} as {SQL_TYPES[column.type]}) as {identifier(column.name)}")
    return f"select {', '.join(columns)} from {relation}"


def setting_of(given: Input) -> str:
    """The setting that names the origin of an external input."""
    return f"models.inputs.{given.bare_name}"


def _relation(connection: duckdb.DuckDBPyConnection, origin: str, where: str, database: str | None) -> str:
    if origin.lower().endswith(".csv"):
        if not Path(origin).is_file():
            raise ConfigError(f"there is no file {origin}", where, "correct the path")
        return f"read_csv({literal(origin)}, header = true, all_varchar = true)"
    schema, _, table = origin.partition(".")
    if table not in tables_in(connection, schema, database):
        raise ConfigError(f"there is no table {origin}", where, "name a CSV file, or a table as schema.table")
    return identifier(schema, table) if database is None else identifier(database, schema, table)
