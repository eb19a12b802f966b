"""Compiled reading of strings, numbers and words of a JSON text. Works on integers and bytes only.

`at` and `end` are places in the bytes of `content`. A function that reads something returns the place after it, or BAD.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loader.normalize.scan.compile import Address, compiled
from loader.normalize.scan.doubles import is_kept_double, is_kept_integer
from loader.normalize.scan.memory import byte_at
from loader.normalize.scan.rules import BOOLEAN, DOUBTFUL, FLOAT, INTEGER, NULL, ODD, STRING
from loader.normalize.scan.words import past_plain, text_hash_of

QUOTE, BACKSLASH, COMMA, COLON = 0x22, 0x5C, 0x2C, 0x3A
OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY = 0x7B, 0x7D, 0x5B, 0x5D
BAD = -1
NO_NUMBER = -10_000
_NOTHING: Final = np.uint64(0)

_LONG_NUMBER = 16
"""With this many digits and points, a double may not hold a number exactly."""
_LONG_EXPONENT = 3
_FAR = 1 << 40
"""An exponent that no line has enough zeros to make up for."""
_TRUE, _FALSE, _NONE = (int.from_bytes(word, "little") for word in (b"true", b"false", b"null"))


@compiled
def is_white(byte: int) -> bool:
    """Whether the byte is white space in JSON."""
    return byte == 32 or byte == 9 or byte == 13 or byte == 10


@compiled
def past_white(content: Address, at: int, end: int) -> int:
    """The place of the first byte that is no white space, or `end`."""
    while at < end and is_white(byte_at(content, at)):
        at += 1
    return at


@compiled
def hexadecimal(content: Address, at: int, end: int) -> int:
    """The number of four hexadecimal digits, or `BAD`."""
    if at + 4 > end:
        return BAD
    value = 0
    for index in range(at, at + 4):
        byte = int(byte_at(content, index))
        if 48 <= byte <= 57:
            value = value * 16 + byte - 48
        elif 65 <= byte <= 70 or 97 <= byte <= 102:
            value = value * 16 + (byte & 15) + 9
        else:
            return BAD
    return value


@compiled
def _past_escape(content: Address, at: int, end: int) -> int:
    """Read the escape that begins at a backslash. Lone surrogates and NUL are `BAD`, because no column can hold them."""
    if at + 1 >= end:
        return BAD
    byte = byte_at(content, at + 1)
    if byte != 117:
        is_letter = byte == 98 or byte == 102 or byte == 110 or byte == 114 or byte == 116
        return at + 2 if is_letter or byte == QUOTE or byte == BACKSLASH or byte == 47 else BAD
    first = hexadecimal(content, at + 2, end)
    if first <= 0 or 0xDC00 <= first <= 0xDFFF:
        return BAD
    if first < 0xD800 or first > 0xDFFF:
        return at + 6
    if at + 7 >= end or byte_at(content, at + 6) != BACKSLASH or byte_at(content, at + 7) != 117:
        return BAD
    second = hexadecimal(content, at + 8, end)
    return at + 12 if 0xDC00 <= second <= 0xDFFF else BAD


@compiled
def text_hash_at(content: Address, at: int, end: int) -> tuple[int, np.uint64]:
    """Read a string that begins at `at`. Also returns the hash of its bytes."""
    past = past_string(content, at, end)
    if past == BAD:
        return BAD, _NOTHING
    return past, text_hash_of(content, at, past - 1, end)


@compiled
def past_string(content: Address, at: int, end: int) -> int:
    """Read a string that begins at `at`, including its closing quote."""
    while True:
        at = past_plain(content, at, end)
        if at >= end or byte_at(content, at) < 32:
            return BAD
        if byte_at(content, at) == QUOTE:
            return at + 1
        at = _past_escape(content, at, end)
        if at == BAD:
            return BAD


@compiled
def digits(content: Address, at: int, end: int, count: int) -> int:
    """The number of this many digits, or a negative number if one is not a digit."""
    value = 0
    for index in range(at, at + count):
        byte = int(byte_at(content, index)) if index < end else 0
        value = value * 10 + byte - 48 if 48 <= byte <= 57 else NO_NUMBER
    return value


@compiled
def past_digits(content: Address, at: int, end: int) -> int:
    """The place of the first byte that is no digit, or `end`."""
    while at < end and 48 <= byte_at(content, at) <= 57:
        at += 1
    return at


@compiled
def _number(content: Address, at: int, end: int) -> tuple[int, int, int]:
    """Read a number. Also returns its kind, and flags."""
    is_negative = byte_at(content, at) == 45
    if is_negative:
        at += 1
    begin = at
    at = past_digits(content, at, end)
    if at == begin or (byte_at(content, begin) == 48 and at > begin + 1):
        return BAD, 0, 0
    kind = INTEGER
    if at < end and byte_at(content, at) == 46:
        kind, fraction = FLOAT, at + 1
        at = past_digits(content, fraction, end)
        if at == fraction:
            return BAD, 0, 0
    past, power, is_long = at, 0, at - begin >= _LONG_NUMBER
    if at < end and (byte_at(content, at) == 101 or byte_at(content, at) == 69):
        kind = FLOAT
        at += 1
        has_minus = at < end and byte_at(content, at) == 45
        if has_minus or (at < end and byte_at(content, at) == 43):
            at += 1
        exponent = at
        at = past_digits(content, exponent, end)
        if at == exponent:
            return BAD, 0, 0
        is_long = is_long or at - exponent >= _LONG_EXPONENT
        for place in range(exponent, at):
            power = min(power * 10 + byte_at(content, place) - 48, _FAR)
        power = -power if has_minus else power
    if not is_long:
        return at, kind, 0
    if kind == FLOAT:
        return at, kind, 0 if is_kept_double(content, begin, past, power) else ODD
    return at, kind, DOUBTFUL if is_kept_integer(content, begin, past, is_negative) else ODD


@compiled
def is_minus_zero(content: Address, at: int, past: int) -> bool:
    """Whether an integer is -0, which the engine reads as 0."""
    return past - at == 2 and byte_at(content, at) == 45 and byte_at(content, at + 1) == 48


@compiled
def _is_word(content: Address, at: int, end: int, word: int, length: int) -> bool:
    if at + length > end:
        return False
    value = 0
    for index in range(length):
        value |= byte_at(content, at + index) << 8 * index
    return value == word


@compiled
def scalar(content: Address, at: int, end: int) -> tuple[int, int, int]:
    """Read a value that is not an object or array. Also returns its kind, and flags."""
    byte = byte_at(content, at)
    if byte == QUOTE:
        return past_string(content, at + 1, end), STRING, 0
    if byte == 45 or 48 <= byte <= 57:
        return _number(content, at, end)
    if _is_word(content, at, end, _TRUE, 4):
        return at + 4, BOOLEAN, 0
    if _is_word(content, at, end, _FALSE, 5):
        return at + 5, BOOLEAN, 0
    if _is_word(content, at, end, _NONE, 4):
        return at + 4, NULL, 0
    return BAD, 0, 0
