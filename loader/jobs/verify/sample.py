"""Compares messages of the archive with their rows: the same values, and no others. Fetches many rows at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import xxhash

from loader.config.settings import LoadSettings
from loader.core.dialect import DUCKDB
from loader.core.messages import source_name
from loader.core.naming import event_slug, table_name
from loader.core.tables import CALL_TABLE, ID_HASH, LATEST, NULLS, REQUEST_IP
from loader.inventory import Table
from loader.jobs.verify.discards import Lossy, wrong_discards
from loader.jobs.verify.exact import ExactLines, Origin, Told, is_same_cell
from loader.jobs.verify.findings import Findings
from loader.jobs.verify.lines import Item, Line
from loader.jobs.verify.values import (
    Discard,
    Row,
    Wanted,
    columns_held,
    context_values,
    envelope_values,
    is_equal,
    is_left_out,
    parsed,
    payload_values,
    wanted_columns,
)
from loader.reading import Reader

MESSAGES: Final = 2000
"""Messages of one object whose values are checked, evenly spread; and messages in memory at a time."""
EXACT_MESSAGES: Final = 500
"""Of these, so many are read the exact way as well."""
_BYTES: Final = 16 * 2**20


@dataclass(frozen=True, slots=True)
class _Sampled:
    origin: Origin
    line: Line
    item: Item
    id: str
    load: LoadSettings
    """The options under which its object was loaded."""
    is_exact: bool
    """Whether it is read the exact way as well."""

    @property
    def call(self) -> str:
        """The call of the message."""
        return self.item.call

    @property
    def body(self) -> dict[str, Any]:
        """The message; empty if it could not be read."""
        return self.item.body or {}


class ValueSample:
    """Collects messages that have a row, and compares each with its row."""

    def __init__(
        self,
        reader: Reader,
        source: str,
        tables: Mapping[str, Table],
        options: Mapping[object, LoadSettings],
        lines: ExactLines,
        findings: Findings,
    ) -> None:
        """`options` of each load, by its start, which every row has as `uuid_ts`."""
        self._reader = reader
        self._source = source
        self._tables = tables
        self._options = options
        self._lines = lines
        self._findings = findings
        self._waiting: list[_Sampled] = []
        self._bytes = 0
        self._read: tuple[Line | None, LoadSettings | None, dict[int, Told]] = (None, None, {})
        """The line that was read last: it may hold many messages."""
        self._names = {
            (str(table), str(path)): str(name)
            for kind, table, path, name, _ in reader.check("names", {"source": source}).rows
            if kind == "column"
        }
        self._columns: dict[str, set[str]] = {}
        self._seen: set[tuple[str, tuple[str, ...]]] = set()
        """Paths whose column is compared with the registry: once for each table."""
        self.values_checked = 0

    def add(self, origin: Origin, line: Line, item: Item, row_id: str, load: LoadSettings, is_exact: bool) -> None:
        """A message whose row has this id. `is_exact`: what the exact way tells of it is compared as well."""
        self._waiting.append(_Sampled(origin, line, item, row_id, load, is_exact))
        self._bytes += len(line.body)
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
            raws = self._raws(call, of_call)
            payloads = self._event_rows(of_call, rows) if call == "track" else {}
            for each in of_call:
                if each.id in rows:  # otherwise the row of this place has another call, which is reported already
                    lost = discards.get((table, each.id), [])
                    self._compare(each, table, rows[each.id], payloads.get(each.id), lost, raws)

    def _event_rows(self, tracks: list[_Sampled], rows: Mapping[str, Row]) -> dict[str, tuple[str, Row]]:
        """Table and row of the payload, by id. That none is missing, the comparison of whole tables tells."""
        by_event: dict[str, list[str]] = {}
        for each in tracks:
            row = rows.get(each.id, {})
            if "event_text" in row:
                by_event.setdefault(table_name(row["event_text"], DUCKDB.identifier_bytes), []).append(each.id)
        return {
            row_id: (table, row) for table, ids in by_event.items() for row_id, row in self._rows(table, ids).items()
        }

    def _compare(
        self,
        each: _Sampled,
        table: str,
        row: Row,
        event: tuple[str, Row] | None,
        discards: list[Discard],
        raws: Mapping[str, str],
    ) -> None:
        load = self._load(each, row)
        common, payload = _wanted(each, load)
        if event is None:
            own = common if each.call == "track" else common + payload
            lacking = self._compare_values(each, table, row, discards, own, load)
        else:
            lacking = self._compare_values(each, table, row, discards, common, load)
            event_load = self._load(each, event[1])
            common, payload = (common, payload) if event_load == load else _wanted(each, event_load)
            self._compare_values(each, *event, discards, common + payload, event_load)
        if not each.is_exact:
            return
        told = self._told(each, load)
        if told is None:
            return  # not read as a message: its place is reported
        told_payload = told if event is None else self._told(each, event_load) or told
        wanted = [*common, *payload, *wanted_columns(each.call, each.body, load)]
        self._compare_told(each, table, {name: cell for name, cell in row.items() if name not in lacking}, told, load)
        lossy = Lossy(each.call, told, told_payload, wanted, row.get("event_text"))
        for what, problem in wrong_discards(lossy, discards):
            self._add(each, f"discard {problem}: {what}", "the discards of the message", problem, None)
        if load.raw_events:
            whole_message = parsed(raws.get(each.id))
            # The id of one of several equal messages without an id has a number.
            told_body = {**told.body, "messageId": each.id}
            if not (is_equal(told_body, whole_message) or is_equal(each.body, whole_message)):
                self._add(each, f"raw: the whole message of {each.id}", "the message", "another one, or none", table)

    def _compare_told(self, each: _Sampled, table: str, row: Row, told: Told, load: LoadSettings) -> None:
        """Columns whose values follow from the exact way."""
        id_hash = xxhash.xxh64_intdigest(str(row["id"]).encode())
        expected = {**told.cells(each.call), "_fingerprint": told.fingerprint, ID_HASH: id_hash}
        if each.call in LATEST:
            expected[NULLS] = told.nulls(each.call, load) or None
            row = {**row, NULLS: parsed(row.get(NULLS))}
        if each.call == "track":
            event = expected["event_text"]
            expected["event"] = None if event is None else event_slug(str(event), DUCKDB.identifier_bytes)
        for column, value in expected.items():
            if column in row and not is_same_cell(row[column], value):
                what = f"not what follows from the message: {table}.{column} of {each.id}"
                self._add(each, what, _held(value), _held(row[column]), table)
        if not told.is_id(row["id"]):
            what = f"not what follows from the message: {table}.id of {each.id}"
            self._add(each, what, "the id of the message", "another id", table)

    def _compare_values(
        self, each: _Sampled, table: str, row: Row, discards: list[Discard], wanted: list[Wanted], load: LoadSettings
    ) -> set[str]:
        """Compare both ways: no value is missing, and none is there that was not sent. Columns without their value."""
        lacking: set[str] = set()
        beside = list(wanted_columns(each.call, each.body, load))
        self.values_checked += len(wanted)
        held = columns_held([*wanted, *beside], each.call, row)
        for value, column in zip([*wanted, *beside], held, strict=True):
            if column is None and not is_left_out(value, table, discards, load):
                lacking.add(value.column or "")
                named = value.column or ".".join(value.path)
                has_other = value.column is not None and row.get(value.column) is not None
                found = "another value" if has_other else "nothing"
                self._add(each, f"value missing: {table}.{named} of {each.id}", value.kind, found, table)
        for column in sorted(name for name in self._judged(table) - {*held} if row.get(name) is not None):
            what = f"value that was not sent: {table}.{column} of {each.id}"
            self._add(each, what, "nothing, or another value", "a value", table)
        self._compare_names(table, wanted, held[: len(wanted)])
        return lacking

    def _judged(self, table: str) -> set[str]:
        """The columns of a table that loads made of what was sent, with their variants."""
        if table not in self._columns:
            # The address of the sender fills two columns, and only one of their names is registered.
            names = {f"context_{REQUEST_IP}", *(name for (of, _), name in self._names.items() if of == table)}
            columns = [name for name, _ in self._tables[table].columns]
            self._columns[table] = {name for name in columns if name.partition("__v_")[0] in names}
        return self._columns[table]

    def _compare_names(self, table: str, wanted: list[Wanted], held: list[str | None]) -> None:
        """Whether the registry has the column of every value that is the only one of its column."""
        new = [
            value
            for value, column in zip(wanted, held, strict=True)
            if column is not None
            and column.partition("__v_")[0] == value.column
            and len(value.path) > 1
            and (table, value.path) not in self._seen
        ]
        if not new:
            return
        claims = Counter(value.column for value in wanted)
        for value in new:
            if claims[value.column] == 1:
                self._seen.add((table, value.path))
                path = source_name(value.path)
                if self._names.get((table, path)) != value.column:
                    what = f"names: column of {table} for {path}"
                    self._findings.add("names", what, value.column, "none, or another")

    def _add(self, each: _Sampled, what: str, expected: str, found: str, table: str | None) -> None:
        self._findings.add(each.origin.key, what, expected, found, table, each.line.number)

    def _load(self, each: _Sampled, row: Row) -> LoadSettings:
        return self._options.get(row.get("uuid_ts"), each.load)

    def _told(self, each: _Sampled, load: LoadSettings) -> Told | None:
        line, under, told = self._read
        if line is not each.line or under != load:
            told = self._lines.messages(each.origin, each.line, load)
            self._read = (each.line, load, told)
        return told.get(each.item.number)

    def _rows(self, table: str, ids: list[str]) -> dict[str, Row]:
        if table not in self._tables or not ids:
            return {}
        answer = self._reader.check("rows_by_id", {"table": self._tables[table].qualified, "ids": ids})
        return {str(row["id"]): row for row in answer.records()}

    def _raws(self, call: str, sampled: list[_Sampled]) -> dict[str, str]:
        ids = [each.id for each in sampled]
        values = {"source": self._source, "call": call, "ids": ids}
        return {str(row_id): str(raw) for row_id, raw in self._reader.check("raw_by_id", values).rows} if ids else {}

    def _discards(self, ids: Iterable[str]) -> dict[tuple[str, str], list[Discard]]:
        """By call table and id of the row."""
        found: dict[tuple[str, str], list[Discard]] = {}
        answer = self._reader.check("discards_by_id", {"source": self._source, "ids": list(ids)})
        for row_id, table, column, path, value, column_type, reason in answer.rows:
            name = str(table)
            call_table = name if name in CALL_TABLE.values() else CALL_TABLE["track"]
            discard = Discard(
                name, _or_none(column), _or_none(path), _or_none(value), _or_none(column_type), str(reason)
            )
            found.setdefault((call_table, str(row_id)), []).append(discard)
        return found


def _wanted(each: _Sampled, load: LoadSettings) -> tuple[list[Wanted], list[Wanted]]:
    """What belongs in the columns of every table of the call, and in those of the payload."""
    call, body = each.call, each.body
    common = [*envelope_values(call, body), *context_values(call, body, load)]
    return common, list(payload_values(call, body, load))


def _or_none(value: object) -> str | None:
    return None if value is None else str(value)


def _held(value: object) -> str:
    return "nothing" if value is None else "a value"
