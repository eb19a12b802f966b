"""Joins pieces of lines into blocks for the engine."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from loader.staging.lines import Piece

SCHEMA = pa.schema([("part", pa.int32()), ("line", pa.int64()), ("text", pa.large_string())])
"""`part`: index into the parts of the batch. `line`: number in its object. `text`: the line with one line feed."""


class BlockBuilder:
    """Joins pieces of any number of objects into one block, so that small objects cost no more than large ones."""

    def __init__(self) -> None:
        self._pieces: list[tuple[int, Piece]] = []
        self.bytes_held = 0

    def add(self, part: int, piece: Piece) -> None:
        """Append the lines of a piece."""
        self._pieces.append((part, piece))
        self.bytes_held += len(piece.content)

    def take(self) -> pa.RecordBatch:
        """Everything added since the last call, as one block. The text is the unpacked bytes themselves."""
        pieces, self._pieces, self.bytes_held = self._pieces, [], 0
        bases = np.cumsum([0, *(len(piece.content) for _, piece in pieces)])
        offsets = np.concatenate(
            [np.zeros(1, np.int64), *(piece.ends + base for (_, piece), base in zip(pieces, bases, strict=False))]
        )
        content = pieces[0][1].content if len(pieces) == 1 else b"".join(piece.content for _, piece in pieces)
        text = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(content))
        parts = np.repeat(np.array([part for part, _ in pieces], np.int32), [len(piece.numbers) for _, piece in pieces])
        numbers = np.concatenate([piece.numbers for _, piece in pieces])
        return pa.RecordBatch.from_arrays([pa.array(parts), pa.array(numbers), text], schema=SCHEMA)
