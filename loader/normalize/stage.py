"""Lines of a batch → the table `stage`: one row per message, judged and with its envelope. Odd lines are set aside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from loader.core.dialect import literal, literals, pointer
from loader.core.samples import KeyPath

BLOCKS: Final = pa.schema([("part", pa.int32()), ("line", pa.int64()), ("text", pa.large_string())])
MESSAGES: Final = pa.schema(
    [
        ("part", pa.int32()),
        ("line", pa.int64()),
        ("item", pa.int32()),
        ("text", pa.large_string()),
        ("specials", pa.map_(pa.string(), pa.string())),
        ("given_fingerprint", pa.uint64()),
    ]
)
"""Messages that the exact way read: strict JSON, with what JSON numbers cannot say beside it."""

_TIMES: Final = (
    ("receivedAt", "received_at"),
    ("timestamp", "timestamp"),
    ("sentAt", "sent_at"),
    ("originalTimestamp", "original_timestamp"),
)
_TEXTS: Final = ("type", "event", "messageId", "anonymousId", "userId", "groupId", "previousId", "name", "category")
_ENVELOPE: Final = (
    "{"
    + ",".join(f'"{key}":"VARCHAR"' for key in (*_TEXTS, *(key for key, _ in _TIMES)))
    + ',"context":"VARCHAR","properties":"VARCHAR","traits":"VARCHAR"}'
)
_INSTANT: Final = r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"
_SET: Final = "between timestamptz '0001-01-01 00:00:00.000001Z' and timestamptz '9999-12-31 23:59:59.999999Z'"
_FINGERPRINTED: Final = (*_TEXTS[:2], "userId", "anonymousId", "groupId", "previousId", "name", "category")


@dataclass(frozen=True, slots=True)
class KnownPaths:
    """Objects whose keys and paths whose types make up a signature. Grows while samples show new ones."""

    objects: tuple[KeyPath, ...]
    paths: tuple[KeyPath, ...]


MessageGroup = tuple[str, str | None]
"""A call; for track calls with their event. Track calls without an event have no group."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of each group of messages: a signature asks for no path that its messages never have."""

    groups: dict[MessageGroup, KnownPaths]
    rest: KnownPaths
    """Of messages that belong to no group yet."""


class Stage:
    """The table `stage` of an engine, for one batch.

    Columns: part, line, item, text, specials, call, kind (hash of call and event; null once the message is no row),
    id, received_at, timestamp, sent_at, original_timestamp, user_id, anonymous_id, event, fingerprint, signature,
    is_doubtful (integers may be beyond 2^53).
    """

    def __init__(self, engine: duckdb.DuckDBPyConnection, name: str) -> None:
        self.engine = engine
        self.name = name

    def fill(self, blocks: Iterable[pa.RecordBatch], known: Known, is_all_odd: bool = False) -> None:
        """Judge the lines of blocks: plain ones become rows, the others, or all, are kept in `<stage>_odd`."""
        source = f"select part, line, 0::integer as item, text, null::map(varchar, varchar) as specials from {self.name}_blocks"
        self._read(blocks, BLOCKS, f"create or replace table {self.name} as {_staged(source, known, False)}")
        if is_all_odd:
            self.engine.execute(f"update {self.name} set call = null")
        self.engine.execute(
            f"create or replace table {self.name}_odd as select part, line, text from {self.name} where call is null"
        )
        if self.count_odd():
            self.engine.execute(f"delete from {self.name} where call is null")

    def add(self, messages: Sequence[pa.RecordBatch], known: Known) -> None:
        """Append messages that the exact way read."""
        source = f"select * from {self.name}_blocks"
        self._read(messages, MESSAGES, f"insert into {self.name} by name {_staged(source, known, True)}")

    def count_odd(self) -> int:
        """Lines set aside."""
        return int(self._value(f"select count(*) from {self.name}_odd"))

    def odd_lines(self) -> Iterator[tuple[int, int, str]]:
        """Lines set aside, as (part, line, text with its line feed), in order."""
        return self._rows(f"select part, line, text from {self.name}_odd order by part, line")

    def take_odd(self, signatures: Sequence[int]) -> list[tuple[int, int, str]]:
        """Remove plain rows whose signature shows that they are odd after all; their lines."""
        chosen = f"signature in ({', '.join(map(str, signatures))}) and specials is null"
        lines = list(self._rows(f"select part, line, text from {self.name} where {chosen} order by part, line"))
        self.engine.execute(f"delete from {self.name} where {chosen}")
        return lines

    def drop(self) -> None:
        """Free the memory of the batch."""
        self.engine.execute(f"drop table if exists {self.name}")
        self.engine.execute(f"drop table if exists {self.name}_odd")

    def _read(self, batches: Iterable[pa.RecordBatch], schema: pa.Schema, statement: str) -> None:
        self.engine.register(f"{self.name}_blocks", pa.RecordBatchReader.from_batches(schema, batches))
        try:
            self.engine.execute(statement)
        finally:
            self.engine.unregister(f"{self.name}_blocks")

    def _rows(self, query: str) -> Iterator[tuple[int, int, str]]:
        cursor = self.engine.cursor()
        cursor.execute(query)
        while rows := cursor.fetchmany(5_000):
            yield from rows

    def _value(self, query: str) -> int:
        rows = self.engine.execute(query).fetchall()
        return int(rows[0][0])


