"""What the tables of a batch add to the registries of the ledger: names, and the types of the values that were sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from loader.core.columns import Kind
from loader.core.messages import naming_rule, source_name
from loader.core.naming import table_name
from loader.normalize.columns.tables import TableBatch

_SEEN_AS = {Kind.STRING: "text", Kind.HUGE: "dec"}


class NewNames:
    """Finds the names of tables and columns that the batches of a load use for the first time."""

    def __init__(self, identifier_bytes: int) -> None:
        self._identifier_bytes = identifier_bytes
        self._known: set[tuple[str, str, str]] = set()

    def of(self, tables: Mapping[str, TableBatch]) -> Iterator[tuple[str, str, str, str, str]]:
        """Each new name as (kind, table, source name, name, rule)."""
        for table, batch in tables.items():
            for event, slug in batch.source_names.items():
                rule = "snake_case" if table == slug else "escaped" if table == f"_{slug}" else "hashed"
                if self._is_new("table", table, event):
                    yield "table", table_name(event, self._identifier_bytes), event, table, rule
            for column in batch.columns.values():
                for path in (*column.paths, *column.special_paths):
                    if self._is_new("column", table, source_name(path)):
                        yield "column", table, source_name(path), column.name, naming_rule(path, column.name)

    def _is_new(self, kind: str, table: str, source: str) -> bool:
        name = (kind, table, source)
        is_new = name not in self._known
        self._known.add(name)
        return is_new


def observations(tables: Mapping[str, TableBatch]) -> Iterator[tuple[str, str, str, int, datetime, datetime]]:
    """The values that each column was sent, as (table, column, type, count, first seen, last seen)."""
    for table, batch in tables.items():
        for column in batch.columns.values():
            assert column.first_seen is not None
            assert column.last_seen is not None
            for kind, count in column.evidence.counts.items():
                if count:
                    yield table, column.name, _SEEN_AS.get(kind, kind.value), count, column.first_seen, column.last_seen
