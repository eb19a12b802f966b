"""Tables that a Python model changes in part: old rows that go and new ones that come, applied when the run is done.

Until then a view stands for the table as it will be, so that other models and the checks read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import duckdb

from loader.core.dialect import identifier

_GONE: Final = "gone_of_"
_NEW: Final = "new_of_"


@dataclass(frozen=True, slots=True)
class Patch:
    """Rows whose `column` has a value of the table `gone` go, those of the table `new` come. All names are SQL."""

    table: str
    column: str
    gone: str
    new: str

    def apply(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Change the table itself."""
        if connection.execute(f"select 1 from {self.gone} limit 1").fetchall():
            connection.execute(f"delete from {self.table} as old where {_is_gone(self.gone, self.column)}")
        connection.execute(f"insert into {self.table} by name select * from {self.new}")


def prepare(
    connection: duckdb.DuckDBPyConnection, schema: str, prefix: str, name: str, column: str, gone: str, new: str
) -> Patch:
    """Keep both queries' rows, and make the view `<prefix><name>` of the table as it will be.

    `gone`: query of one column, `value`; `new`: query of whole rows. The names of what is made begin with `prefix`.
    """
    view = identifier(schema, f"{prefix}{name}")
    patch = Patch(
        identifier(schema, name),
        identifier(column),
        identifier(schema, f"{prefix}{_GONE}{name}"),
        identifier(schema, f"{prefix}{_NEW}{name}"),
    )
    connection.execute(f"create or replace table {patch.gone} as {gone}")
    connection.execute(f"create or replace table {patch.new} as {new}")
    connection.execute(
        f"create or replace view {view} as select * from {patch.table} as old "
        f"where not {_is_gone(patch.gone, patch.column)} union all by name select * from {patch.new}"
    )
    return patch


def _is_gone(gone: str, column: str) -> str:
    """The condition on a row of `old`. No value is a value too."""
    return f"exists (select 1 from {gone} as gone where gone.value is not distinct from old.{column})"