def grouped_signature(text: str, call: str, event: str, known: Known) -> str:
    """The SQL of the signature by the group of a message. The group is part of it: each asks for paths of its own."""
    cases = []
    for number, (group, paths) in enumerate(known.groups.items(), 1):
        is_group = f"{call} = {literal(group[0])}" + ("" if group[1] is None else f" and {event} = {literal(group[1])}")
        cases.append(f"when {is_group} then hash({number}, {signature(text, paths)})")
    if not cases:
        return f"hash(0, {signature(text, known.rest)})"
    return f"case {' '.join(cases)} else hash(0, {signature(text, known.rest)}) end"


def signature(text: str, known: KnownPaths) -> str:
    """The SQL of a hash over the keys of all known objects and the types at all known paths of a text."""
    keys = f"json_keys({text}, {literals(map(pointer, known.objects))})"
    types = f"json_type({text}, {literals(map(pointer, known.paths))})"
    return f"hash({keys}, {types})"


def _staged(source: str, known: Known, is_trusted: bool) -> str:
    """Three layers: is the text what it seems, what does its envelope say, and the columns of the stage."""
    plain = (
        "true"
        if is_trusted
        else " and ".join(("e.type in ('track', 'identify', 'page', 'screen', 'group', 'alias')", *_plain_envelope()))
    )
    times = ", ".join(f"instant(e.{_quoted(key)}) as {_quoted(column)}" for key, column in _TIMES)
    texts = {key: f"e.{_quoted(key)}" for key in (*_FINGERPRINTED, "context", "properties", "traits")}
    texts["event"] = "case when e.type = 'track' then e.event end"
    printed = " || chr(31) || ".join(f"coalesce({text}, '')" for text in texts.values())
    fingerprint = "given_fingerprint" if is_trusted else f"case when is_plain then md5_number_lower({printed}) end"
    same_name = "case when e.type in ('page', 'screen') then [json_extract_string(text, '/properties/name') is not distinct from e.name, json_extract_string(text, '/properties/category') is not distinct from e.category] end"
    return f"""
with judged as ({_judged(source, is_trusted)}),
read as (
    select * exclude (is_odd), case when not is_odd then try(from_json(text, {literal(_ENVELOPE)})) end as e from judged
),
told as (select *, coalesce({plain}, false) as is_plain from read)
select
    part, line, item, text, specials,
    case when is_plain then e.type end as call,
    case when is_plain then case when e.type = 'track' then hash('track', e.event) else hash(e.type) end end as kind,
    e.messageId as id, {times},
    e.userId as user_id, e.anonymousId as anonymous_id, e.event as event,
    {fingerprint} as fingerprint,
    case when is_plain then hash({grouped_signature("text", "e.type", "e.event", known)}, {same_name}) end as signature,
    is_doubtful
from told"""


def _judged(source: str, is_trusted: bool) -> str:
    if is_trusted:
        return f"select *, true as is_doubtful, false as is_odd from ({source})"
    return f"""
    select *,
        case when is_doubtful then not is_read_exactly(text) else false end
            or contains(text, '\\u0000') or may_nest_too_deep(text) or has_lone_surrogate(text) as is_odd
    from (select *, has_doubtful_value(text) as is_doubtful from ({source}))"""


def _plain_envelope() -> Iterator[str]:
    yield r"regexp_full_match(e.messageId, '[!-~](?s:.*[!-~])?')"
    for key in ("receivedAt", "timestamp"):
        value = f"e.{_quoted(key)}"
        yield f"regexp_full_match({value}, '{_INSTANT}') and instant({value}) {_SET}"
    for key in ("sentAt", "originalTimestamp"):
        value = f"e.{_quoted(key)}"
        yield (f"({value} is null or regexp_full_match({value}, '{_INSTANT}') and instant({value}) {_SET})")


def _quoted(key: str) -> str:
    return f'"{key}"'
