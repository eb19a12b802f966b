"""Compiled notes of where the leaves of messages are, and the gathering of chosen ones as columns of views.

A note is one number: from the highest bit on the number of the path (16 bits), what the value is (4), where it begins in
the line (22) and how long it is (22); strings without their quotes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, cast

import numba
import numpy as np
import numpy.typing as npt

from loader.normalize.scan_compile import Address, Places, compiled
from loader.normalize.scan_memory import byte_at, put_byte, word_at
from loader.normalize.scan_rules import DAY, INTEGER, NOTE_BITS, PATHS, STRANGE, STRING, Hashes
from loader.normalize.scan_text import BAD
from loader.normalize.scan_views import VIEW, set_view
from loader.normalize.scan_words import has_backslash

_PATH_SHIFT: Final = np.uint64(48)
_KIND_SHIFT: Final = np.uint64(2 * NOTE_BITS)
_PLACE_SHIFT: Final = np.uint64(NOTE_BITS)
_KIND_MASK: Final = np.uint64(15)
_FARTHEST: Final = (1 << NOTE_BITS) - 1
_PLACE_MASK: Final = np.uint64(_FARTHEST)
_BLOCK_SHIFT: Final = np.uint64(32)
_LINE_MASK: Final = np.uint64(0xFFFFFFFF)
_FULLEST: Final = PATHS // 4 * 3
_UNTOLD: Final = np.uint64(0)
"""The note of a line of which not all leaves are noted."""
_EMPTY: Final = np.uint64(0)


_number: Final = cast(Callable[[np.uint64], int], np.int64)
"""A word as a number with a sign, as all places are."""


class Notes(NamedTuple):
    """The leaves of the lines of a block."""

    notes: Hashes
    starts: Places
    """Where the notes of a line begin; one more than there are lines."""
    paths: Hashes
    """Hashes of paths, each at the place that is its number, 0 where there is none; shared by all blocks."""
    state: Places
    """Notes so far, where the line in hand begins, whether all of its leaves are noted, and paths so far."""


NOTED, LINE_AT, IS_TOLD, KNOWN = range(4)


@compiled
def _number_of(path: np.uint64, notes: Notes) -> int:
    """The number of a path, new or known, or `BAD` when there are too many."""
    paths = notes.paths
    place = _number(path & np.uint64(PATHS - 1))
    while paths[place] != path:
        if paths[place] == _EMPTY:
            if notes.state[KNOWN] >= _FULLEST:
                return BAD
            paths[place] = path
            notes.state[KNOWN] += 1
            return place
        place = (place + 1) & (PATHS - 1)
    return place


@compiled
def begin_notes(at: int, line: int, notes: Notes) -> None:
    """Before the leaves of a line that begins at `at`."""
    notes.starts[line] = notes.state[NOTED]
    notes.state[LINE_AT], notes.state[IS_TOLD] = at, 1


@compiled
def end_notes(line: int, is_whole: bool, notes: Notes) -> None:
    """Behind the leaves of a line."""
    state = notes.state
    if not is_whole or not state[IS_TOLD]:
        state[NOTED] = notes.starts[line]
        notes.notes[state[NOTED]] = _UNTOLD
        state[NOTED] += 1
    notes.starts[line + 1] = state[NOTED]


@compiled
def cannot_tell(notes: Notes) -> None:
    """What is said of the line in hand does not do."""
    notes.state[IS_TOLD] = 0


@compiled
def put_note(content: Address, at: int, past: int, path: np.uint64, kind: int, notes: Notes) -> int:
    """Note a value that is not null; which note it is, or `BAD`."""
    if STRING <= kind <= DAY:
        at, past = at + 1, past - 1
        if has_backslash(content, at, past):
            kind = STRANGE
    elif kind == INTEGER and past - at == 2 and byte_at(content, at) == 45 and byte_at(content, at + 1) == 48:
        kind = STRANGE
    number = _number_of(path, notes)
    place, length = at - notes.state[LINE_AT], past - at
    if number == BAD or max(place, length) > _FARTHEST:
        notes.state[IS_TOLD] = 0
        return BAD
    note = np.uint64(number) << _PATH_SHIFT | np.uint64(kind) << _KIND_SHIFT
    index = int(notes.state[NOTED])
    notes.notes[index] = note | np.uint64(place) << _PLACE_SHIFT | np.uint64(length)
    notes.state[NOTED] += 1
    return index


@compiled
def close_note(index: int, past: int, notes: Notes) -> None:
    """Say how long a value is that was noted where it began, by the place behind it."""
    place = _number(notes.notes[index] >> _PLACE_SHIFT & _PLACE_MASK)
    length = past - notes.state[LINE_AT] - place
    if length > _FARTHEST:
        notes.state[IS_TOLD] = 0
        return
    notes.notes[index] = notes.notes[index] & ~_PLACE_MASK | np.uint64(length)


@numba.njit(nogil=True, cache=True)
def look(rows: Hashes, blocks: Places, columns: npt.NDArray[np.int32], seen: Hashes) -> bool:
    """See what the values of chosen leaves are; whether all leaves of all lines are noted.

    `rows` have the block in their upper half and the line in the lower one, `blocks` the addresses of the content, of
    the places of lines, of the starts of notes and of the notes. `columns`: for each number of a path its column, 0 for
    none. `seen`: for each column a bit for every kind of value that it has.
    """
    for row in range(len(rows)):
        block, line = _number(rows[row] >> _BLOCK_SHIFT), _number(rows[row] & _LINE_MASK)
        starts, notes = blocks[block, 2], blocks[block, 3]
        for index in range(_number(word_at(starts, 8 * line)), _number(word_at(starts, 8 * line + 8))):
            note = word_at(notes, 8 * index)
            if note == _UNTOLD:
                return False
            seen[columns[note >> _PATH_SHIFT]] |= np.uint64(1) << (note >> _KIND_SHIFT & _KIND_MASK)
    return True


@numba.njit(nogil=True, cache=True)
def gather(
    rows: Hashes,
    blocks: Places,
    columns: npt.NDArray[np.int32],
    is_json: npt.NDArray[np.bool_],
    views: Address,
    is_there: Address,
) -> None:
    """Write the views of whole lines, as column 0, and of chosen leaves.

    Rows, blocks and columns as `look` has them. `is_json`: the columns whose strings keep their quotes. `views`,
    `is_there`: where the views of each column and row go, and a byte that says that there is one.
    """
    for row in range(len(rows)):
        block, line = _number(rows[row] >> _BLOCK_SHIFT), _number(rows[row] & _LINE_MASK)
        content, places, starts, notes = blocks[block, 0], blocks[block, 1], blocks[block, 2], blocks[block, 3]
        at = _number(word_at(places, 8 * line))
        set_view(content, at, _number(word_at(places, 8 * line + 8)), block, views + VIEW * row)
        for index in range(_number(word_at(starts, 8 * line)), _number(word_at(starts, 8 * line + 8))):
            note = word_at(notes, 8 * index)
            column = columns[note >> _PATH_SHIFT]
            if column and note != _UNTOLD:
                begin, kind = at + _number(note >> _PLACE_SHIFT & _PLACE_MASK), note >> _KIND_SHIFT & _KIND_MASK
                past = begin + _number(note & _PLACE_MASK)
                if is_json[column] and STRING <= kind <= DAY:
                    begin, past = begin - 1, past + 1
                element = column * len(rows) + row
                set_view(content, begin, past, block, views + VIEW * element)
                put_byte(is_there, element, 1)
