"""Compiled writing of Arrow's string views of texts in memory: two words each."""

from __future__ import annotations

from typing import Final

import numpy as np

from loader.normalize.scan.compile import Address, compiled
from loader.normalize.scan.memory import byte_at, put_word, word_at
from loader.normalize.scan.rules import WORD

VIEW: Final = 2 * WORD
"""Bytes of a view."""
_SHORT: Final = 12
"""A view contains the text itself if it has at most this many bytes."""
_BYTE_BITS: Final = np.uint64(8)
_HALF: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)
_NONE: Final = np.uint64(0)


@compiled
def _low_word(content: Address, at: int, past: int) -> np.uint64:
    """Up to eight bytes as a word."""
    if past - at >= WORD:
        return word_at(content, at)
    word = np.uint64(0)
    for place in range(past - 1, at - 1, -1):
        word = word << _BYTE_BITS | np.uint64(byte_at(content, place))
    return word


@compiled
def set_view(content: Address, at: int, past: int, buffer: int, into: Address) -> None:
    """Write a view: the length, four bytes, then eight more bytes, or the number of the buffer and the place in it."""
    put_word(into, 0, np.uint64(past - at) | (_low_word(content, at, past) & _LOW) << _HALF)
    if past - at > _SHORT:
        put_word(into, WORD, np.uint64(buffer) | np.uint64(at) << _HALF)
    else:
        put_word(into, WORD, _low_word(content, at + 4, past) if past - at > 4 else _NONE)
