"""The rows of a table batch as one SELECT over the stage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

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
class Side:
    """Small tables beside the stage: parts (part → object_id), slugs (kind → slug), shapes (signature → nulls)."""

    parts: str
    slugs: str
    shapes: str


def insert_rows(
    stage: Stage, messages: Messages, batch: TableBatch, into: str, side: Side, rules: Rules, uuid_ts: datetime
) -> None:
    """Append the rows of a batch to a table. `messages` are those of its call."""
    own_types: dict[KeyPath, str] = {path: "VARCHAR" for _, paths in _own(batch) for path in paths}
    types = own_types | read_types(batch.columns.values())
    with stage.reading(messages.of(batch.kinds), types) as rows:
        stage.engine.execute(_insert(batch, into, side, rules, uuid_ts, types, rows))


def _own(batch: TableBatch) -> tuple[tuple[str, tuple[KeyPath, ...]], ...]:
    return _NAMES.get(batch.target.call, ())


def _insert(
    batch: TableBatch,
    into: str,
    side: Side,
    rules: Rules,
    uuid_ts: datetime,
    types: dict[KeyPath, str],
    rows: Rows,
) -> str:
    target = batch.target
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
    joins = ""
    if target.call == "track":
        joins += f" left join {side.slugs} as k using (kind)"
    if target.is_call_table:
        joins += f" join {side.parts} as p using (part)"
        if target.call in ("identify", "group"):
            joins += f" left join {side.shapes} as h on h.call = {literal(target.call)} and h.signature = s.signature"
    misfits = [column for column in columns if column.has_misfits]
    names = ", ".join(identifier(name) for name in selected)
    return (
        f"insert into {into} ({names}) select {', '.join(selected.values())} from "
        f"{judged(rows.name, misfits, reader)} as s{joins}"
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
        yield "event", "k.slug"
        yield "event_text", "s.event"
    if target.is_call_table:
        yield "_object", "p.object_id"
        yield "_line", "s.line"
        yield "_item", "s.item"
        yield "_fingerprint", "s.fingerprint"
        if target.call in ("identify", "group"):
            yield NULLS, "h.nulls"


def shapes_table(stage: Stage, facts: list[tuple[str, int, str | None, str | None]]) -> str:
    """Make the table of what shapes tell beside columns: null columns and unknown keys, both as JSON arrays."""
    name = f"{stage.name}_shapes"
    engine = stage.engine
    engine.execute(f"create or replace table {name} (call varchar, signature ubigint, nulls varchar, unknown varchar)")
    for start in range(0, len(facts), 500):
        rows = ", ".join(
            f"({literal(call)}, {key}, {literal(nulls)}, {literal(unknown)})"
            for call, key, nulls, unknown in facts[start : start + 500]
        )
        engine.execute(f"insert into {name} values {rows}")
    return name


def slugs_table(stage: Stage, slugs: dict[int, str]) -> str:
    """Make the table of kinds and the slugs of their events."""
    name = f"{stage.name}_slugs"
    stage.engine.execute(f"create or replace table {name} (kind ubigint, slug varchar)")
    rows = [f"({kind}, {literal(slug)})" for kind, slug in slugs.items()]
    for start in range(0, len(rows), 500):
        stage.engine.execute(f"insert into {name} values {', '.join(rows[start : start + 500])}")
    return name
