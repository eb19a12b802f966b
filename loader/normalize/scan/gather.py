"""Compiled gathering of noted leaves: the kinds of chosen leaves, and their bytes as columns of views.

Arguments of both entry points: a row number has the block in its upper half and the line in its lower half. `blocks` has
the addresses of the content, of the places of lines, of the starts of notes and of the notes. `columns` has the column
of each path number, 0 for none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from loader.normalize.scan.compile import Address, Integers, compiled, kept, version
from loader.normalize.scan.leaves import KIND_MASK, KIND_SHIFT, PATH_SHIFT, PLACE_MASK, PLACE_SHIFT, UNTOLD, number_of
from loader.normalize.scan.memory import put_byte, word_at
from loader.normalize.scan.rules import DAY, STRING, WORD, Hashes
from loader.normalize.scan.views import VIEW, set_view

_BLOCK_SHIFT: Final = np.uint64(32)
_LINE_MASK: Final = np.uint64(0xFFFFFFFF)
_ONE: Final = np.uint64(1)

Columns = npt.NDArray[np.int32]
IsJson = npt.NDArray[np.bool_]


@compiled
def _stretch(places: Address, index: int) -> tuple[int, int]:
    """A place and the next one, read from an array of places."""
    return number_of(word_at(places, WORD * index)), number_of(word_at(places, WORD * (index + 1)))


@compiled
def _look(rows: Hashes, blocks: Integers, columns: Columns, seen: Hashes) -> bool:
    for row in range(len(rows)):
        block, line = number_of(rows[row] >> _BLOCK_SHIFT), number_of(rows[row] & _LINE_MASK)
        first, past = _stretch(blocks[block, 2], line)
        for index in range(first, past):
            note = word_at(blocks[block, 3], WORD * index)
            if note == UNTOLD:
                return False
            seen[columns[note >> PATH_SHIFT]] |= _ONE << (note >> KIND_SHIFT & KIND_MASK)
    return True


@compiled
def _gather(
    rows: Hashes, blocks: Integers, columns: Columns, is_json: IsJson, views: Address, is_there: Address
) -> None:
    for row in range(len(rows)):
        block, line = number_of(rows[row] >> _BLOCK_SHIFT), number_of(rows[row] & _LINE_MASK)
        content, notes = blocks[block, 0], blocks[block, 3]
        at, end = _stretch(blocks[block, 1], line)
        set_view(content, at, end, block, views + VIEW * row)
        first, past = _stretch(blocks[block, 2], line)
        for index in range(first, past):
            note = word_at(notes, WORD * index)
            column = columns[note >> PATH_SHIFT]
            if column and note != UNTOLD:
                kind = note >> KIND_SHIFT & KIND_MASK
                begin = at + number_of(note >> PLACE_SHIFT & PLACE_MASK)
                behind = begin + number_of(note & PLACE_MASK)
                if is_json[column] and STRING <= kind <= DAY:
                    begin, behind = begin - 1, behind + 1
                element = column * len(rows) + row
                set_view(content, begin, behind, block, views + VIEW * element)
                put_byte(is_there, element, 1)


Look = Callable[[Hashes, Integers, Columns, Hashes], bool]
Gather = Callable[[Hashes, Integers, Columns, IsJson, Address, Address], None]


def _entries() -> tuple[Look, Gather]:
    sources = version()

    def look(rows: Hashes, blocks: Integers, columns: Columns, seen: Hashes) -> bool:
        sources  # noqa: B018 - closed over
        return _look(rows, blocks, columns, seen)

    def gather(
        rows: Hashes, blocks: Integers, columns: Columns, is_json: IsJson, views: Address, is_there: Address
    ) -> None:
        sources  # noqa: B018 - closed over
        _gather(rows, blocks, columns, is_json, views, is_there)

    return kept(look), kept(gather)


look, gather = _entries()
"""`look` sets for each column a bit for every kind of value that it has; False when not all leaves of a line are noted.
`gather` writes the views of whole lines, as column 0, and of chosen leaves, each with a byte that says that there is one.
The strings of columns that are JSON keep their quotes.
"""
