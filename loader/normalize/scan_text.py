"""Compiled reading of strings, numbers and words of a JSON text. Integers and bytes only.

`content` are bytes, `at` and `end` places in them. A function that reads something returns the place behind it, or BAD.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from loader.normalize.scan_rules import DOUBTFUL, FACTOR, ROOT, SPREAD

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
_Function = TypeVar("_Function", bound=Callable[..., Any])

QUOTE, BACKSLASH, COMMA, COLON = 0x22, 0x5C, 0x2C, 0x3A
OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY = 0x7B, 0x7D, 0x5B, 0x5D
STRING, TIMESTAMP, DAY, INTEGER, FLOAT, BOOLEAN, NULL = range(1, 8)
"""What a value is that is no object and no array."""
BAD = -1
NO_NUMBER = -10_000

_ROOT = np.uint64(ROOT)
_FACTOR = np.uint64(FACTOR)
_SPREAD = np.uint64(SPREAD)
_HALF = np.uint64(32)

_LONG_NUMBER = 16
"""Digits and points from which on a double may not hold a number."""
_LONG_EXPONENT = 3
_ESCAPED = np.frombuffer(b'"\\/bfnrt', dtype=np.uint8)
_TRUE, _FALSE, _NONE = (np.frombuffer(word, dtype=np.uint8) for word in (b"true", b"false", b"null"))


def compiled(function: _Function) -> _Function:
    """Compiled into whatever calls it."""
    return cast(_Function, numba.njit(nogil=True)(function))


def inlined(function: _Function) -> _Function:
    """Compiled in place: a call would count references to every array that it hands over."""
    return cast(_Function, numba.njit(nogil=True, inline="always")(function))


@inlined
def mixed(value: np.uint64) -> np.uint64:
    value ^= value >> _HALF
    value *= _SPREAD
    value ^= value >> _HALF
    value *= _SPREAD
    return value ^ (value >> _HALF)


@inlined
def past_white(content: Bytes, at: int, end: int) -> int:
    while at < end and (content[at] == 32 or content[at] == 9 or content[at] == 13 or content[at] == 10):
        at += 1
    return at


@inlined
def _hex(content: Bytes, at: int, end: int) -> int:
    """Four hexadecimal digits as a number, or `BAD`."""
    if at + 4 > end:
        return BAD
    value = 0
    for index in range(at, at + 4):
        byte = int(content[index])
        if 48 <= byte <= 57:
            value = value * 16 + byte - 48
        elif 65 <= byte <= 70 or 97 <= byte <= 102:
            value = value * 16 + (byte & 15) + 9
        else:
            return BAD
    return value


@inlined
def _past_escape(content: Bytes, at: int, end: int) -> int:
    """Behind the escape that begins at a backslash, or `BAD`. Half a character is bad: it cannot be text."""
    if at + 1 >= end:
        return BAD
    byte = content[at + 1]
    if byte != 117:
        for index in range(len(_ESCAPED)):
            if _ESCAPED[index] == byte:
                return at + 2
        return BAD
    first = _hex(content, at + 2, end)
    if first < 0 or 0xDC00 <= first <= 0xDFFF:
        return BAD
    if first < 0xD800 or first > 0xDFFF:
        return at + 6
    if at + 7 >= end or content[at + 6] != BACKSLASH or content[at + 7] != 117:
        return BAD
    second = _hex(content, at + 8, end)
    return at + 12 if 0xDC00 <= second <= 0xDFFF else BAD


@inlined
def text_hash_at(content: Bytes, at: int, end: int) -> tuple[int, np.uint64]:
    """Behind the closing quote of a string that begins at `at`, and the hash of its bytes; or `BAD`."""
    value = _ROOT
    while at < end:
        byte = content[at]
        if byte == QUOTE:
            return at + 1, mixed(value)
        if byte < 32:
            return BAD, value
        if byte == BACKSLASH:
            past = _past_escape(content, at, end)
            if past == BAD:
                return BAD, value
            while at < past:
                value = (value ^ np.uint64(content[at])) * _FACTOR
                at += 1
        else:
            value = (value ^ np.uint64(byte)) * _FACTOR
            at += 1
    return BAD, value


@inlined
def past_string(content: Bytes, at: int, end: int) -> int:
    """Behind the closing quote of a string that begins at `at`, or `BAD`."""
    while at < end:
        byte = content[at]
        if byte == QUOTE:
            return at + 1
        if byte < 32:
            return BAD
        if byte == BACKSLASH:
            at = _past_escape(content, at, end)
            if at == BAD:
                return BAD
        else:
            at += 1
    return BAD


@inlined
def digits(content: Bytes, at: int, end: int, count: int) -> int:
    """A number of so many digits, or less than 0."""
    value = 0
    for index in range(at, at + count):
        byte = int(content[index]) if index < end else 0
        value = value * 10 + byte - 48 if 48 <= byte <= 57 else NO_NUMBER
    return value


@inlined
def past_digits(content: Bytes, at: int, end: int) -> int:
    while at < end and 48 <= content[at] <= 57:
        at += 1
    return at


@inlined
def _number(content: Bytes, at: int, end: int) -> tuple[int, int, int]:
    """Behind a number, its kind, and flags; or `BAD`."""
    flags = 0
    if content[at] == 45:
        at += 1
    begin = at
    at = past_digits(content, at, end)
    if at == begin or (content[begin] == 48 and at > begin + 1):
        return BAD, 0, 0
    kind = INTEGER
    if at < end and content[at] == 46:
        kind, fraction = FLOAT, at + 1
        at = past_digits(content, fraction, end)
        if at == fraction:
            return BAD, 0, 0
    if at - begin >= _LONG_NUMBER:
        flags = DOUBTFUL
    if at < end and (content[at] == 101 or content[at] == 69):
        kind = FLOAT
        at += 1
        if at < end and (content[at] == 43 or content[at] == 45):
            at += 1
        exponent = at
        at = past_digits(content, exponent, end)
        if at == exponent:
            return BAD, 0, 0
        if at - exponent >= _LONG_EXPONENT:
            flags = DOUBTFUL
    return at, kind, flags


@inlined
def _is_word(content: Bytes, at: int, end: int, word: Bytes) -> bool:
    if at + len(word) > end:
        return False
    for index in range(len(word)):
        if content[at + index] != word[index]:
            return False
    return True


@inlined
def scalar(content: Bytes, at: int, end: int) -> tuple[int, int, int]:
    """Behind a value that is no object and no array, its kind, and flags; or `BAD`."""
    byte = content[at]
    if byte == QUOTE:
        return past_string(content, at + 1, end), STRING, 0
    if byte == 45 or 48 <= byte <= 57:
        return _number(content, at, end)
    if _is_word(content, at, end, _TRUE):
        return at + 4, BOOLEAN, 0
    if _is_word(content, at, end, _FALSE):
        return at + 5, BOOLEAN, 0
    if _is_word(content, at, end, _NONE):
        return at + 4, NULL, 0
    return BAD, 0, 0
