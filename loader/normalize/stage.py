"""Lines of a batch → the table `stage`: one row per message, judged and with its envelope. Odd lines are set aside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import duckdb
import pyarrow as pa

from loader.core.dialect import literal
from loader.normalize.structure import CALL_CODES, DOUBTFUL, ODD, SCANNED, USUAL, StructureReader

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
_TEXTS: Final = ("type", "event", "messageId", "anonymousId", "userId")
_ENVELOPE: Final = "{" + ",".join(f'"{key}":"VARCHAR"' for key in (*_TEXTS, *(key for key, _ in _TIMES))) + "}"
_INSTANT: Final = r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"
_SET: Final = "between timestamptz '0001-01-01 00:00:00.000001Z' and timestamptz '9999-12-31 23:59:59.999999Z'"


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
        statement = f"create or replace table {self.name} as {_judged(f'{self.name}_blocks')}"
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
        statement = f"insert into {self.name} by name {_trusted(f'{self.name}_blocks')}"
        self._read(messages, MESSAGES, structures, statement)

    def rows(self, condition: str) -> str:
        """A query of all columns of the rows of which a condition holds, in as many stretches as there are threads.

        Threads share a table by stretches of 122,880 rows, of which a batch has one to three.
        """
        threads = int(self._value("select current_setting('threads')"))
        last = int(self._value(f"select coalesce(max(rowid), 0) from {self.name}"))
        ends = [last * part // threads for part in range(1, threads)]
        bounds = zip([None, *ends], [*ends, None], strict=True)
        return " union all ".join(
            f"select * from {self.name} where {condition}"
            + ("" if after is None else f" and rowid > {after}")
            + ("" if until is None else f" and rowid <= {until}")
            for after, until in bounds
        )

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
        widened = pa.schema([*schema, *SCANNED])
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
    return pa.RecordBatch.from_arrays([*batch.columns, *found.columns], schema=schema)


def _judged(blocks: str) -> str:
    """Lines with what the scan tells of them. Where that is not all, the envelope is read from the text.

    Two layers: what an unusual envelope says, and the columns of the stage.
    """
    is_usual, is_odd = f"flags & {USUAL} <> 0", f"flags & {ODD} <> 0"
    doubts = f"flags & {DOUBTFUL} <> 0"
    envelope = f"case when flags & {USUAL | ODD} = 0 then try(from_json(text, {literal(_ENVELOPE)})) end"
    texts = {"id": "messageId", "user_id": "userId", "anonymous_id": "anonymousId", "event": "event"}
    told = {name: f"coalesce({name}, e.{_quoted(key)})" for name, key in texts.items()}
    told |= {column: f"coalesce(b.{_quoted(column)}, instant(e.{_quoted(key)}))" for key, column in _TIMES}
    columns = ", ".join(f"{sql} as {_quoted(name)}" for name, sql in told.items())
    plain = " and ".join(("e.type in ('track', 'identify', 'page', 'screen', 'group', 'alias')", *_plain_envelope()))
    return f"""
with read as (select *, {envelope} as e from {blocks} as b),
told as (
    select *,
        case
            when {is_odd} or ({doubts} and not is_read_exactly(text)) then null
            when {is_usual} then {_calls()}
            when {plain} then e.type
        end as call
    from read
)
select
    part, line, 0::integer as item, text, null::map(varchar, varchar) as specials,
    call,
    case when call = 'track' then hash('track', coalesce(event, e.event)) else hash(call) end as kind,
    {columns},
    fingerprint, signature,
    {doubts} as is_doubtful
from told as b"""


def _trusted(blocks: str) -> str:
    """Messages that the exact way wrote, with the fingerprint that it gave them."""
    times = ", ".join(f"instant(e.{_quoted(key)}) as {_quoted(column)}" for key, column in _TIMES)
    # The scan can read what the exact way writes; were it not so, such a message would be a sample of itself alone.
    alone = f"case when flags & {ODD} <> 0 and signature = 0 then hash(text) else signature end"
    return f"""
select
    part, line, item, text, specials,
    e.type as call,
    case when e.type = 'track' then hash('track', e.event) else hash(e.type) end as kind,
    e.messageId as id, {times},
    e.userId as user_id, e.anonymousId as anonymous_id, e.event as event,
    given_fingerprint as fingerprint,
    {alone} as signature,
    true as is_doubtful
from (select *, try(from_json(text, {literal(_ENVELOPE)})) as e from {blocks})"""


def _calls() -> str:
    return f"[{', '.join(map(literal, CALL_CODES))}][call_code]"


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
