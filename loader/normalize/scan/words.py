"""Compiled reading of text, eight bytes at a time: finds the end of a string, hashes a text, copies pieces.

Words are little-endian: the first of eight bytes is the lowest.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loader.normalize.scan.compile import Address, compiled
from loader.normalize.scan.memory import byte_at, first_marked, put_byte, put_word, word_at
from loader.normalize.scan.rules import ROOT, SPREAD, WORD

_ONES: Final = np.uint64(0x0101010101010101)
_HIGH: Final = np.uint64(0x8080808080808080)
_QUOTES: Final = np.uint64(0x2222222222222222)
_BACKSLASHES: Final = np.uint64(0x5C5C5C5C5C5C5C5C)
_BLANKS: Final = np.uint64(0x2020202020202020)
_ROOT: Final = np.uint64(ROOT)
_SPREAD: Final = np.uint64(SPREAD)
_HALF: Final = np.uint64(32)
_BYTE: Final = np.uint64(8)
_NONE: Final = np.uint64(0)
_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_WORD_BITS: Final = np.uint64(8 * WORD)


@compiled
def past_plain(content: Address, at: int, end: int) -> int:
    """The place of the first quote, backslash or control byte, or `end`."""
    while at + WORD <= end:
        word = word_at(content, at)
        quotes, backslashes = word ^ _QUOTES, word ^ _BACKSLASHES
        # A byte that is 0, or below a blank, borrows from its highest bit. Only the first marked byte is reliable.
        marks = (quotes - _ONES) & ~quotes | (backslashes - _ONES) & ~backslashes | (word - _BLANKS) & ~word
        marks &= _HIGH
        if marks != _NONE:
            return at + first_marked(marks)
        at += WORD
    while at < end and byte_at(content, at) >= 32 and byte_at(content, at) != 0x22 and byte_at(content, at) != 0x5C:
        at += 1
    return at


@compiled
def mixed(value: np.uint64) -> np.uint64:
    """A number whose every bit depends on all bits of `value`."""
    value ^= value >> _HALF
    value *= _SPREAD
    value ^= value >> _HALF
    value *= _SPREAD
    return value ^ (value >> _HALF)


@compiled
def text_hash_of(content: Address, at: int, past: int, end: int) -> np.uint64:
    """The hash of the bytes from `at` to `past`, as in `rules.text_hash`. Bytes up to `end` may be read."""
    value = _ROOT ^ np.uint64(past - at)
    while at < past:
        left = np.uint64(past - at)
        if at + WORD <= end:
            word = word_at(content, at)
            if left < np.uint64(WORD):
                word &= _ALL >> (_WORD_BITS - left * _BYTE)
        else:
            word = _NONE
            for place in range(past - 1, at - 1, -1):
                word = word << _BYTE | np.uint64(byte_at(content, place))
        value = (value ^ word) * _SPREAD
        value ^= value >> _HALF
        at += WORD
    return mixed(value)


@compiled
def has_backslash(content: Address, at: int, past: int) -> bool:
    """Whether there is a backslash between two places."""
    while at + WORD <= past:
        backslashes = word_at(content, at) ^ _BACKSLASHES
        if (backslashes - _ONES) & ~backslashes & _HIGH != _NONE:
            return True
        at += WORD
    while at < past:
        if byte_at(content, at) == 0x5C:
            return True
        at += 1
    return False


@compiled
def copied(content: Address, at: int, past: int, into: Address, to: int) -> int:
    """Copy the bytes between two places. Returns the place after the copy, or -1 if they contain a backslash."""
    while at + WORD <= past:
        word = word_at(content, at)
        backslashes = word ^ _BACKSLASHES
        if (backslashes - _ONES) & ~backslashes & _HIGH != _NONE:
            return -1
        put_word(into, to, word)
        at += WORD
        to += WORD
    while at < past:
        if byte_at(content, at) == 0x5C:
            return -1
        put_byte(into, to, byte_at(content, at))
        at += 1
        to += 1
    return to
