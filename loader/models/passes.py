"""Makes a large model in several passes, each over the rows of some values of one column, so that each fits in memory.

If all rows do not fit into memory, sorting and joining them at once uses files, which costs more than reading the
inputs once per pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import duckdb
from sqlglot import exp

from loader.errors import ConfigError
from loader.models.header import Model
from loader.models.render import Resolve, Tree, bare_table, render, tables_read
from loader.warehouses.resources import memory_limit

_MOST: Final = 64

SPAN: Final = 1 << 20
"""Most rows that a query of `in_spans` takes in at once."""

Columns = Callable[[str], Sequence[str]]


def in_passes(query: Tree, model: Model, count: int, columns: Columns) -> list[Tree]:
    """The SQL of each pass. Together they return the rows of the whole. Names are not yet qualified."""
    if model.passes is None or count <= 1:
        return [query]
    return [_restricted(query, model.passes, count, at, columns) for at in range(count)]


def count_of(connection: duckdb.DuckDBPyConnection, model: Model, rows: int) -> int:
    """How many passes are needed for this many rows, with the memory that the engine may use."""
    return max(1, min(_MOST, -int(-rows * model.bytes_of_row // memory_limit(connection))))


def rows_read(
    connection: duckdb.DuckDBPyConnection, query: Tree, model: Model, resolve: Resolve, columns: Columns
) -> int:
    """The number of rows of the largest table that is read in parts. Raises ConfigError if there is none."""
    names = {table.name for table in tables_read(query) if model.passes in columns(table.name)}
    if not names:
        raise ConfigError(
            f"model {model.name} is made in passes by {model.passes!r}, but no table that it reads has this column",
            f"{model.path}:1",
            "name a column of a large table in `passes:`, or leave the line out",
        )
    tables = [table for name in sorted(names) if (table := resolve(name)) is not None]
    counts = [connection.execute(f"select count(*) from {render(table)}").fetchall()[0][0] for table in tables]
    return max(map(int, counts), default=0)


class Spans(NamedTuple):
    """Rows of a table, in spans of a column whose values are whole numbers, about one for each row."""

    table: str
    column: str


def in_spans(connection: duckdb.DuckDBPyConnection, query: Tree, spans: Spans) -> list[Tree]:
    """The query once for each span of rows; its results together are those of the whole."""
    bounds = f"select min({spans.column}), max({spans.column}) from {spans.table}"
    first, last = connection.execute(bounds).fetchall()[0]
    if first is None or last - first < SPAN:
        return [query]
    column = exp.column(spans.column, table=spans.table)
    return [_with_part(query, spans.table, column.between(at, at + SPAN - 1)) for at in range(first, last + 1, SPAN)]


def _with_part(query: Tree, name: str, condition: exp.Expression) -> Tree:
    """The query over the rows of one table for which a condition holds."""
    query = query.copy()
    for table in tables_read(query):
        if table.name == name:
            there = exp.select("*").from_(bare_table(name)).where(condition.copy())
            table.replace(exp.Subquery(this=there, alias=exp.TableAlias(this=exp.to_identifier(table.alias_or_name))))
    return query


def _restricted(query: Tree, column: str, count: int, at: int, columns: Columns) -> Tree:
    for name in {table.name for table in tables_read(query)}:
        if column in columns(name):
            query = _with_part(query, name, _is_of_pass(column, name, count, at))
    return query.copy()


def _is_of_pass(column: str, table: str, count: int, at: int) -> exp.EQ:
    """The condition that a row belongs to a pass. NULL has a hash too, so no row is left out."""
    hashed = exp.Anonymous(this="hash", expressions=[exp.column(column, table=table)])
    return exp.EQ(this=exp.Mod(this=hashed, expression=exp.Literal.number(count)), expression=exp.Literal.number(at))
