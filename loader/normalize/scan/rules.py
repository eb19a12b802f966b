"""The rules for the compiled scan of lines, and its hashes of texts and paths."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from loader.core.samples import KeyPath

Hashes = npt.NDArray[np.uint64]

ODD: Final = 1
"""Not strict JSON, or JSON that the engine's reader would change: the exact parser must read the line."""
DOUBTFUL: Final = 2
"""The line has an integer that a double may not hold exactly."""
USUAL: Final = 4
"""The envelope is usual: the scan has read all of it."""

ENVELOPE_KEYS: Final = (
    *("type", "messageId", "event", "userId", "anonymousId", "groupId", "previousId", "name", "category"),
    *("receivedAt", "timestamp", "sentAt", "originalTimestamp", "context", "properties", "traits"),
)
"""Top-level keys whose place in a line is kept, each in its slot."""
SLOT_TYPE, SLOT_MESSAGE_ID, SLOT_EVENT, SLOT_USER_ID, SLOT_ANONYMOUS_ID, SLOT_GROUP_ID, SLOT_PREVIOUS_ID = range(7)
SLOT_NAME, SLOT_CATEGORY, SLOT_RECEIVED_AT, SLOT_CONTEXT = 7, 8, 9, 13
INNER_NAME: Final = len(ENVELOPE_KEYS)
"""The slot of the name in the properties; that of their category is the next."""
SLOTS: Final = INNER_NAME + 2
PRINTED_TEXTS: Final = (
    *(SLOT_TYPE, SLOT_EVENT, SLOT_USER_ID, SLOT_ANONYMOUS_ID),
    *(SLOT_GROUP_ID, SLOT_PREVIOUS_ID, SLOT_NAME, SLOT_CATEGORY),
)
"""Slots whose texts a fingerprint covers."""
OBJECT_SLOTS: Final = (SLOT_CONTEXT, SLOT_CONTEXT + 1, SLOT_CONTEXT + 2)
"""Slots whose objects a fingerprint covers."""
PRINT_ROOM: Final = len(PRINTED_TEXTS) + len(OBJECT_SLOTS)
"""How many bytes the print of a message may be longer than its line: the separators."""
TEXT_COLUMNS: Final = (SLOT_MESSAGE_ID, SLOT_EVENT, SLOT_USER_ID, SLOT_ANONYMOUS_ID)
"""Slots whose texts become columns, in their order; the four times follow from `SLOT_RECEIVED_AT` on."""
TIMES: Final = 4

WORD: Final = 8
"""Bytes that are read at once."""

PATHS: Final = 1 << 16
"""How many distinct paths can be noted."""
NOTE_BITS: Final = 22
"""Bits of a note for a place in a line, and for a length."""
STRING, TIMESTAMP, DAY, INTEGER, FLOAT, BOOLEAN, NULL = range(1, 8)
"""Kinds of values that are not objects or arrays."""
ARRAY, OBJECT, TEXT_OBJECT, EMPTY_TEXT_OBJECT, SKIPPED = range(8, 13)
"""Kinds of other values: arrays, objects that are taken apart, and objects that are kept as text."""
STRANGE: Final = 13
"""The kind of a value whose bytes are not its text: a string with escapes, or the integer -0."""

ROOT: Final = 0x9E3779B97F4A7C15
"""The hash of no text and of no path."""
FACTOR: Final = 0x9FB21C651E98DF25
SPREAD: Final = 0xD6E8FEB86659FD93
_BITS: Final = 0xFFFFFFFFFFFFFFFF


class Rules(NamedTuple):
    """How messages are taken apart, in hashes of paths."""

    taken: Hashes
    """Top-level keys whose objects are taken apart."""
    skipped: Hashes
    """Top-level keys whose values are skipped."""
    texts: Hashes
    """Objects that are kept as text, each with its call."""
    slots: Hashes
    """The envelope keys, then `name` and `category` of the properties."""
    calls: Hashes
    """Values of `type`."""
    type_key: np.uint64


def text_hash(text: str) -> int:
    """The hash of a text, spelled without escapes."""
    content = text.encode()
    value = ROOT ^ len(content)
    for at in range(0, len(content), WORD):
        value = (value ^ int.from_bytes(content[at : at + WORD], "little")) * SPREAD & _BITS
        value ^= value >> 32
    return _mixed(value)


@cache
def path_hash(path: KeyPath) -> int:
    """The hash of a path whose keys are spelled without escapes."""
    value = ROOT
    for key in path:
        value = _mixed(value * FACTOR + text_hash(key))
    return value


def call_path(call: str, path: KeyPath) -> int:
    """The hash of a path in messages of one call."""
    return _mixed(text_hash(call) * FACTOR ^ path_hash(path))


def _mixed(value: int) -> int:
    value &= _BITS
    for _ in range(2):
        value = (value ^ value >> 32) * SPREAD & _BITS
    return value ^ value >> 32
