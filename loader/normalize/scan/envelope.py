"""Compiled reading of the envelope of a message: its call, ids and times, if they have the usual spelling."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from loader.normalize.scan.compile import Address, Integers, compiled
from loader.normalize.scan.fingerprint import xxh64
from loader.normalize.scan.memory import byte_at
from loader.normalize.scan.rules import (
    DAY,
    INTEGER,
    NULL,
    SLOT_EVENT,
    SLOT_MESSAGE_ID,
    SLOT_RECEIVED_AT,
    SLOT_TYPE,
    STRING,
    TEXT_COLUMNS,
    TIMES,
    TIMESTAMP,
    Hashes,
)
from loader.normalize.scan.text import BAD
from loader.normalize.scan.times import NO_INSTANT, instant
from loader.normalize.scan.views import VIEW, set_view
from loader.normalize.scan.words import has_backslash, text_hash_of


class Found(NamedTuple):
    """The envelopes of the lines of a block, one element or row per line."""

    signatures: Hashes
    flags: npt.NDArray[np.uint8]
    fingerprints: Hashes
    id_hashes: Hashes
    calls: npt.NDArray[np.uint8]
    """1 and up in the order of the rules; 0 where the envelope is unusual."""
    views: Address
    """Where the views of texts are, for each of `TEXT_COLUMNS` and line."""
    is_text: npt.NDArray[np.bool_]
    instants: npt.NDArray[np.int64]
    """For each of the four times and line, microseconds since the epoch."""
    is_instant: npt.NDArray[np.bool_]


@compiled
def _is_visible(byte: int) -> bool:
    return 0x21 <= byte <= 0x7E


@compiled
def _text(content: Address, at: int, past: int, kind: int, slot: int, into: Address) -> int:
    """Set the view of a text. Returns 1 if there is a text, 0 if there is none, `BAD` if it is unusual."""
    if kind == 0 or kind == NULL:
        return BAD if slot == SLOT_MESSAGE_ID else 0
    if STRING <= kind <= DAY:
        at, past = at + 1, past - 1
        if has_backslash(content, at, past):
            return BAD
        if slot == SLOT_MESSAGE_ID and (
            at == past or not _is_visible(byte_at(content, at)) or not _is_visible(byte_at(content, past - 1))
        ):
            return BAD
    elif kind != INTEGER or slot <= SLOT_EVENT:
        return BAD
    set_view(content, at, past, 0, into)
    return 1


@compiled
def envelope(
    content: Address, spans: Integers, kinds: Integers, end: int, calls: Hashes, line: int, found: Found
) -> bool:
    """Read the usual parts of the envelope of a line. Returns whether all of it is usual."""
    call = 0
    if kinds[SLOT_TYPE] == STRING:
        said = text_hash_of(content, spans[SLOT_TYPE, 0] + 1, spans[SLOT_TYPE, 1] - 1, end)
        for index in range(len(calls)):
            if calls[index] == said:
                call = index + 1
    if call == 0:
        return False
    for index in range(TIMES):
        slot = SLOT_RECEIVED_AT + index
        if kinds[slot] == 0 or kinds[slot] == NULL:
            if index < 2:
                return False
            continue
        if kinds[slot] != TIMESTAMP:
            return False
        micros = instant(content, spans[slot, 0] + 1, spans[slot, 1] - 1)
        if micros == NO_INSTANT:
            return False
        found.instants[index, line], found.is_instant[index, line] = micros, True
    for index in range(len(TEXT_COLUMNS)):
        slot = TEXT_COLUMNS[index]
        into = found.views + VIEW * (index * len(found.flags) + line)
        told = _text(content, spans[slot, 0], spans[slot, 1], kinds[slot], slot, into)
        if told == BAD:
            return False
        found.is_text[index, line] = told == 1
    found.calls[line] = call
    first, past = spans[SLOT_MESSAGE_ID, 0] + 1, spans[SLOT_MESSAGE_ID, 1] - 1
    found.id_hashes[line] = xxh64(content + first, past - first)
    return True
