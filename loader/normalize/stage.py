"""Lines of a batch → the table `stage`: one row per message, judged and with its envelope. Odd lines are set aside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import duckdb
import pyarrow as pa

from loader.core.dialect import literal
from loader.normalize.structure import DOUBTFUL, ODD, StructureReader

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


class Stage:
    """The table `stage` of an engine, for one batch.

    Columns: part, line, item, text, specials, call, kind (hash of call and event; null once the message is no row),
    id, received_at, timestamp, sent_at, original_timestamp, user_id, anonymous_id, event, fingerprint, signature (of the
    structure), is_doubtful (integers may be beyond 2^53).
    """

    def __init__(self, engine: duckdb.DuckDBPyConnection, name: str) -> None:
        self.engine = engine
        self.name = name

    def fill(self, blocks: Iterable[pa.RecordBatch], structures: StructureReader, is_all_odd: bool = False) -> None:
        """Judge the lines of blocks: plain ones become rows, the others, or all, are kept in `<stage>_odd`."""
        source = (
            f"select part, line, 0::integer as item, text, null::map(varchar, varchar) as specials, signature, flags "
            f"from {self.name}_blocks"
        )
        statement = f"create or replace table {self.name} as {_staged(source, False)}"
        self._read(blocks, BLOCKS, structures, statement)
        if is_all_odd:
            self.engine.execute(f"update {self.name} set call = null")
        self.engine.execute(
            f"create or replace table {self.name}_odd as select part, line, text from {self.name} where call is null"
        )
        if self.count_odd():
            self.engine.execute(f"delete from {self.name} where call is null")

    def add(self, messages: Sequence[pa.RecordBatch], structures: StructureReader) -> None:
        """Append messages that the exact way read."""
        statement = f"insert into {self.name} by name {_staged(f'select * from {self.name}_blocks', True)}"
        self._read(messages, MESSAGES, structures, statement)

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

    def _read(
        self, batches: Iterable[pa.RecordBatch], schema: pa.Schema, structures: StructureReader, statement: str
    ) -> None:
        widened = pa.schema([*schema, ("signature", pa.uint64()), ("flags", pa.uint8())])
        read = (_with_structure(batch, structures, widened) for batch in batches)
        self.engine.register(f"{self.name}_blocks", pa.RecordBatchReader.from_batches(widened, read))
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


def _with_structure(batch: pa.RecordBatch, structures: StructureReader, schema: pa.Schema) -> pa.RecordBatch:
    found = structures.read(batch.column("text"))
    return pa.RecordBatch.from_arrays(
        [*batch.columns, pa.array(found.signatures), pa.array(found.flags)], schema=schema
    )


def _staged(source: str, is_trusted: bool) -> str:
    """Three layers: is the text what it seems, what does its envelope say, and the columns of the stage."""
    plain = (
        "true"
        if is_trusted
        else " and ".join(("e.type in ('track', 'identify', 'page', 'screen', 'group', 'alias')", *_plain_envelope()))
    )
    times = ", ".join(f"instant(e.{_quoted(key)}) as {_quoted(column)}" for key, column in _TIMES)
    texts = {key: f"e.{_quoted(key)}" for key in (*_FINGERPRINTED, "context", "properties", "traits")}
    texts["event"] = "case when e.type = 'track' then e.event end"
    given = ", ".join(f"coalesce({text}, '')" for text in texts.values())
    printed = f"concat_ws(chr(31), {given})"
    fingerprint = "given_fingerprint" if is_trusted else f"case when is_plain then md5_number_lower({printed}) end"
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
    case when is_plain then signature end as signature,
    is_doubtful
from told"""


def _judged(source: str, is_trusted: bool) -> str:
    if is_trusted:
        # The scan can read what the exact way writes; were it not so, such a message would be a sample of itself alone.
        alone = f"case when flags & {ODD} <> 0 and signature = 0 then hash(text) else signature end"
        return f"select * replace ({alone} as signature), true as is_doubtful, false as is_odd from ({source})"
    return f"""
    select *,
        flags & {DOUBTFUL} <> 0 as is_doubtful,
        case when flags & {ODD} <> 0 then true when flags & {DOUBTFUL} <> 0 then not is_read_exactly(text) else false end
            or contains(text, '\\u0000') as is_odd
    from ({source})"""


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
