"""Changes tables of Python models in part: deletes old rows and adds new ones when the run is done.

Until then, a view shows the table as it will be, for other models and for the checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb

from loader.core.dialect import identifier

_GONE: Final = "gone_of_"
NEW: Final = "new_of_"
"""What the name of a table of new rows begins with, after the prefix of what is being made."""


@dataclass(frozen=True, slots=True)
class Change:
    """What changes in a table: rows whose `column` is in `gone` are deleted, then those of `new` are added."""

    column: str
    gone: str
    """A query of one column, `value`."""
    new: str
    """A query of whole rows."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A change whose rows are stored in the tables `gone` and `new`. All names are SQL."""

    table: str
    column: str
    gone: str | None
    """None: no row goes."""
    new: str

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Change the table itself."""
        if self.gone is not None:
            connection.execute(f"delete from {self.table} as old where {_is_gone(self.gone, self.column)}")
        connection.execute(f"insert into {self.table} by name select * from {self.new}")


def prepare(connection: duckdb.DuckDBPyConnection, schema: str, prefix: str, name: str, change: Change) -> Patch:
    """Store the rows of both queries, and make the view `<prefix><name>` of the table as it will be.

    The names of what is made begin with `prefix`.
    """
    view = identifier(schema, f"{prefix}{name}")
    table, values = identifier(schema, name), identifier(schema, f"{prefix}{_GONE}{name}")
    added = identifier(schema, f"{prefix}{NEW}{name}")
    connection.execute(f"create or replace table {values} as {change.gone}")
    connection.execute(f"create or replace table {added} as {change.new}")
    is_any_gone = bool(connection.execute(f"select 1 from {values} limit 1").fetchall())
    patch = Patch(table, identifier(change.column), values if is_any_gone else None, added)
    # The engine would look up every row, even in a table without rows.
    rest = f" as old where not {_is_gone(values, patch.column)}" if is_any_gone else ""
    connection.execute(
        f"create or replace view {view} as select * from {table}{rest} union all by name select * from {added}"
    )
    return patch


def _is_gone(gone: str, column: str) -> str:
    """The condition that a row of `old` is deleted. NULL counts as a value."""
    return f"exists (select 1 from {gone} as gone where gone.value is not distinct from old.{column})"
