"""Temporary tables of one resolution: made from queries, and dropped at the end. Named `_identity_…`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from loader.models.identity.state import Numbers

PREFIX: Final = "_identity_"


class Work:
    """The connection with the temporary tables of one resolution."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._made: dict[str, None] = {}

    def make(self, name: str, query: str) -> None:
        """Make or replace a temporary table. `name` includes the prefix."""
        self.connection.execute(f"create or replace temp table {name} as {query}")
        self._made[name] = None

    def drop(self, *names: str) -> None:
        """Drop tables that are no longer needed, because memory limits the size of a run."""
        for name in names:
            self.connection.execute(f"drop table if exists {name}")
            self._made.pop(name, None)

    def rename(self, old: str, new: str) -> None:
        """Rename a table, and drop an existing table of the new name."""
        self.drop(new)
        self.connection.execute(f"alter table {old} rename to {new}")
        self._made.pop(old)
        self._made[new] = None

    def fill(self, name: str, columns: Sequence[str], values: Iterable[Any]) -> None:
        """Make a table of integers from one array per column, all of the same length."""
        arrays = [pa.array(each) for each in values]
        filled = pa.table(dict(zip(columns, arrays, strict=True)))
        self.connection.register(f"{name}_values", filled)
        try:
            self.make(name, f"select * from {name}_values")
        finally:
            self.connection.unregister(f"{name}_values")

    def columns(self, query: str) -> list[Numbers]:
        """The columns of a query of small integers, as arrays; NULL becomes 0."""
        found = self.connection.execute(query).fetchnumpy()
        return [np.ma.filled(column, 0).astype(np.int32) for column in found.values()]

    def number(self, query: str) -> int:
        """The single number that a query returns."""
        return int(self.connection.execute(query).fetchall()[0][0])

    def close(self) -> None:
        """Drop all tables."""
        self.drop(*list(self._made))
