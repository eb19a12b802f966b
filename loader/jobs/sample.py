"""Compares values of messages in the archive with their rows. Fetches the rows of many messages at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from loader.config.settings import LoadSettings
from loader.core.dialect import DUCKDB
from loader.core.naming import table_name
from loader.core.tables import CALL_TABLE
from loader.inventory import Table
from loader.jobs.findings import Findings
from loader.jobs.recount import Item
from loader.jobs.revalue import Discard, Row, Wanted, context_values, envelope_values, missing, payload_values
from loader.reading import Reader

MESSAGES: Final = 2000
"""Messages of one object whose values are checked, evenly spread; and messages in memory at a time."""
_BYTES: Final = 16 * 2**20


@dataclass(frozen=True, slots=True)
class _Sampled:
    key: str
    call: str
    id: str
    body: dict[str, Any]
    load: LoadSettings
    """The options under which its object was loaded."""


_Values = Callable[[str, dict[str, Any], LoadSettings], Iterator[Wanted]]


class ValueSample:
    """Collects messages that have a row, and compares each with its row."""

    def __init__(
        self,
        reader: Reader,
        source: str,
        tables: Mapping[str, Table],
        options: Mapping[object, LoadSettings],
        findings: Findings,
    ) -> None:
        """`options` of each load, by its start, which every row has as `uuid_ts`."""
        self._reader = reader
        self._source = source
        self._tables = tables
        self._options = options
        self._findings = findings
        self._waiting: list[_Sampled] = []
        self._bytes = 0
        self.values_checked = 0

    def add(self, key: str, row_id: str, item: Item, size: int, load: LoadSettings) -> None:
        """Add a message whose row has this id. `size` is roughly its number of bytes."""
        assert item.body is not None
        self._waiting.append(_Sampled(key, item.call, row_id, item.body, load))
        self._bytes += size
        if len(self._waiting) >= MESSAGES or self._bytes >= _BYTES:
            self.flush()

    def flush(self) -> None:
        """Compare all collected messages."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        if not waiting:
            return
        discards = self._discards(each.id for each in waiting)
        for call, table in CALL_TABLE.items():
            of_call = [each for each in waiting if each.call == call]
            rows = self._rows(table, [each.id for each in of_call])
            by_event: dict[str, list[_Sampled]] = {}
            for each in of_call:
                row = rows.get(each.id)
                if row is None:
                    continue  # it was found by place, so it was deleted meanwhile or belongs to another call
                lost = discards.get(each.id, [])
                self._compare(each, table, row, lost, (envelope_values, context_values))
                if call != "track":
                    self._compare(each, table, row, lost, (payload_values,))
                elif "event_text" in row and all(discard.reason != "table_cap" for discard in lost):
                    by_event.setdefault(table_name(row["event_text"], DUCKDB.identifier_bytes), []).append(each)
            for name, tracks in by_event.items():
                self._compare_events(name, tracks, discards)

    def _compare_events(self, table: str, tracks: list[_Sampled], discards: Mapping[str, list[Discard]]) -> None:
        rows = self._rows(table, [each.id for each in tracks])
        for each in tracks:
            if each.id not in rows:
                continue  # the comparison of whole tables reports this
            lost = discards.get(each.id, [])
            self._compare(each, table, rows[each.id], lost, (envelope_values, context_values, payload_values))

    def _compare(self, each: _Sampled, table: str, row: Row, discards: list[Discard], parts: Iterable[_Values]) -> None:
        load = self._options.get(row.get("uuid_ts"), each.load)
        wanted = [value for part in parts for value in part(each.call, each.body, load)]
        self.values_checked += len(wanted)
        for value in missing(wanted, table, each.call, row, discards, load):
            column = value.column or ".".join(value.path)
            has_other = value.column is not None and row.get(value.column) is not None
            self._findings.add(
                each.key,
                f"value missing: {table}.{column} of {each.id}",
                value.kind,
                "another value" if has_other else "nothing",
            )

    def _rows(self, table: str, ids: list[str]) -> dict[str, Row]:
        if table not in self._tables or not ids:
            return {}
        answer = self._reader.check("rows_by_id", {"table": self._tables[table].qualified, "ids": ids})
        return {str(row["id"]): row for row in answer.records()}

    def _discards(self, ids: Iterable[str]) -> dict[str, list[Discard]]:
        found: dict[str, list[Discard]] = {}
        answer = self._reader.check("discards_by_id", {"source": self._source, "ids": list(ids)})
        for row_id, column, path, reason in answer.rows:
            found.setdefault(str(row_id), []).append(Discard(_or_none(column), _or_none(path), str(reason)))
        return found


def _or_none(value: object) -> str | None:
    return None if value is None else str(value)
