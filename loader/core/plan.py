"""Plans the schema changes that lead from existing tables to wanted columns, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

SchemaTables = Mapping[str, Mapping[str, str]]
"""Tables of one schema: name → column → type, as the warehouse says."""


@dataclass(frozen=True, slots=True)
class WantedColumn:
    """A column that a load needs. `sql_type` is the warehouse's name of the type."""

    name: str
    sql_type: str
    is_core: bool = False
    filled_with: str | None = None
    """SQL of the values of rows that were there before the column, over their other columns; without it, null."""


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """A new table with its first columns, a new column, or a wider type."""

    change: Literal["create_table", "add_column", "widen_column"]
    table: str
    columns: tuple[WantedColumn, ...]
    old_type: str | None = None


def ordered(columns: Iterable[WantedColumn]) -> list[WantedColumn]:
    """Core columns in the given order, then the others by name, ignoring a leading underscore."""
    listed = list(columns)
    others = sorted((column for column in listed if not column.is_core), key=lambda column: column.name.lstrip("_"))
    return [column for column in listed if column.is_core] + others


def changes(existing: SchemaTables, wanted: Mapping[str, Sequence[WantedColumn]]) -> list[SchemaChange]:
    """The changes for everything that is missing or too narrow. Other columns are left alone."""
    found: list[SchemaChange] = []
    for table, columns in wanted.items():
        if table not in existing:
            found.append(SchemaChange("create_table", table, tuple(ordered(columns))))
            continue
        there = existing[table]
        for column in ordered(columns):
            if column.name not in there:
                found.append(SchemaChange("add_column", table, (column,)))
            elif there[column.name] != column.sql_type and not column.is_core:
                found.append(SchemaChange("widen_column", table, (column,), there[column.name]))
    return found
