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
from loader.normalize.stage import Stage
from loader.normalize.tables import Rules, TableBatch
from loader.normalize.values import FAMILIES, value, variant_values

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


def insert_rows(stage: Stage, batch: TableBatch, into: str, side: Side, rules: Rules, uuid_ts: datetime) -> str:
    """The statement that appends the rows of a batch to a table."""
    target = batch.target
    own = _NAMES.get(target.call, ())
    own_types: dict[KeyPath, str] = {path: "VARCHAR" for _, paths in own for path in paths}
    columns = list(batch.columns.values())
    types = own_types | read_types(columns)
    reader = batch.reader(types)
    selected = dict(_core(batch, uuid_ts))
    plain = LeafReader(types, objects=batch.objects, text_objects=batch.text_objects)
    for name, paths in own:
        texts = [_as_text(plain, path, types) for path in paths]
        selected[name] = texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"
    for column in columns:
        selected[column.name] = value(column, reader, rules.timestamp)
        if column.wanted_variants:
            variants = variant_values(column, reader, rules.timestamp)
            for family in FAMILIES:
                if family in column.wanted_variants:
                    selected[f"{column.name}__v_{family}"] = variants[family]
    joins = f"join {side.parts} as p using (part)"
    if target.call == "track":
        joins += f" left join {side.slugs} as k using (kind)"
    if target.is_call_table and target.call in ("identify", "group"):
        joins += f" left join {side.shapes} as h on h.call = s.call and h.signature = s.signature"
    names = ", ".join(identifier(name) for name in selected)
    return (
        f"insert into {into} ({names}) select {', '.join(selected.values())} from "
        f"(select *, {reader.read} as r from ({stage.rows(batch.condition)})) as s {joins}"
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
