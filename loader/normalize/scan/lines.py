"""Compiled scan of lines: finds the structure of each message, what is odd about it, and its envelope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from loader.core.samples import DEEPEST
from loader.normalize.scan.compile import Address, Integers, compiled, kept, version
from loader.normalize.scan.envelope import Found, envelope
from loader.normalize.scan.fingerprint import fingerprint, is_same_text
from loader.normalize.scan.leaves import NOTED, Notes, begin_notes, cannot_tell, close_note, end_notes, put_note
from loader.normalize.scan.memory import byte_at
from loader.normalize.scan.rules import (
    ARRAY,
    DAY,
    EMPTY_TEXT_OBJECT,
    FACTOR,
    INNER_NAME,
    INTEGER,
    NULL,
    OBJECT,
    ODD,
    ROOT,
    SKIPPED,
    SLOT_NAME,
    SLOT_PREVIOUS_ID,
    SLOT_TYPE,
    SLOT_USER_ID,
    SLOTS,
    SPREAD,
    STRING,
    TEXT_OBJECT,
    USUAL,
    Hashes,
    Rules,
)
from loader.normalize.scan.text import (
    BAD,
    CLOSE_ARRAY,
    CLOSE_OBJECT,
    COLON,
    COMMA,
    OPEN_ARRAY,
    OPEN_OBJECT,
    QUOTE,
    is_minus_zero,
    past_string,
    past_white,
    scalar,
    text_hash_at,
)
from loader.normalize.scan.times import string_kind
from loader.normalize.scan.words import has_backslash, mixed, text_hash_of

DEEPEST_NESTING = 512
_FIRST_KEY, _KEY, _FIRST_ITEM, _VALUE, _NEXT = range(5)
"""States: what the scan expects next."""
_LEAST_LEAF = 4
"""A leaf has more bytes than this."""
_KIND_SPREAD = np.uint64(0xA0761D6478BD642F)
_NOTHING = np.uint64(0)
_ROOT, _FACTOR, _SPREAD = np.uint64(ROOT), np.uint64(FACTOR), np.uint64(SPREAD)


class Room(NamedTuple):
    """Scratch space of the scan: one element per open container, one per slot, and space to print a message."""

    is_object: Integers
    paths: Hashes
    """0 for a container that is not taken apart."""
    spans: Integers
    kinds: Integers
    """What the values of the slots are; 0 where there is none."""
    noted: Integers
    """The note of a container that is a leaf, or `BAD`."""
    printed: Address


def room(printed: npt.NDArray[np.uint8]) -> Room:
    """Make scratch space for one scan at a time. Lines must be shorter than the space to print a message."""
    return Room(
        is_object=np.zeros(DEEPEST_NESTING, dtype=np.int64),
        paths=np.zeros(DEEPEST_NESTING, dtype=np.uint64),
        spans=np.zeros((SLOTS, 2), dtype=np.int64),
        kinds=np.zeros(SLOTS, dtype=np.int64),
        noted=np.zeros(DEEPEST_NESTING, dtype=np.int64),
        printed=printed.ctypes.data,
    )


@compiled
def child_path(path: np.uint64, key: np.uint64) -> np.uint64:
    """The hash of a path that is one key longer."""
    return mixed(path * _FACTOR + key)


@compiled
def call_path(call: np.uint64, path: np.uint64) -> np.uint64:
    """The hash of a path in messages of one call."""
    return mixed(call * _FACTOR ^ path)


@compiled
def is_one_of(value: np.uint64, hashes: Hashes) -> bool:
    """Whether the value is among these few hashes."""
    for index in range(len(hashes)):
        if hashes[index] == value:
            return True
    return False


@compiled
def _call(content: Address, at: int, end: int, type_key: np.uint64) -> np.uint64:
    """The hash of the value of `type`, the last one if it is repeated; the hash of nothing if it is missing."""
    found, depth, is_key, is_type = _NOTHING, 0, True, False
    while at < end:
        byte = byte_at(content, at)
        if byte == QUOTE:
            past, value = text_hash_at(content, at + 1, end)
            if past == BAD:
                return found
            if depth == 1 and is_key:
                is_type = value == type_key
            elif depth == 1 and is_type:
                found = value
            at = past
            continue
        if byte == OPEN_OBJECT or byte == OPEN_ARRAY:
            depth += 1
            is_key = True
        elif byte == CLOSE_OBJECT or byte == CLOSE_ARRAY:
            depth -= 1
        elif byte == COLON:
            is_key = False
        elif byte == COMMA:
            is_key = True
        at += 1
    return found


@compiled
def _names_flags(content: Address, spans: Integers, kinds: Integers, into: Address) -> tuple[np.uint64, int]:
    """Flags for `name` and `category` in the payload: absent; the same as those of the message, or filling them; other."""
    value, flags = np.uint64(0), 0
    for index in range(2):
        outer, inner = SLOT_NAME + index, INNER_NAME + index
        if kinds[inner] == 0 or kinds[inner] == NULL:
            continue
        relation = 1
        if 0 < kinds[outer] < NULL:
            first, last = spans[outer, 0], spans[outer, 1]
            begin, end = spans[inner, 0], spans[inner, 1]
            is_same = last - first == end - begin
            for place in range(first, last):
                is_same = is_same and byte_at(content, place) == byte_at(content, begin + place - first)
            if not is_same and (has_backslash(content, first, last) or has_backslash(content, begin, end)):
                if STRING <= kinds[outer] <= DAY and STRING <= kinds[inner] <= DAY:
                    is_same = is_same_text(content, first + 1, last - 1, begin + 1, end - 1, into)
                else:
                    flags = ODD
            if not is_same:
                relation = 2
        value = value * np.uint64(4) + np.uint64(relation + 2 * index)
    return value, flags


@compiled
def _ids_flags(content: Address, spans: Integers, kinds: Integers) -> int:
    """Flags for the ids of people and groups: the text of an integer is what was written, and not what the engine reads."""
    for slot in range(SLOT_USER_ID, SLOT_PREVIOUS_ID + 1):
        if kinds[slot] == INTEGER and is_minus_zero(content, spans[slot, 0], spans[slot, 1]):
            return ODD
    return 0


@compiled
def _key(content: Address, at: int, end: int, parent: np.uint64) -> tuple[int, np.uint64, bool, bool]:
    """Read a key that begins at `at`, up to its colon. Returns the place after the colon and the path of the value, and
    whether there is white space between, and whether the key has no escapes, so that the path is the right one."""
    path, is_spelled_out, begin = _NOTHING, True, at + 1
    if at >= end or byte_at(content, at) != QUOTE:
        return BAD, path, False, False
    if parent != _NOTHING:
        at, key = text_hash_at(content, begin, end)
        path = child_path(parent, key)
    else:
        at = past_string(content, begin, end)
    if at == BAD:
        return BAD, path, False, False
    if parent != _NOTHING:
        is_spelled_out = not has_backslash(content, begin, at - 1)
    colon = past_white(content, at, end)
    past = colon + 1 if colon < end and byte_at(content, colon) == COLON else BAD
    return past, path, colon != at, is_spelled_out


@compiled
def _slot(path: np.uint64, depth: int, slots: Hashes) -> int:
    """The slot of a value at depth `depth`, or -1."""
    if depth <= 2 and path != _NOTHING:
        for index in range(0 if depth == 1 else INNER_NAME, INNER_NAME if depth == 1 else SLOTS):
            if slots[index] == path:
                return index
    return -1


@compiled
def _object_kind(
    content: Address, at: int, end: int, depth: int, path: np.uint64, call: np.uint64, rules: Rules
) -> int:
    """The kind of the object that opens at `at`, at depth `depth`: taken apart, or kept as text."""
    if depth == 1:
        is_taken = is_one_of(path, rules.taken)
    else:
        is_taken = path != _NOTHING and depth <= DEEPEST
        if is_taken and len(rules.texts):
            is_taken = not is_one_of(call_path(call, path), rules.texts)
    if is_taken:
        return OBJECT
    inside = past_white(content, at + 1, end)
    return EMPTY_TEXT_OBJECT if inside < end and byte_at(content, inside) == CLOSE_OBJECT else TEXT_OBJECT


@compiled
def _value(content: Address, at: int, end: int, path: np.uint64) -> tuple[int, int, int]:
    """Read a value that is not an object or array. Returns the place after it, its kind, and flags."""
    begin = at
    at, kind, flags = scalar(content, at, end)
    if at == BAD or path == _NOTHING:
        return at, kind, flags
    if kind == STRING:
        kind = string_kind(content, begin + 1, at - 1)
        if kind == BAD:
            # The exact parser never escapes characters that a timestamp has.
            kind, flags = STRING, flags | ODD
    return at, kind, flags


@compiled
def _message(
    content: Address, at: int, end: int, call: np.uint64, rules: Rules, room: Room, notes: Notes
) -> tuple[int, np.uint64, int, bool]:
    """Read the object of a line and note its leaves.

    Returns the place after it, the signature of its values, flags, and whether it has white space.
    """
    is_object, paths, spans, kinds, noted = room.is_object, room.paths, room.spans, room.kinds, room.noted
    signature, flags, path, has_white, opened = _NOTHING, 0, _NOTHING, False, -1
    depth, is_object[0], paths[0], noted[0], state = 1, 1, _ROOT, BAD, _FIRST_KEY
    while depth > 0:
        begin, at = at, past_white(content, at, end)
        has_white = has_white or at != begin
        if at >= end:
            return BAD, signature, flags, has_white
        byte = byte_at(content, at)
        if state == _NEXT:
            at += 1
            if byte == COMMA:
                state = _KEY if is_object[depth - 1] else _VALUE
            elif byte == (CLOSE_OBJECT if is_object[depth - 1] else CLOSE_ARRAY):
                depth -= 1
            else:
                return BAD, signature, flags, has_white
        elif (state == _FIRST_KEY and byte == CLOSE_OBJECT) or (state == _FIRST_ITEM and byte == CLOSE_ARRAY):
            at, depth, state = at + 1, depth - 1, _NEXT
        elif state == _FIRST_KEY or state == _KEY:
            at, path, is_apart, is_spelled_out = _key(content, at, end, paths[depth - 1])
            if at == BAD:
                return BAD, signature, flags, has_white
            if not is_spelled_out:
                cannot_tell(notes)
            has_white = has_white or is_apart
            state = _VALUE
        else:
            if not is_object[depth - 1]:
                path = _NOTHING
            is_skipped = depth == 1 and is_one_of(path, rules.skipped)
            is_opened = byte == OPEN_OBJECT
            slot, begin = _slot(path, depth, rules.slots), at
            if is_opened or byte == OPEN_ARRAY:
                if depth >= DEEPEST_NESTING:
                    return BAD, signature, flags, has_white
                kind = _object_kind(content, at, end, depth, path, call, rules) if is_opened else ARRAY
                is_object[depth] = is_opened
                paths[depth] = path if kind == OBJECT and not is_skipped else _NOTHING
                noted[depth] = BAD
                state = _FIRST_KEY if is_opened else _FIRST_ITEM
                if depth == 1:
                    opened = slot
                at, depth = at + 1, depth + 1
            else:
                at, kind, found = _value(content, at, end, path)
                if at == BAD:
                    return BAD, signature, flags, has_white
                flags |= found
                state = _NEXT
            if slot >= 0:
                spans[slot, 0], spans[slot, 1], kinds[slot] = begin, at, kind
            if path != _NOTHING:
                signature += mixed(path ^ (np.uint64(SKIPPED if is_skipped else kind) * _KIND_SPREAD))
                if kind != NULL and not is_skipped:
                    note = put_note(content, begin, at, path, kind, notes)
                    if kind == ARRAY:
                        noted[depth - 1] = note
            continue
        if state == _NEXT and noted[depth] != BAD:
            close_note(noted[depth], at, notes)
            noted[depth] = BAD
        if depth == 1 and opened >= 0:
            spans[opened, 1] = at
            opened = -1
    return at, signature, flags, has_white


@compiled
def _line(content: Address, at: int, end: int, line: int, rules: Rules, room: Room, found: Found, notes: Notes) -> bool:
    """Scan one line. Returns whether its leaves could be noted."""
    call = _call(content, at, end, rules.type_key) if len(rules.texts) else _NOTHING
    room.kinds[:] = 0
    found.flags[line] = ODD
    at = past_white(content, at, end)
    if at >= end or byte_at(content, at) != OPEN_OBJECT:
        return False
    at, signature, flags, has_white = _message(content, at + 1, end, call, rules, room, notes)
    if at == BAD or past_white(content, at, end) != end:
        return False
    spans, kinds = room.spans, room.kinds
    relation, odd = _names_flags(content, spans, kinds, room.printed)
    flags |= odd | _ids_flags(content, spans, kinds)
    first, last = spans[SLOT_TYPE, 0] + 1, spans[SLOT_TYPE, 1] - 1
    is_track = False
    if kinds[SLOT_TYPE] == STRING:
        # A call in other letters is no plain message, however it is spelled.
        flags |= ODD if has_backslash(content, first, last) else 0
        is_track = text_hash_of(content, first, last, end) == rules.calls[0]
    if not flags & ODD:
        flags |= USUAL if envelope(content, spans, kinds, end, rules.calls, line, found) else 0
        found.fingerprints[line] = fingerprint(content, spans, kinds, is_track, has_white, room.printed)
    found.signatures[line], found.flags[line] = mixed(signature + relation * _SPREAD), flags
    return True


Scan = Callable[[Address, Integers, int, Rules, Room, Found, Notes], int]


def _scanner() -> Scan:
    sources = version()

    def scan(
        content: Address, places: Integers, line: int, rules: Rules, room: Room, found: Found, notes: Notes
    ) -> int:
        sources  # noqa: B018 - closed over
        for number in range(line, len(places) - 1):
            at, end = places[number], places[number + 1]
            if notes.state[NOTED] + (end - at) // _LEAST_LEAF + 2 > len(notes.notes):
                return number
            begin_notes(at, number, notes)
            end_notes(number, _line(content, at, end, number, rules, room, found, notes), notes)
        return len(places) - 1

    return kept(scan)


scan: Final = _scanner()
"""Tell of the lines of a block from one on; the line for whose notes there is no room, or how many lines there are.

There is one place more than lines. Compiled when it is first called.
"""
