"""The rows of a table batch as one SELECT over the stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from loader.core.dialect import identifier, literal
from loader.core.samples import KeyPath
from loader.core.tables import NULLS
from loader.normalize.leaves import LeafReader
from loader.normalize.settle import read_types
from loader.normalize.stage import Messages, Rows, Stage
from loader.normalize.tables import Rules, TableBatch
from loader.normalize.values import FAMILIES, judged, value, variant_values

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
    """What rows say beside what the stage has."""

    objects: Mapping[int, int]
    """Part → object_id."""
    slugs: Mapping[int, str]
    """Kind → slug of the event."""
    nulls: Mapping[str, Mapping[int, str]]
    """Call → signature → keys that are null, as a JSON array."""


def messages_of(stage: Stage, call: str, beside: Beside) -> Messages:
    """The messages of a call with all that their rows are made from."""
    messages = stage.messages(call)
    messages.look_up("object_id", "part", beside.objects, pa.int64())
    if call == "track":
        messages.look_up("slug", "kind", beside.slugs, pa.string())
    if call in beside.nulls:
        messages.look_up("nulls", "signature", beside.nulls[call], pa.string())
    return messages


def insert_rows(
    stage: Stage, messages: Messages, batch: TableBatch, into: str, rules: Rules, uuid_ts: datetime
) -> None:
    """Append the rows of a batch to a table. `messages` are those of its call."""
    own_types: dict[KeyPath, str] = {path: "VARCHAR" for _, paths in _own(batch) for path in paths}
    types = own_types | read_types(batch.columns.values())
    with stage.reading(messages.of(batch.kinds), types) as rows:
        stage.engine.execute(_insert(batch, into, rules, uuid_ts, types, rows))


def _own(batch: TableBatch) -> tuple[tuple[str, tuple[KeyPath, ...]], ...]:
    return _NAMES.get(batch.target.call, ())


def _insert(
    batch: TableBatch,
    into: str,
    rules: Rules,
    uuid_ts: datetime,
    types: dict[KeyPath, str],
    rows: Rows,
) -> str:
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
        if target.call in ("identify", "group"):
            yield NULLS, "s.nulls"
