"""Values of a batch that have no column → rows of the discards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from loader.core.dialect import literal, pointer
from loader.core.messages import source_name
from loader.core.samples import KeyPath
from loader.core.tables import CALL_TABLE
from loader.normalize.leaves import coalesced
from loader.normalize.settle import read_types
from loader.normalize.stage import Stage
from loader.normalize.tables import Rules, TableBatch
from loader.normalize.values import misfit


@dataclass(frozen=True, slots=True)
class Load:
    """Which load is writing."""

    source: str
    load_id: str
    uuid_ts: datetime


def _insert(into: str, load: Load, table: str, what: str, rows: str) -> str:
    """`what` gives column_name, source_path, value_json, column_type and reason; `rows` has the stage as s, parts as p."""
    return (
        f"insert into {into} (source, load_id, table_name, row_id, column_name, source_path, value_json, column_type, "
        f"reason, user_id, anonymous_id, received_at, uuid_ts, object_id, line, item) select {literal(load.source)}, "
        f"{literal(load.load_id)}, {table}, s.id, {what}, s.user_id, s.anonymous_id, s.received_at, "
        f"{literal(load.uuid_ts.isoformat())}::timestamptz, p.object_id, s.line, s.item from {rows}"
    )


def call_table_of(column: str) -> str:
    """The SQL of the call table of a call."""
    cases = " ".join(f"when {literal(call)} then {literal(table)}" for call, table in CALL_TABLE.items())
    return f"case {column} {cases} end"


def noted_losses(into: str, load: Load, stage: Stage, losses: str, parts: str) -> str:
    """Losses that the exact way noted, for messages that became rows."""
    what = "null, l.source_path, l.value_json, null, l.reason"
    rows = f"{losses} as l join {stage.name} as s using (part, line, item) join {parts} as p using (part)"
    return _insert(into, load, call_table_of("s.call"), what, rows)


def unknown_keys(into: str, load: Load, stage: Stage, shapes: str, parts: str) -> str:
    """Top-level keys that are neither loaded nor on the exclusion list: one discard per row."""
    entries = "list_transform(from_json(h.unknown, '[\"VARCHAR\"]'), lambda x: to_json(x)::varchar || ':' || (json_extract(s.text, '/' || replace(replace(x, '~', '~0'), '/', '~1')))::varchar)"
    what = f"null, '', '{{' || array_to_string({entries}, ',') || '}}', null, 'unknown_top_level'"
    rows = (
        f"{stage.name} as s join {shapes} as h on h.call = s.call and h.signature = s.signature "
        f"and h.unknown is not null join {parts} as p using (part)"
    )
    return _insert(into, load, call_table_of("s.call"), what, rows)


def misfits(into: str, load: Load, stage: Stage, batch: TableBatch, parts: str, rules: Rules) -> Iterator[str]:
    """Values that do not fit the type of their column, where variants are not wanted."""
    columns = [column for column in batch.columns.values() if column.has_misfits]
    reader = batch.reader(read_types(columns))
    for column in columns:
        path = source_name(next(iter([*column.paths, *column.special_paths])))
        rows = (
            f"(select *, {misfit(column, reader, rules.timestamp)} as lost from "
            f"(select *, {reader.read} as r from {stage.name} where {batch.condition})) as s "
            f"join {parts} as p using (part) where s.lost is not null"
        )
        what = f"{literal(column.name)}, {literal(path)}, s.lost::varchar, {literal(column.sql_type)}, 'type_conflict'"
        yield _insert(into, load, literal(batch.target.name), what, rows)


def over_the_cap(into: str, load: Load, stage: Stage, batch: TableBatch, parts: str) -> str:
    """Values of columns that a table has no room for: one discard per row, an object of column names."""
    types: dict[KeyPath, str] = {path: "JSON" for column in batch.overflow.values() for path in column.paths}
    reader = batch.reader(types)
    entries = []
    for column in batch.overflow.values():
        leaves = [reader.value(path) for path in column.paths]
        leaves += [f"special(specials, {literal(pointer(path))})" for path in column.special_paths]
        entries.append(f"nullif({coalesced(leaves)}, 'null'::json)::varchar")
    keys = ", ".join(literal(name) for name in batch.overflow)
    # Zipped, because a lambda that looks into a list beside it copies that list for every element.
    pairs = (
        "list_transform(list_filter(list_zip(k, v), lambda x: x[2] is not null), "
        "lambda x: to_json(x[1])::varchar || ':' || x[2])"
    )
    rows = (
        f"(select *, '{{' || array_to_string({pairs}, ',') || '}}' as lost from (select *, [{keys}] as k, "
        f"[{', '.join(entries)}] as v from (select *, {reader.read} as r from {stage.name} "
        f"where {batch.condition}))) as s join {parts} as p using (part) where s.lost <> '{{}}'"
    )
    return _insert(into, load, literal(batch.target.name), "null, '', s.lost, null, 'column_cap'", rows)


def over_the_table_cap(into: str, load: Load, stage: Stage, batch: TableBatch, parts: str) -> str:
    """The payload of events that get no table of their own."""
    payload = "coalesce(nullif(json_extract(s.text, '/properties'), 'null'::json), json_extract(s.text, '/traits'))"
    rows = (
        f"{stage.name} as s join {parts} as p using (part) where {batch.condition} "
        f"and json_type({payload}) = 'OBJECT' and {payload}::varchar <> '{{}}'"
    )
    what = f"{literal(batch.target.name)}, 'properties', {payload}::varchar, null, 'table_cap'"
    return _insert(into, load, literal("tracks"), what, rows)


def raw_messages(into: str, load: Load, stage: Stage) -> str:
    """Every message whole, for those who asked for it."""
    return (
        f"insert into {into} (source, call, id, received_at, raw) "
        f"select {literal(load.source)}, call, id, received_at, json(text)::varchar from {stage.name}"
    )
