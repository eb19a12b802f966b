"""The table `stage` of a batch: one row per plain message, with its envelope. Odd lines are set aside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from loader.core.dialect import hash_of_id, identifier, literal
from loader.core.samples import KeyPath
from loader.normalize.scan.held import ChosenLeaves, HeldLines
from loader.normalize.scan.structure import CALL_CODES, DOUBTFUL, ODD, SCANNED, USUAL, StructureReader

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


_LEAST_CHUNKS: Final = 4
_LEAST_CHUNK_ROWS: Final = 1_024
_MOST_CHUNK_ROWS: Final = 4_096
"""What threads take at once: small tables too are for all of them."""
_OF_ROWS: Final = (
    *("row", "event_hash", "id", "received_at", "anonymous_id", "user_id", '"timestamp"', "original_timestamp"),
    *("sent_at", "event", "part", "line", "item", "fingerprint", "signature", "id_hash"),
)
"""Columns that the rows of tables are made from."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a stage with their texts, which one statement can read once."""

    name: str
    leaves: Mapping[KeyPath, str]
    """SQL of the leaves that are there as columns."""


class Stage:
    """The table `stage` of an engine, for one batch.

    Columns: part, line, item, row (of the held lines), specials, call, event_hash (of the call and, for
    a track call, its event), id, received_at, timestamp, sent_at, original_timestamp, user_id, anonymous_id, event,
    fingerprint, signature (of the structure), is_doubtful (integers may be beyond 2^53), id_hash.
    """

    def __init__(self, engine: duckdb.DuckDBPyConnection, name: str, held: HeldLines | None = None) -> None:
        self.engine = engine
        self.name = name
        self._held = held or HeldLines()
        self._odd: list[tuple[int, int, int]] = []

    def on(self, engine: duckdb.DuckDBPyConnection) -> Stage:
        """The same stage for another connection of the engine."""
        return Stage(engine, self.name, self._held)

    def fill(self, blocks: Iterable[pa.RecordBatch], structures: StructureReader, is_all_odd: bool = False) -> None:
        """Judge the lines of blocks. Plain ones become rows; the others (or all) are set aside."""
        statement = f"create or replace table {self.name} as {_judged(f'{self.name}_blocks')}"
        self._read(blocks, BLOCKS, structures, statement)
        self._odd = self._take("true" if is_all_odd else "call is null")

    def add(self, messages: Sequence[pa.RecordBatch], structures: StructureReader) -> None:
        """Append messages from the exact parser."""
        statement = f"insert into {self.name} by name {_trusted(f'{self.name}_blocks')}"
        self._read(messages, MESSAGES, structures, statement)

    def messages(self, call: str) -> pa.Table:
        """The messages of a call, with the columns from which rows are made, sorted by `event_hash`."""
        of_call = f"from {self.name} where call = {literal(call)}"
        has_specials = self.engine.execute(f"select 1 {of_call} and specials is not null limit 1").fetchall() != []
        columns = ", ".join((*_OF_ROWS, "specials") if has_specials else _OF_ROWS)
        return self.engine.sql(f"select {columns} {of_call} order by event_hash").to_arrow_table()

    @contextmanager
    def rows(
        self, condition: str, columns: Iterable[str] = (), leaves: Mapping[KeyPath, str] | None = None
    ) -> Iterator[Rows]:
        """The rows that meet a condition, with some columns and `text`, for one statement. `leaves` are as for `choose`.

        The texts are copies, because the engine leaves some conditions on columns to Arrow, which cannot filter views.
        """
        asked = ", ".join(("row", *map(identifier, columns)))
        table = self.engine.sql(f"select {asked} from {self.name} where {condition}").to_arrow_table()
        chosen = self.choose(table, leaves or {})
        schema = chosen.schema(table.schema, pa.large_string())
        with self._reading(schema, (batch.cast(schema) for batch in _gathered(table, chosen)), chosen) as rows:
            yield rows

    def choose(self, table: pa.Table, leaves: Mapping[KeyPath, str]) -> ChosenLeaves:
        """Choose the leaves that need no reading of texts. `leaves`: path → type. `table` has the rows in `row`."""
        return self._held.choose(table.column("row"), leaves)

    @contextmanager
    def reading(self, table: pa.Table, chosen: ChosenLeaves) -> Iterator[Rows]:
        """Rows with their texts and chosen leaves, for one statement without conditions or joins."""
        with self._reading(chosen.schema(table.schema), _gathered(table, chosen), chosen) as rows:
            yield rows

    @contextmanager
    def _reading(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch], chosen: ChosenLeaves) -> Iterator[Rows]:
        name = f"{self.name}_rows"
        self.engine.register(name, pa.RecordBatchReader.from_batches(schema, batches))
        yield Rows(name, chosen.sql)
        # After an error the transaction accepts no statement; the next rows replace what is left.
        self.engine.unregister(name)

    def odd_lines(self) -> Iterator[tuple[int, int, str]]:
        """The lines that were set aside, as (part, line, text with its line feed), in order."""
        return self._lines(self._odd)

    def take_odd(self, signatures: Sequence[int]) -> list[tuple[int, int, str]]:
        """Remove rows whose signature turned out to be odd. Returns their lines."""
        return list(self._lines(self._take(f"signature in ({', '.join(map(str, signatures))}) and specials is null")))

    def text(self, row: int) -> str:
        """The text of a row."""
        return self._held.text(row)

    def drop(self) -> None:
        """Free the memory of the batch."""
        self.engine.execute(f"drop table if exists {self.name}")
        self._held = HeldLines()

    def _take(self, condition: str) -> list[tuple[int, int, int]]:
        """Remove rows. Returns their parts, lines and rows, in order."""
        query = f"select part, line, row from {self.name} where {condition} order by part, line"
        taken = self.engine.execute(query).fetchall()
        if taken:
            self.engine.execute(f"delete from {self.name} where {condition}")
        return taken

    def _lines(self, rows: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, int, str]]:
        return ((part, line, self._held.text(row)) for part, line, row in rows)

    def _read(
        self, batches: Iterable[pa.RecordBatch], schema: pa.Schema, structures: StructureReader, statement: str
    ) -> None:
        widened = pa.schema([*schema, ("row", pa.uint64()), *SCANNED])
        read = (self._with_structure(batch, structures, widened) for batch in batches)
        self.engine.register(f"{self.name}_blocks", pa.RecordBatchReader.from_batches(widened, read))
        try:
            self.engine.execute(statement)
        finally:
            self.engine.unregister(f"{self.name}_blocks")

    def _with_structure(self, batch: pa.RecordBatch, structures: StructureReader, schema: pa.Schema) -> pa.RecordBatch:
        texts = batch.column("text")
        found = structures.read(texts)
        rows = self._held.add(texts, found.notes)
        return pa.RecordBatch.from_arrays([*batch.columns, pa.array(rows), *found.columns], schema=schema)


