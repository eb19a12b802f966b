"""Makes the rows of a table batch, as one SELECT over the stage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from loader.core.dialect import identifier, literal
from loader.core.samples import KeyPath
from loader.core.tables import ID_HASH, NULLS
from loader.normalize.columns.leaves import LeafReader
from loader.normalize.columns.settle import read_types
from loader.normalize.columns.tables import Rules, TableBatch
from loader.normalize.columns.values import FAMILIES, judged, value, variant_values
from loader.normalize.messages.stage import Rows, Stage
from loader.normalize.scan.held import ChosenLeaves

_NAMES: dict[str, tuple[tuple[str, tuple[KeyPath, ...]], ...]] = {
    "page": (
        ("name", (("name",), ("properties", "name"))),
        ("category", (("category",), ("properties", "category"))),
    ),
    "screen": (
        ("name", (("name",), ("properties", "name"))),
        ("category", (("category",), ("properties", "category"))),
    ),
    "group": (("group_id", (("groupId",),)),),
    "alias": (("previous_id", (("previousId",),)),),
}
"""Own columns of a call: the first of several keys that is there."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Values of rows that are not in the stage."""

    objects: Mapping[int, int]
    """Part → object_id."""
    slugs: Mapping[int, str]
    """Kind → slug of the event."""
    nulls: Mapping[str, Mapping[int, str]]
    """Call → signature → keys that are null, as a JSON array."""


class _Messages:
    """The messages of one call."""

    def __init__(self, table: pa.Table) -> None:
        """`table` is from the stage, sorted by `event_hash`."""
        self._table = table
        self._event_hashes = table.column("event_hash").to_numpy()

    def look_up(self, name: str, key: str, values: Mapping[int, str | int], column_type: pa.DataType) -> None:
        """Add a column with the meaning of the numbers in another column; null for numbers without one.

        This is not a join, because the engine would take rows that it cannot count for the smaller side.
        """
        keys, indices = np.unique(self._table.column(key).to_numpy(), return_inverse=True)
        looked_up = pa.array([values.get(number) for number in keys.tolist()], column_type)
        self._table = self._table.append_column(name, looked_up.take(pa.array(indices)))

    def of(self, event_hashes: Sequence[int] | None) -> pa.Table:
        """The messages of some events, or all."""
        if event_hashes is None:
            return self._table
        hashes = self._event_hashes
        ends = [np.searchsorted(hashes, np.uint64(each), side) for each in event_hashes for side in ("left", "right")]
        return pa.concat_tables(
            self._table.slice(begin, end - begin) for begin, end in zip(ends[::2], ends[1::2], strict=True)
        )


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of a batch for one table, ready to be inserted."""

    batch: TableBatch
    table: pa.Table
    chosen: ChosenLeaves


def table_rows(stage: Stage, batches: Iterable[TableBatch], beside: Beside) -> Iterator[TableRows]:
    """Make the rows of tables, call by call."""
    by_call: dict[str, list[TableBatch]] = {}
    for batch in batches:
        by_call.setdefault(batch.target.call, []).append(batch)
    for call, of_call in by_call.items():
        messages = _Messages(stage.messages(call))
        messages.look_up("object_id", "part", beside.objects, pa.int64())
        if call == "track":
            messages.look_up("slug", "event_hash", beside.slugs, pa.string())
        if call in beside.nulls:
            messages.look_up("nulls", "signature", beside.nulls[call], pa.string())
        for batch in of_call:
            table = messages.of(batch.event_hashes)
            yield TableRows(batch, table, stage.choose(table, _types(batch)))


def insert_rows(stage: Stage, rows: TableRows, into: str, rules: Rules, uuid_ts: datetime) -> None:
    """Insert rows into their table."""
    with stage.reading(rows.table, rows.chosen) as read:
        stage.engine.execute(_insert(rows.batch, into, rules, uuid_ts, read))


def _types(batch: TableBatch) -> dict[KeyPath, str]:
    """The leaves of the rows, and how each is read."""
    own: dict[KeyPath, str] = {path: "VARCHAR" for _, paths in _own(batch) for path in paths}
    return own | read_types(batch.columns.values())


def _own(batch: TableBatch) -> tuple[tuple[str, tuple[KeyPath, ...]], ...]:
    return _NAMES.get(batch.target.call, ())


def _insert(batch: TableBatch, into: str, rules: Rules, uuid_ts: datetime, rows: Rows) -> str:
    types = _types(batch)
    columns = list(batch.columns.values())
    reader = batch.reader(types, rows.leaves)
    selected = dict(_core(batch, uuid_ts))
    plain = LeafReader(types, objects=batch.objects, text_objects=batch.text_objects, told=rows.leaves)
    for name, paths in _own(batch):
        texts = [_as_text(plain, path, types) for path in paths]
        selected[name] = texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"
    for column in columns:
        selected[column.name] = value(column, reader, rules.timestamp)
        if column.wanted_variants:
            variants = variant_values(column, rules.timestamp)
            for family in FAMILIES:
                if family in column.wanted_variants:
                    selected[f"{column.name}__v_{family}"] = variants[family]
    misfits = [column for column in columns if column.has_misfits]
    names = ", ".join(identifier(name) for name in selected)
    return (
        f"insert into {into} ({names}) select {', '.join(selected.values())} from "
        f"{judged(rows.name, misfits, reader)} as s"
    )


def _as_text(reader: LeafReader, path: KeyPath, types: dict[KeyPath, str]) -> str:
    leaf = reader.value(path)
    if types[path] == "VARCHAR":
        return leaf
    return f"({leaf} ->> '$')" if types[path] == "JSON" else f"({leaf})::varchar"


def _core(batch: TableBatch, uuid_ts: datetime) -> Iterable[tuple[str, str]]:
    target = batch.target
    yield "id", "s.id"
    yield "received_at", "s.received_at"
    yield "uuid_ts", f"{literal(uuid_ts.isoformat())}::timestamptz"
    yield "anonymous_id", "s.anonymous_id"
    yield "user_id", "s.user_id"
    yield "timestamp", 's."timestamp"'
    yield "original_timestamp", "s.original_timestamp"
    yield "sent_at", "s.sent_at"
    if target.call == "track":
        yield "event", "s.slug"
        yield "event_text", "s.event"
    if target.is_call_table:
        yield "_object", "s.object_id"
        yield "_line", "s.line"
        yield "_item", "s.item"
        yield "_fingerprint", "s.fingerprint"
        yield ID_HASH, "s.id_hash"
        if target.call in ("identify", "group"):
            yield NULLS, "s.nulls"
