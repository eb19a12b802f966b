"""Finds the structure of messages: one compiled pass over the bytes of lines gives each a signature and flags.

Two lines of one signature have the same keys in the same places with the same kinds of values, so one of them is a sample
of both (up to collisions of a 64-bit hash). The order of keys, white space and the values themselves do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loader.core.samples import ROOTS, WalkRules
from loader.core.tables import CALLS, EXCLUDED
from loader.normalize.scan.held import Notes
from loader.normalize.scan.rules import (
    DOUBTFUL,
    ENVELOPE_KEYS,
    ODD,
    PATHS,
    PRINT_ROOM,
    TEXT_COLUMNS,
    TIMES,
    USUAL,
    Hashes,
    Rules,
    call_path,
    path_hash,
    text_hash,
)

__all__ = ["CALL_CODES", "DOUBTFUL", "ODD", "SCANNED", "USUAL", "StructureReader", "Structures"]

CALL_CODES: Final = ("track", *(call for call in CALLS if call != "track"))
"""The calls, each of which has its place from 1 on as its code."""
_TEXTS: Final = ("id", "event", "user_id", "anonymous_id")
_INSTANTS: Final = ("received_at", "timestamp", "sent_at", "original_timestamp")
SCANNED: Final = pa.schema(
    [
        ("signature", pa.uint64()),
        ("flags", pa.uint8()),
        ("fingerprint", pa.uint64()),
        ("id_hash", pa.uint64()),
        ("call_code", pa.uint8()),
        *((name, pa.string_view()) for name in _TEXTS),
        *((name, pa.timestamp("us", "UTC")) for name in _INSTANTS),
    ]
)
"""What a scan tells of each line. All but signature and flags only where the flags say `USUAL`; the fingerprint of
every line that is not `ODD`."""


_BYTES_OF_NOTE: Final = 16
"""Room for one note in so many bytes; of most archives more than is used, and what is not used takes no memory."""
_LEAST_NOTES: Final = 1_024


@dataclass(frozen=True, slots=True)
class Structures:
    """The structures of the lines of a block. Each has one signature and one set of flags (`ODD`, `DOUBTFUL`)."""

    signatures: Hashes
    flags: npt.NDArray[np.uint8]
    columns: list[pa.Array]
    """The columns of `SCANNED`."""
    notes: Notes
    """Where the leaves of each line are."""


class StructureReader:
    """Reads structures with the rules of a source."""

    def __init__(self, rules: WalkRules) -> None:
        names = [("properties", key) for key in ("name", "category")]
        self._rules = Rules(
            taken=_hashes(path_hash((key,)) for key in sorted({*ROOTS, *rules.envelope})),
            skipped=_hashes(path_hash((key,)) for key in EXCLUDED if key not in rules.envelope),
            texts=_hashes(call_path(path[0], path[1:]) for path in sorted(rules.texts)),
            slots=_hashes(map(path_hash, [*((key,) for key in ENVELOPE_KEYS), *names])),
            calls=_hashes(map(text_hash, CALL_CODES)),
            type_key=np.uint64(text_hash("type")),
        )
        self._paths = np.zeros(PATHS, dtype=np.uint64)
        self._known_paths = 0

    def read(self, texts: pa.LargeStringArray) -> Structures:
        """The structures of lines, each with or without its line feed."""
        # Importing the compiler takes a third of a second, and few commands read lines.
        from loader.normalize.scan import leaves
        from loader.normalize.scan.envelope import Found
        from loader.normalize.scan.lines import room, scan

        count, held = len(texts), texts.buffers()[2]
        places = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + count + 1]
        content = np.frombuffer(held if held is not None else b"", dtype=np.uint8)
        # Always the same writability: for the compiler, writable and read-only buffers are two types.
        places.flags.writeable = False
        views = np.zeros((len(TEXT_COLUMNS), count, 2), dtype=np.uint64)
        found = Found(
            signatures=np.zeros(count, dtype=np.uint64),
            flags=np.zeros(count, dtype=np.uint8),
            fingerprints=np.zeros(count, dtype=np.uint64),
            id_hashes=np.zeros(count, dtype=np.uint64),
            calls=np.zeros(count, dtype=np.uint8),
            views=views.ctypes.data,
            is_text=np.zeros((len(TEXT_COLUMNS), count), dtype=np.bool_),
            instants=np.zeros((TIMES, count), dtype=np.int64),
            is_instant=np.zeros((TIMES, count), dtype=np.bool_),
        )
        printed = np.zeros(int(np.diff(places).max(initial=0)) + PRINT_ROOM, dtype=np.uint8)
        notes = np.empty(len(content) // _BYTES_OF_NOTE + _LEAST_NOTES, dtype=np.uint64)
        starts = np.zeros(count + 1, dtype=np.int64)
        state = np.array([0, 0, 0, self._known_paths], dtype=np.int64)
        line, work = 0, room(printed)
        while True:
            noted = leaves.Notes(notes, starts, self._paths, state)
            line = scan(content.ctypes.data, places, line, self._rules, work, found, noted)
            if line == count:
                break
            notes = np.concatenate((notes[: state[0]], np.empty(2 * len(notes), dtype=np.uint64)))
        self._known_paths = int(state[leaves.KNOWN])
        told = (found.signatures, found.flags, found.fingerprints, found.id_hashes, found.calls)
        columns = [pa.array(values) for values in told]
        for viewed, is_there in zip(views, found.is_text, strict=True):
            buffers = [_bitmap(is_there), pa.py_buffer(viewed), held if held is not None else pa.py_buffer(b"")]
            columns.append(pa.Array.from_buffers(pa.string_view(), count, buffers))
        for instants, is_there in zip(found.instants, found.is_instant, strict=True):
            buffers = [_bitmap(is_there), pa.py_buffer(instants)]
            columns.append(pa.Array.from_buffers(pa.timestamp("us", "UTC"), count, buffers))
        # A copy, so that unused space is freed before the lines are.
        notes = notes[: state[0]].copy()
        return Structures(found.signatures, found.flags, columns, Notes(notes, starts, self._paths))


def _bitmap(is_there: npt.NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(is_there, bitorder="little"))


def _hashes(values: Iterable[int]) -> Hashes:
    return np.array(list(values), dtype=np.uint64)
