"""Holds the lines of a batch while it is written: their texts, and leaves that statements can read as columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loader.core.samples import KeyPath
from loader.normalize.scan.rules import ARRAY, BOOLEAN, DAY, FLOAT, INTEGER, PATHS, STRING, TIMESTAMP, Hashes, path_hash

RowNumbers = npt.NDArray[np.uint64]
"""Lines by the number of their block in the upper half, and their own in the lower one."""
_LINE_BITS: Final = 32
_NOTHING: Final = pa.py_buffer(b"")
_VIEW: Final = pa.string_view()
_STRINGS: Final = frozenset({STRING, TIMESTAMP, DAY})
_TOLD: Final[Mapping[str, Sequence[tuple[frozenset[int], str]]]] = {
    "VARCHAR": ((_STRINGS, "{}"), (frozenset({ARRAY}), "json({})::varchar")),
    "BIGINT": ((frozenset({INTEGER}), "try_cast({} as bigint)"),),
    "DOUBLE": ((frozenset({INTEGER, FLOAT}), "try_cast({} as double)"),),
    "BOOLEAN": ((frozenset({BOOLEAN}), "try_cast({} as boolean)"),),
    "JSON": ((_STRINGS | {INTEGER, FLOAT, BOOLEAN, ARRAY}, "{}"),),
}
"""Type → what values of some kinds are in it, in SQL of their bytes: the same as the engine's reader makes of them."""


@dataclass(frozen=True, slots=True)
class Notes:
    """Where the leaves of the lines of a block are; see `leaves`."""

    notes: Hashes
    starts: npt.NDArray[np.int64]
    paths: Hashes


@dataclass(frozen=True, slots=True)
class _Block:
    texts: pa.LargeStringArray
    places: npt.NDArray[np.int64]
    notes: Notes

    @property
    def content(self) -> pa.Buffer:
        """The bytes of all lines."""
        held = self.texts.buffers()[2]
        return _NOTHING if held is None else held

    def addresses(self) -> list[int]:
        """Where the content, the places of lines, the starts of notes and the notes are in memory."""
        return [
            self.content.address,
            self.places.ctypes.data,
            self.notes.starts.ctypes.data,
            self.notes.notes.ctypes.data,
        ]


class HeldLines:
    """The held blocks of lines."""

    def __init__(self) -> None:
        self._blocks: list[_Block] = []

    def add(self, texts: pa.LargeStringArray, notes: Notes) -> RowNumbers:
        """Hold the lines of a block. Returns their rows."""
        places = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
        self._blocks.append(_Block(texts, places, notes))
        return np.arange(len(texts), dtype=np.uint64) + np.uint64(len(self._blocks) - 1 << _LINE_BITS)

    def text(self, row: int) -> str:
        """The text of a row, with its line feed if it has one."""
        block = self._blocks[row >> _LINE_BITS]
        return str(block.texts[row & (1 << _LINE_BITS) - 1])

    def choose(self, rows: pa.Array | pa.ChunkedArray, leaves: Mapping[KeyPath, str]) -> ChosenLeaves:
        """Choose the leaves that need no reading of texts, from a map of paths to types of the engine's JSON reader.

        Leaves are left out if a value is not what its bytes say, or if its kind does not match the type.
        """
        from loader.normalize.scan.gather import look

        seen, addresses = np.zeros(len(leaves) + 1, dtype=np.uint64), self._addresses()
        told = {}
        if look(_numbers(rows), addresses, self._columns(leaves), seen):
            for (path, sql_type), kinds in zip(leaves.items(), seen[1:].tolist(), strict=True):
                if (sql := _told(sql_type, kinds)) is not None:
                    told[path] = (sql_type, sql)
        contents = [block.content for block in self._blocks]
        return ChosenLeaves(addresses, contents, self._columns(told), told)

    def _addresses(self) -> npt.NDArray[np.int64]:
        return np.array([block.addresses() for block in self._blocks], dtype=np.int64).reshape(-1, 4)

    def _columns(self, leaves: Iterable[KeyPath]) -> npt.NDArray[np.int32]:
        """The column of each path number, from 1 on; 0 for paths that are not wanted."""
        columns = np.zeros(PATHS, dtype=np.int32)
        for column, path in enumerate(leaves, start=1):
            if (number := self._number(path)) is not None:
                columns[number] = column
        return columns

    def _number(self, path: KeyPath) -> int | None:
        """The number of a path. All blocks of a batch share the numbers."""
        if not self._blocks:
            return None
        paths, value = self._blocks[0].notes.paths, path_hash(path)
        place = value & PATHS - 1
        while paths[place] != value:
            if paths[place] == 0:
                return None
            place = (place + 1) & PATHS - 1
        return place


class ChosenLeaves:
    """Leaves that are available as columns `leaf_1`, `leaf_2`, …, beside the texts of rows as `text`."""

    def __init__(
        self,
        addresses: npt.NDArray[np.int64],
        contents: Sequence[pa.Buffer],
        columns: npt.NDArray[np.int32],
        told: Mapping[KeyPath, tuple[str, str]],
    ) -> None:
        """`blocks` and `columns` are described in `gather`. `told`: path → type, and how bytes become it."""
        self._addresses = addresses
        self._contents = contents
        self._columns = columns
        self._is_json = np.array([False, *(sql_type == "JSON" for sql_type, _ in told.values())])
        self._names = ["text", *(f"leaf_{number}" for number in range(1, len(told) + 1))]
        self.sql = {
            path: sql.format(name) for name, (path, (_, sql)) in zip(self._names[1:], told.items(), strict=True)
        }
        """Path → SQL of the leaf."""

    def schema(self, beside: pa.Schema, kind: pa.DataType = _VIEW) -> pa.Schema:
        """The schema `beside`, followed by these columns with the type `kind`."""
        return pa.schema([*beside, *((name, kind) for name in self._names)])

    def add_to(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Add these columns to rows, which have their number in a column `row`."""
        views = self._views(_numbers(rows.column("row")))
        return pa.RecordBatch.from_arrays([*rows.columns, *views], schema=self.schema(rows.schema))

    def _views(self, rows: RowNumbers) -> Iterator[pa.Array]:
        from loader.normalize.scan.gather import gather

        count, width = len(rows), len(self._names)
        # Zeros, because Arrow also looks at the views of missing values.
        views = np.zeros((width, count, 2), dtype=np.uint64)
        is_there = np.zeros((width, count), dtype=np.bool_)
        gather(rows, self._addresses, self._columns, self._is_json, views.ctypes.data, is_there.ctypes.data)
        valid = np.packbits(is_there, axis=1, bitorder="little")
        for column in range(width):
            bits = pa.py_buffer(valid[column]) if column else None
            buffers = [bits, pa.py_buffer(views[column]), *self._contents]
            yield pa.Array.from_buffers(pa.string_view(), count, buffers)


def _numbers(rows: pa.Array | pa.ChunkedArray) -> RowNumbers:
    numbers = rows.to_numpy()
    # Always the same writability: for the compiler, writable and read-only arrays are two types.
    numbers.flags.writeable = False
    return cast(RowNumbers, numbers)


def _told(sql_type: str, seen: int) -> str | None:
    """How the bytes of a leaf become its type; None if it must be read from the text. `seen`: a bit per kind of value."""
    kinds = {kind for kind in range(seen.bit_length()) if seen >> kind & 1}
    return next((sql for those, sql in _TOLD.get(sql_type, ()) if kinds <= those), None)
