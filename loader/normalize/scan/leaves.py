"""Compiled notes of where the leaves of messages are.

A note is one number with, from the highest bit on: the number of the path (16 bits), the kind of the value (4), its
beginning in the line (22) and its length (22). Strings are noted without their quotes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, cast

import numpy as np

from loader.normalize.scan.compile import Address, Integers, compiled
from loader.normalize.scan.rules import DAY, INTEGER, NOTE_BITS, PATHS, STRANGE, STRING, Hashes
from loader.normalize.scan.text import BAD, is_minus_zero
from loader.normalize.scan.words import has_backslash

PATH_SHIFT: Final = np.uint64(48)
KIND_SHIFT: Final = np.uint64(2 * NOTE_BITS)
PLACE_SHIFT: Final = np.uint64(NOTE_BITS)
KIND_MASK: Final = np.uint64(15)
_FARTHEST: Final = (1 << NOTE_BITS) - 1
PLACE_MASK: Final = np.uint64(_FARTHEST)
_FULLEST: Final = PATHS // 4 * 3
UNTOLD: Final = np.uint64(0)
"""The note of a line of which not all leaves are noted."""
_EMPTY: Final = np.uint64(0)


number_of: Final = cast(Callable[[np.uint64], int], np.int64)
"""A word as a number with a sign, as all places are."""


class Notes(NamedTuple):
    """The notes of the lines of a block."""

    notes: Hashes
    starts: Integers
    """Where the notes of a line begin; one more than there are lines."""
    paths: Hashes
    """Hashes of paths, each at the place that is its number, 0 where there is none; shared by all blocks."""
    state: Integers
    """Notes so far, where the line in hand begins, whether all of its leaves are noted, and paths so far."""


NOTED, LINE_AT, IS_TOLD, KNOWN = range(4)


@compiled
def _path_number(path: np.uint64, notes: Notes) -> int:
    """The number of a path, new or known, or `BAD` if there are too many paths."""
    paths = notes.paths
    place = number_of(path & np.uint64(PATHS - 1))
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
    """Start a line that begins at `at`."""
    notes.starts[line] = notes.state[NOTED]
    notes.state[LINE_AT], notes.state[IS_TOLD] = at, 1


@compiled
def end_notes(line: int, is_whole: bool, notes: Notes) -> None:
    """End a line."""
    state = notes.state
    if not is_whole or not state[IS_TOLD]:
        state[NOTED] = notes.starts[line]
        notes.notes[state[NOTED]] = UNTOLD
        state[NOTED] += 1
    notes.starts[line + 1] = state[NOTED]


@compiled
def cannot_tell(notes: Notes) -> None:
    """Mark the current line: its notes are not complete."""
    notes.state[IS_TOLD] = 0


@compiled
def put_note(content: Address, at: int, past: int, path: np.uint64, kind: int, notes: Notes) -> int:
    """Note a value that is not null. Returns the number of the note, or `BAD`."""
    if STRING <= kind <= DAY:
        at, past = at + 1, past - 1
        if has_backslash(content, at, past):
            kind = STRANGE
    elif kind == INTEGER and is_minus_zero(content, at, past):
        kind = STRANGE
    number = _path_number(path, notes)
    place, length = at - notes.state[LINE_AT], past - at
    if number == BAD or max(place, length) > _FARTHEST:
        notes.state[IS_TOLD] = 0
        return BAD
    note = np.uint64(number) << PATH_SHIFT | np.uint64(kind) << KIND_SHIFT
    index = int(notes.state[NOTED])
    notes.notes[index] = note | np.uint64(place) << PLACE_SHIFT | np.uint64(length)
    notes.state[NOTED] += 1
    return index


@compiled
def close_note(index: int, past: int, notes: Notes) -> None:
    """Set the length of a value that was noted at its beginning, from the place after it."""
    place = number_of(notes.notes[index] >> PLACE_SHIFT & PLACE_MASK)
    length = past - notes.state[LINE_AT] - place
    if length > _FARTHEST:
        notes.state[IS_TOLD] = 0
        return
    notes.notes[index] = notes.notes[index] & ~PLACE_MASK | np.uint64(length)
