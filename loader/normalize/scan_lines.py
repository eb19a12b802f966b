"""Compiled scan of lines: the signature of what each message consists of, and what is odd about it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, cast

import numba
import numpy as np
import numpy.typing as npt

from loader.core.samples import DEEPEST
from loader.normalize.scan_rules import FACTOR, ODD, ROOT, SPREAD, Hashes, Rules
from loader.normalize.scan_text import (
    BACKSLASH,
    BAD,
    CLOSE_ARRAY,
    CLOSE_OBJECT,
    COLON,
    COMMA,
    NULL,
    OPEN_ARRAY,
    OPEN_OBJECT,
    QUOTE,
    STRING,
    Bytes,
    Places,
    compiled,
    inlined,
    mixed,
    past_string,
    past_white,
    scalar,
    text_hash_at,
)
from loader.normalize.scan_times import string_kind

DEEPEST_NESTING = 512
_FIRST_KEY, _KEY, _FIRST_ITEM, _VALUE, _NEXT = range(5)
"""What a scan expects."""
_ARRAY, _OBJECT, _TEXT_OBJECT, _EMPTY_TEXT_OBJECT, _SKIPPED = range(8, 13)
"""What a value is, beside the kinds of `scan_text`."""
_KIND_SPREAD = np.uint64(0xA0761D6478BD642F)
_NOTHING = np.uint64(0)
_ROOT, _FACTOR, _SPREAD = np.uint64(ROOT), np.uint64(FACTOR), np.uint64(SPREAD)


class Room(NamedTuple):
    """Where the scan works: one element per open container, and four for the names of the rules."""

    is_object: Places
    paths: Hashes
    """0 for a container that is not taken apart."""
    spans: Places
    kinds: Places
    """What the values of the names are; 0 where there is none."""


def room() -> Room:
    """For one scan at a time."""
    return Room(
        is_object=np.zeros(DEEPEST_NESTING, dtype=np.int64),
        paths=np.zeros(DEEPEST_NESTING, dtype=np.uint64),
        spans=np.zeros((4, 2), dtype=np.int64),
        kinds=np.zeros(4, dtype=np.int64),
    )


@compiled
def child_path(path: np.uint64, key: np.uint64) -> np.uint64:
    return mixed(path * _FACTOR + key)


@compiled
def call_path(call: np.uint64, path: np.uint64) -> np.uint64:
    return mixed(call * _FACTOR ^ path)


@inlined
def is_one_of(value: np.uint64, hashes: Hashes) -> bool:
    for index in range(len(hashes)):
        if hashes[index] == value:
            return True
    return False


@compiled
def _call(content: Bytes, at: int, end: int, type_key: np.uint64) -> np.uint64:
    """The hash of what `type` says, the last one if there are several; of nothing if it says nothing."""
    found, depth, is_key, is_type = _NOTHING, 0, True, False
    while at < end:
        byte = content[at]
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
def _names_flags(content: Bytes, spans: Places, kinds: Places) -> tuple[np.uint64, int]:
    """How `name` and `category` of the payload stand to those of the message: absent, the same or filling, other."""
    value, flags = np.uint64(0), 0
    for index in range(0, 4, 2):
        outer, inner = kinds[index], kinds[index + 1]
        if inner == 0 or inner == NULL:
            continue
        relation = 1
        if outer != 0 and outer != NULL:
            first, last = spans[index, 0], spans[index, 1]
            begin, end = spans[index + 1, 0], spans[index + 1, 1]
            is_same, has_escape = last - first == end - begin, False
            for place in range(first, last):
                has_escape = has_escape or content[place] == BACKSLASH
                is_same = is_same and content[place] == content[begin + place - first]
            for place in range(begin, end):
                has_escape = has_escape or content[place] == BACKSLASH
            if not is_same:
                relation = 2
                if has_escape:
                    flags = ODD
        value = value * np.uint64(4) + np.uint64(relation + index)
    return value, flags


@inlined
def _key(content: Bytes, at: int, end: int, parent: np.uint64) -> tuple[int, np.uint64]:
    """Behind the colon of a key that begins at `at`, and the path of what follows it."""
    path = _NOTHING
    if at >= end or content[at] != QUOTE:
        return BAD, path
    if parent != _NOTHING:
        at, key = text_hash_at(content, at + 1, end)
        path = child_path(parent, key)
    else:
        at = past_string(content, at + 1, end)
    if at == BAD:
        return BAD, path
    at = past_white(content, at, end)
    return (at + 1 if at < end and content[at] == COLON else BAD), path


@inlined
def _object_kind(content: Bytes, at: int, end: int, depth: int, path: np.uint64, call: np.uint64, rules: Rules) -> int:
    """Whether the object that opens at `at`, `depth` levels down, is taken apart, or kept as text."""
    if depth == 1:
        is_taken = is_one_of(path, rules.taken)
    else:
        is_taken = path != _NOTHING and depth <= DEEPEST
        if is_taken and len(rules.texts):
            is_taken = not is_one_of(call_path(call, path), rules.texts)
    if is_taken:
        return _OBJECT
    inside = past_white(content, at + 1, end)
    return _EMPTY_TEXT_OBJECT if inside < end and content[inside] == CLOSE_OBJECT else _TEXT_OBJECT


@inlined
def _value(
    content: Bytes, at: int, end: int, depth: int, path: np.uint64, rules: Rules, room: Room
) -> tuple[int, int, int]:
    """Behind a value that is no object and no array, its kind, and flags."""
    begin = at
    at, kind, flags = scalar(content, at, end)
    if at == BAD or path == _NOTHING:
        return at, kind, flags
    if kind == STRING:
        kind = string_kind(content, begin + 1, at - 1)
        if kind == BAD:
            # Text that the exact way wrote escapes nothing that a timestamp has.
            kind, flags = STRING, flags | ODD
    if depth <= 2:
        for index in range(4):
            if rules.names[index] == path:
                room.spans[index, 0], room.spans[index, 1], room.kinds[index] = begin, at, kind
    return at, kind, flags


@compiled
def _message(
    content: Bytes, at: int, end: int, call: np.uint64, rules: Rules, room: Room
) -> tuple[int, np.uint64, int]:
    """Behind the object that a line is, the sum of what its values are, and flags."""
    is_object, paths = room.is_object, room.paths
    signature, flags, path = _NOTHING, 0, _NOTHING
    depth, is_object[0], paths[0], state = 1, 1, _ROOT, _FIRST_KEY
    while depth > 0:
        at = past_white(content, at, end)
        if at >= end:
            return BAD, signature, flags
        byte = content[at]
        if state == _NEXT:
            at += 1
            if byte == COMMA:
                state = _KEY if is_object[depth - 1] else _VALUE
            elif byte == (CLOSE_OBJECT if is_object[depth - 1] else CLOSE_ARRAY):
                depth -= 1
            else:
                return BAD, signature, flags
        elif (state == _FIRST_KEY and byte == CLOSE_OBJECT) or (state == _FIRST_ITEM and byte == CLOSE_ARRAY):
            at, depth, state = at + 1, depth - 1, _NEXT
        elif state == _FIRST_KEY or state == _KEY:
            at, path = _key(content, at, end, paths[depth - 1])
            if at == BAD:
                return BAD, signature, flags
            state = _VALUE
        else:
            if not is_object[depth - 1]:
                path = _NOTHING
            is_skipped = depth == 1 and is_one_of(path, rules.skipped)
            is_opened = byte == OPEN_OBJECT
            if is_opened or byte == OPEN_ARRAY:
                if depth >= DEEPEST_NESTING:
                    return BAD, signature, flags
                kind = _object_kind(content, at, end, depth, path, call, rules) if is_opened else _ARRAY
                is_object[depth] = is_opened
                paths[depth] = path if kind == _OBJECT and not is_skipped else _NOTHING
                state = _FIRST_KEY if is_opened else _FIRST_ITEM
                at, depth = at + 1, depth + 1
            else:
                at, kind, found = _value(content, at, end, depth, path, rules, room)
                if at == BAD:
                    return BAD, signature, flags
                flags |= found
                state = _NEXT
            if path != _NOTHING:
                signature += mixed(path ^ (np.uint64(_SKIPPED if is_skipped else kind) * _KIND_SPREAD))
    return at, signature, flags


@compiled
def _line(content: Bytes, at: int, end: int, rules: Rules, room: Room) -> tuple[np.uint64, int]:
    """The signature and flags of one line."""
    call = _call(content, at, end, rules.type_key) if len(rules.texts) else _NOTHING
    room.kinds[:] = 0
    at = past_white(content, at, end)
    if at >= end or content[at] != OPEN_OBJECT:
        return _NOTHING, ODD
    at, signature, flags = _message(content, at + 1, end, call, rules, room)
    if at == BAD or past_white(content, at, end) != end:
        return _NOTHING, ODD
    relation, odd = _names_flags(content, room.spans, room.kinds)
    return mixed(signature + relation * _SPREAD), flags | odd


Scan = Callable[[Bytes, Places, Rules, Room, Hashes, npt.NDArray[np.uint8]], None]


def _scanner() -> Scan:
    # What is kept on disk is looked up by a function's own file and by the constants around it, not by what it calls.
    names = ("scan_lines", "scan_times", "scan_text", "scan_rules")
    sources = [Path(__file__).with_name(f"{name}.py").read_bytes() for name in names]
    version = hashlib.sha256(b"".join(sources)).hexdigest()

    def scan(
        content: Bytes, places: Places, rules: Rules, room: Room, signatures: Hashes, flags: npt.NDArray[np.uint8]
    ) -> None:
        version  # noqa: B018 - one of the constants around it
        for line in range(len(places) - 1):
            signatures[line], flags[line] = _line(content, places[line], places[line + 1], rules, room)

    try:
        return cast(Scan, numba.njit(nogil=True, cache=True)(scan))
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        return cast(Scan, numba.njit(nogil=True)(scan))


scan: Final = _scanner()
"""Fill the signatures and flags of lines, of which there is one less than places. Compiled when it is first called."""