def _gathered(table: pa.Table, chosen: ChosenLeaves) -> Iterator[pa.RecordBatch]:
    """Rows with their leaves. One thread gathers them while the others work on those gathered before."""
    size = min(max(len(table) // _LEAST_CHUNKS + 1, _LEAST_CHUNK_ROWS), _MOST_CHUNK_ROWS)
    return map(chosen.add_to, table.to_batches(max_chunksize=size))


def _judged(blocks: str) -> str:
    """Lines with the results of the scan. If these are incomplete, the envelope is read from the text.

    There are two layers: the values of unusual envelopes, and the columns of the stage.
    """
    is_usual, is_odd = f"flags & {USUAL} <> 0", f"flags & {ODD} <> 0"
    envelope = f"case when flags & {USUAL | ODD} = 0 then try(from_json(text, {literal(_ENVELOPE)})) end"
    texts = {"id": "messageId", "user_id": "userId", "anonymous_id": "anonymousId", "event": "event"}
    told = {name: f"coalesce({name}, e.{_quoted(key)})" for name, key in texts.items()}
    told |= {column: f"b.{_quoted(column)}" for _, column in _TIMES}
    columns = ", ".join(f"{sql} as {_quoted(name)}" for name, sql in told.items())
    plain = " and ".join(("e.type in ('track', 'identify', 'page', 'screen', 'group', 'alias')", *_plain_envelope()))
    return f"""
with read as (select *, {envelope} as e from {blocks} as b),
told as (
    select *,
        case
            when {is_odd} then null
            when {is_usual} then {_calls()}
            when {plain} then e.type
        end as call
    from read
)
select
    part, line, 0::integer as item, row, null::map(varchar, varchar) as specials,
    call,
    case when call = 'track' then hash('track', coalesce(event, e.event)) else hash(call) end as event_hash,
    {columns},
    fingerprint, signature,
    flags & {DOUBTFUL} <> 0 as is_doubtful,
    case when {is_usual} then id_hash else {hash_of_id(told["id"])} end as id_hash
from told as b"""


def _trusted(blocks: str) -> str:
    """Messages from the exact parser, with their fingerprints."""
    times = ", ".join(f"instant(e.{_quoted(key)}) as {_quoted(column)}" for key, column in _TIMES)
    # The scan can read everything that the exact parser writes. If not, the message gets a signature of its own.
    alone = f"case when flags & {ODD} <> 0 and signature = 0 then hash(text) else signature end"
    return f"""
select
    part, line, item, row, specials,
    e.type as call,
    case when e.type = 'track' then hash('track', e.event) else hash(e.type) end as event_hash,
    e.messageId as id, {times},
    e.userId as user_id, e.anonymousId as anonymous_id, e.event as event,
    given_fingerprint as fingerprint,
    {alone} as signature,
    true as is_doubtful,
    {hash_of_id("e.messageId")} as id_hash
from (select *, try(from_json(text, {literal(_ENVELOPE)})) as e from {blocks})"""


def _calls() -> str:
    return f"[{', '.join(map(literal, CALL_CODES))}][call_code]"


def _plain_envelope() -> Iterator[str]:
    yield r"regexp_full_match(e.messageId, '[!-~](?s:.*[!-~])?')"
    # The scan has read all times but the missing ones, if they can be read.
    yield 'received_at is not null and "timestamp" is not null'
    for key, column in _TIMES[2:]:
        yield f"({column} is not null or e.{_quoted(key)} is null)"


def _quoted(key: str) -> str:
    return f'"{key}"'
