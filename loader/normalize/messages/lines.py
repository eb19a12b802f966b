"""Turns the lines of a batch into messages in the stage, quarantined lines and losses.

The scan reads plain lines, the exact parser the rest.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import duckdb
import pyarrow as pa

from loader.core.messages import source_name
from loader.core.warnings import WarningName
from loader.normalize.exact.reader import ExactMessage, ExactReader, ObjectDates, Refusal
from loader.normalize.messages.discover import Discovery
from loader.normalize.messages.stage import MESSAGES, Stage
from loader.normalize.messages.warnings import stage_warnings
from loader.normalize.scan.structure import StructureReader
from loader.staging import OddLine, Part, StagedBatch

_CHUNK: Final = 5_000
_WHITE: Final = b" \t\r\n\v\f"
LOSSES: Final = pa.schema(
    [
        ("part", pa.int32()),
        ("line", pa.int64()),
        ("item", pa.int32()),
        ("reason", pa.string()),
        ("source_path", pa.string()),
        ("value_json", pa.string()),
    ]
)


@dataclass(slots=True)
class Read:
    """The result of reading a batch. Counters are per part."""

    parts: list[Part]
    records: list[dict[str, Any]] = field(default_factory=list)
    """Quarantine: one per line or item that is no message."""
    losses: list[dict[str, Any]] = field(default_factory=list)
    messages: Counter[int] = field(default_factory=Counter)
    quarantined_lines: Counter[int] = field(default_factory=Counter)
    quarantined_messages: Counter[int] = field(default_factory=Counter)
    exact_lines: Counter[int] = field(default_factory=Counter)
    blank: Counter[int] = field(default_factory=Counter)
    """Lines of white space that staging did not take for blank."""
    warnings: Counter[WarningName] = field(default_factory=Counter)


class LineReader:
    """Reads the batches of one load, in order."""

    def __init__(
        self, structures: StructureReader, discovery: Discovery, exact: ExactReader, is_all_exact: bool = False
    ) -> None:
        self._structures = structures
        self._discovery = discovery
        self._exact = exact
        self._is_all_exact = is_all_exact

    def read(self, batch: StagedBatch, stage: Stage) -> Read:
        """Fill a stage with the messages of a batch."""
        stage.fill(batch.blocks(), self._structures, self._is_all_exact)
        read = Read(batch.parts)
        readable = [odd for odd in batch.odd if odd.problem is None]
        for odd in batch.odd:
            if odd.problem is not None:
                read.quarantined_lines[odd.part] += 1
                read.records.append(_damaged(odd))
        staged = ((part, line, text.removesuffix("\n").encode()) for part, line, text in stage.odd_lines())
        checked = ((odd.part, odd.line, odd.raw) for odd in readable)
        self._take(heapq.merge(staged, checked), read, stage)
        while odd_signatures := self._discovery.explain(stage):
            lines = stage.take_odd(odd_signatures)
            if not lines:
                break
            self._take(((part, line, text.removesuffix("\n").encode()) for part, line, text in lines), read, stage)
        counts = stage.engine.execute(f"select part, count(*) from {stage.name} group by part").fetchall()
        for part, count in counts:
            read.messages[part] += count
        read.warnings = self._exact.take_warnings() + stage_warnings(stage, batch.parts)
        for part in batch.parts:
            read.warnings["trailing_bytes"] += part.trailing_bytes
            if part.is_last:
                self._exact.forget(part.obj.key)
        return read

    def _take(self, lines: Iterable[tuple[int, int, bytes]], read: Read, stage: Stage) -> None:
        for chunk in _chunks(lines):
            rows: list[dict[str, Any]] = []
            for part, line, raw in chunk:
                rows += self._messages(part, line, raw, read)
            if rows:
                stage.add([pa.RecordBatch.from_pylist(rows, schema=MESSAGES)], self._structures)

    def _messages(self, part: int, line: int, raw: bytes, read: Read) -> Iterator[dict[str, Any]]:
        about = read.parts[part]
        dates = ObjectDates(about.obj.received_day, about.obj.last_modified)
        found = self._exact.read(about.obj.key, dates, raw, about.unterminated_line == line)
        if not found and not raw.strip(_WHITE):
            read.blank[part] += 1
            return
        read.exact_lines[part] += 1
        refused = [item for item in found if isinstance(item, Refusal)]
        if len(found) == 1 and refused:
            read.quarantined_lines[part] += 1
        else:
            read.messages[part] += len(refused)
            read.quarantined_messages[part] += len(refused)
        read.records += [_refused(part, line, raw, refusal) for refusal in refused]
        for message in found:
            if isinstance(message, ExactMessage):
                read.losses += [
                    {
                        "part": part,
                        "line": line,
                        "item": message.item,
                        "reason": loss.reason,
                        "source_path": source_name(loss.path),
                        "value_json": loss.value_json,
                    }
                    for loss in message.losses
                ]
                yield {
                    "part": part,
                    "line": line,
                    "item": message.item,
                    "text": message.text,
                    "specials": list(message.specials.items()),
                    "given_fingerprint": message.fingerprint,
                }


def _chunks(lines: Iterable[tuple[int, int, bytes]]) -> Iterator[list[tuple[int, int, bytes]]]:
    iterator = iter(lines)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk


def _damaged(odd: OddLine) -> dict[str, Any]:
    detail = f"{odd.length} bytes"
    return {
        "part": odd.part,
        "line": odd.line,
        "item": 0,
        "byte_offset": None,
        "reason": odd.problem,
        "detail": detail,
        **_raw(odd.raw),
        "raw_bytes": odd.length,
        "sha256": odd.sha256,
        "user_id": None,
        "anonymous_id": None,
        "received_at": None,
    }


def _refused(part: int, line: int, raw: bytes, refusal: Refusal) -> dict[str, Any]:
    return {
        "part": part,
        "line": line,
        "item": refusal.item,
        "byte_offset": refusal.byte_offset,
        "reason": refusal.reason,
        "detail": refusal.detail,
        **_raw(raw),
        "raw_bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "user_id": refusal.user_id,
        "anonymous_id": refusal.anonymous_id,
        "received_at": refusal.received_at,
    }


def _raw(raw: bytes) -> dict[str, str]:
    try:
        return {"raw": raw.decode(), "raw_encoding": "utf-8"}
    except UnicodeDecodeError:
        return {"raw": base64.b64encode(raw).decode(), "raw_encoding": "base64"}


def losses_table(engine: duckdb.DuckDBPyConnection, name: str, losses: list[dict[str, Any]]) -> None:
    """Make the table of losses that the exact parser noted."""
    engine.register("given_losses", pa.Table.from_pylist(losses, schema=LOSSES))
    try:
        engine.execute(f"create or replace table {name} as select * from given_losses")
    finally:
        engine.unregister("given_losses")
