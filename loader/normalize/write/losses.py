"""Writes values of a batch that have no column into the discards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

import pyarrow as pa

from loader.core.dialect import literal, pointer
from loader.core.messages import source_name
from loader.core.samples import KeyPath
from loader.core.tables import CALL_TABLE
from loader.normalize.columns.leaves import coalesced
from loader.normalize.columns.settle import read_types
from loader.normalize.columns.tables import Rules, TableBatch
from loader.normalize.columns.values import ColumnBatch, judged, misfit
from loader.normalize.messages.stage import Rows, Stage


@dataclass(frozen=True, slots=True)
class Load:
    """The load that writes."""

    source: str
    load_id: str
    uuid_ts: datetime


_GROUP: Final = 500
"""Columns of a statement: each takes memory for every step of it, and planning takes the square of their number."""
_SHAPES: Final = pa.schema([("call", pa.string()), ("signature", pa.uint64()), ("unknown", pa.string())])
LOST: Final = ("call", "signature", "part", "line", "item", "id", "user_id", "anonymous_id", "received_at", "specials")
"""Columns of the stage that rows of losses are made from, beside the text."""


@dataclass(frozen=True, slots=True)
class Discarding:
    """Where the discards of a batch go, and what they have in common."""

    load: Load
    into: str
    """The table of discards, in SQL."""
    parts: str
    """The table of parts, in SQL: part, object_id."""


def _insert(to: Discarding, table: str, what: str, rows: str) -> str:
    """`what` gives column_name, source_path, value_json, column_type and reason; `rows` has the stage as s, parts as p."""
    return (
        f"insert into {to.into} (source, load_id, table_name, row_id, column_name, source_path, value_json, column_type, "
        f"reason, user_id, anonymous_id, received_at, uuid_ts, object_id, line, item) select {literal(to.load.source)}, "
        f"{literal(to.load.load_id)}, {table}, s.id, {what}, s.user_id, s.anonymous_id, s.received_at, "
        f"{literal(to.load.uuid_ts.isoformat())}::timestamptz, p.object_id, s.line, s.item from {rows}"
    )


def call_table_of(column: str) -> str:
    """The SQL for the call table of a call."""
    cases = " ".join(f"when {literal(call)} then {literal(table)}" for call, table in CALL_TABLE.items())
    return f"case {column} {cases} end"


def noted_losses(to: Discarding, stage: Stage, losses: str) -> str:
    """Insert the losses that the exact parser noted, of messages that became rows."""
    what = "null, l.source_path, l.value_json, null, l.reason"
    rows = f"{losses} as l join {stage.name} as s using (part, line, item) join {to.parts} as p using (part)"
    return _insert(to, call_table_of("s.call"), what, rows)


def shapes_table(stage: Stage, unknown: Sequence[tuple[str, int, str]]) -> str:
    """Make the table of shapes with unknown keys: call, signature, and the keys as a JSON array. Returns its name."""
    name = f"{stage.name}_shapes"
    columns = list(zip(*unknown, strict=True)) or [()] * len(_SHAPES)
    given = pa.table([pa.array(column, kind) for column, kind in zip(columns, _SHAPES.types, strict=True)], _SHAPES)
    stage.engine.register("given_shapes", given)
    stage.engine.execute(f"create or replace table {name} as select * from given_shapes")
    stage.engine.unregister("given_shapes")
    return name


def with_unknown_keys(shapes: str) -> str:
    """The condition for rows with unknown keys."""
    return f"(call, signature) in (select (call, signature) from {shapes})"


def unknown_keys(to: Discarding, rows: str, shapes: str) -> str:
    """Insert top-level keys that are neither loaded nor left out on purpose: one discard per row."""
    entries = "list_transform(from_json(h.unknown, '[\"VARCHAR\"]'), lambda x: to_json(x)::varchar || ':' || (json_extract(s.text, '/' || replace(replace(x, '~', '~0'), '/', '~1')))::varchar)"
    what = f"null, '', '{{' || array_to_string({entries}, ',') || '}}', null, 'unknown_top_level'"
    joined = f"{rows} as s join {shapes} as h on h.call = s.call and h.signature = s.signature join {to.parts} as p using (part)"
    return _insert(to, call_table_of("s.call"), what, joined)


def misfits(to: Discarding, rows: str, batch: TableBatch, column: ColumnBatch, rules: Rules) -> str:
    """Insert values that do not fit the type of their column, if variants are not wanted."""
    reader = batch.reader(read_types([column]))
    path = source_name(next(iter([*column.paths, *column.special_paths])))
    lost = (
        f"(select *, {misfit(column, rules.timestamp)} as lost from {judged(rows, [column], reader)}) as s "
        f"join {to.parts} as p using (part) where s.lost is not null"
    )
    what = f"{literal(column.name)}, {literal(path)}, s.lost::varchar, {literal(column.sql_type)}, 'type_conflict'"
    return _insert(to, literal(batch.target.name), what, lost)


def groups_over_the_cap(columns: Iterable[ColumnBatch]) -> Iterator[list[ColumnBatch]]:
    """The columns above the cap, in groups of as many as one statement should have."""
    waiting = iter(columns)
    while group := list(islice(waiting, _GROUP)):
        yield group


def leaves_of(columns: Iterable[ColumnBatch]) -> dict[KeyPath, str]:
    """The leaves of columns, as JSON."""
    return {path: "JSON" for column in columns for path in column.paths}


def entries_over_the_cap(into: str, group: int, rows: Rows, batch: TableBatch, columns: Sequence[ColumnBatch]) -> str:
    """Write the values of a group of columns as members of a JSON object, as text, for rows that have any.

    Columns of `into`: part, line, item, the number of the group, and the text.
    """
    reader = batch.reader(leaves_of(columns), rows.leaves)
    entries = []
    for column in columns:
        leaves = [reader.value(path) for path in column.paths]
        leaves += [f"special(specials, {literal(pointer(path))})" for path in column.special_paths]
        entries.append(f"nullif({coalesced(leaves)}, 'null'::json)::varchar")
    keys = ", ".join(literal(column.name) for column in columns)
    # Zipped, because a lambda that reads another list copies that list for every element.
    pairs = (
        "list_transform(list_filter(list_zip(k, v), lambda x: x[2] is not null), "
        "lambda x: to_json(x[1])::varchar || ':' || x[2])"
    )
    return (
        f"insert into {into} select part, line, item, {group}, entries from "
        f"(select *, array_to_string({pairs}, ',') as entries from (select *, [{keys}] as k, [{', '.join(entries)}] as v "
        f"from (select *, {reader.read} as r from {rows.name}))) where entries <> ''"
    )


def over_the_column_cap(to: Discarding, stage: Stage, batch: TableBatch, entries: str) -> str:
    """Insert the values of columns above the cap: one discard per row, an object of column names."""
    rows = f"{_joined(entries)} as l join {stage.name} as s using (part, line, item) join {to.parts} as p using (part)"
    what = "null, '', '{' || l.entries || '}', null, 'column_cap'"
    return _insert(to, literal(batch.target.name), what, rows)


def refused_table(stage: Stage, batches: Iterable[TableBatch]) -> str:
    """Make the table of events without a table: `event_hash`, and the name that the table would have. Returns its name."""
    name = f"{stage.name}_refused"
    named = [(each, batch.target.name) for batch in batches for each in batch.event_hashes or ()]
    hashes, tables = zip(*named, strict=True)
    refused = pa.table({"event_hash": pa.array(hashes, pa.uint64()), "name": pa.array(tables)})
    stage.engine.register("given_refused", refused)
    stage.engine.execute(f"create or replace temporary table {name} as select * from given_refused")
    stage.engine.unregister("given_refused")
    return name


def over_the_table_cap(to: Discarding, stage: Stage, refused: str, entries: str) -> str:
    """Insert events without a table: one discard per row, an object of column names, which may be empty."""
    rows = (
        f"{stage.name} as s join {refused} as t using (event_hash) "
        f"left join {_joined(entries)} as l using (part, line, item) join {to.parts} as p using (part)"
    )
    what = "t.name, 'properties', '{' || coalesce(l.entries, '') || '}', null, 'table_cap'"
    return _insert(to, literal("tracks"), what, rows)


def _joined(entries: str) -> str:
    """The entries of each row, joined into one text."""
    joined = "string_agg(entries, ',' order by number) as entries"
    return f"(select part, line, item, {joined} from {entries} group by part, line, item)"


def raw_messages(into: str, load: Load, rows: str) -> str:
    """Insert every message as a whole, if the configuration asks for it."""
    return (
        f"insert into {into} (source, call, id, received_at, raw) "
        f"select {literal(load.source)}, call, id, received_at, json(text)::varchar from {rows}"
    )
