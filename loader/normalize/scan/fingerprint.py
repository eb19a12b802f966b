"""Compiled fingerprint of a message: prints its content in a fixed form, and hashes the print.

The print is the call, `event` of a track call, userId, anonymousId, groupId, previousId, name and category, then the
objects context, properties and traits, with a unit separator between them. A value that is absent, null or of another
kind is empty. Objects are JSON without white space, in the order of the line, with numbers as they were written and with
only the escapes that JSON requires; texts are printed like strings without quotes. The hash is XXH64 with seed 0
(https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), so it does not depend on the version of an engine.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loader.normalize.scan.compile import Address, Integers, compiled
from loader.normalize.scan.memory import byte_at, put_byte, word_at
from loader.normalize.scan.rules import EMPTY_TEXT_OBJECT, NULL, OBJECT, OBJECT_SLOTS, PRINTED_TEXTS, SLOT_EVENT
from loader.normalize.scan.text import BACKSLASH, QUOTE, hexadecimal, is_white
from loader.normalize.scan.words import copied

_SEPARATOR: Final = 31
_P1, _P2, _P3, _P4, _P5 = (
    np.uint64(prime)
    for prime in (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
)
_BITS: Final = np.uint64(64)
_SHORT: Final = ((8, 98), (9, 116), (10, 110), (12, 102), (13, 114))
"""Control characters with an escape of two characters, and the letter of it."""
_LONG_ESCAPE: Final = (BACKSLASH, 117, 48, 48)


@compiled
def _short_letter(code: int) -> int:
    """The letter after the backslash, for characters with an escape of two characters; 0 for others."""
    if code == QUOTE or code == BACKSLASH:
        return code
    for index in range(len(_SHORT)):
        if _SHORT[index][0] == code:
            return _SHORT[index][1]
    return 0


@compiled
def _put_character(code: int, into: Address, to: int) -> int:
    """Write a character of a string, escaped only if JSON requires it."""
    letter = _short_letter(code)
    if letter:
        put_byte(into, to, BACKSLASH)
        put_byte(into, to + 1, letter)
        return to + 2
    if code < 32:
        for index in range(len(_LONG_ESCAPE)):
            put_byte(into, to + index, _LONG_ESCAPE[index])
        put_byte(into, to + 4, 48 + (code >> 4))
        put_byte(into, to + 5, (code & 15) + (48 if code & 15 < 10 else 55))
        return to + 6
    if code < 0x80:
        put_byte(into, to, code)
        return to + 1
    bits = 6 if code < 0x800 else 12 if code < 0x10000 else 18
    put_byte(into, to, (0xC0 if bits == 6 else 0xE0 if bits == 12 else 0xF0) | code >> bits)
    while bits > 0:
        bits, to = bits - 6, to + 1
        put_byte(into, to, 0x80 | code >> bits & 63)
    return to + 1


@compiled
def _put_respelled(content: Address, at: int, past: int, is_in_string: bool, into: Address, to: int) -> int:
    """Write valid JSON, or the inside of a string, without white space and unnecessary escapes."""
    while at < past:
        byte = byte_at(content, at)
        at += 1
        if not is_in_string:
            if byte == QUOTE:
                is_in_string = True
            elif is_white(byte):
                continue
        elif byte == QUOTE:
            is_in_string = False
        elif byte == BACKSLASH:
            letter = byte_at(content, at)
            at += 1
            code = letter
            if letter == 117:
                code = hexadecimal(content, at, past)
                at += 4
                if 0xD800 <= code < 0xDC00:
                    code = 0x10000 + ((code - 0xD800) << 10) + hexadecimal(content, at + 2, past) - 0xDC00
                    at += 6
            else:
                for index in range(len(_SHORT)):
                    if _SHORT[index][1] == letter:
                        code = _SHORT[index][0]
            to = _put_character(code, into, to)
            continue
        put_byte(into, to, byte)
        to += 1
    return to


@compiled
def _put(content: Address, at: int, past: int, has_white: bool, is_in_string: bool, into: Address, to: int) -> int:
    behind = -1 if has_white else copied(content, at, past, into, to)
    return behind if behind >= 0 else _put_respelled(content, at, past, is_in_string, into, to)


@compiled
def is_same_text(content: Address, at: int, past: int, begin: int, end: int, into: Address) -> bool:
    """Whether the insides of two strings say the same, however they are escaped. `into` must have room for both."""
    to = _put_respelled(content, at, past, True, into, 0)
    is_same = _put_respelled(content, begin, end, True, into, to) == 2 * to
    for place in range(to):
        is_same = is_same and byte_at(into, place) == byte_at(into, to + place)
    return is_same


@compiled
def fingerprint(
    content: Address, spans: Integers, kinds: Integers, is_track: bool, has_white: bool, into: Address
) -> np.uint64:
    """The fingerprint of a message, whose values are given by spans. `into` must have room for its line."""
    to = 0
    for index in range(len(PRINTED_TEXTS)):
        slot = PRINTED_TEXTS[index]
        if index:
            put_byte(into, to, _SEPARATOR)
            to += 1
        if 0 < kinds[slot] < NULL and (slot != SLOT_EVENT or is_track):
            at, past = spans[slot, 0], spans[slot, 1]
            is_string = byte_at(content, at) == QUOTE
            if is_string:
                at, past = at + 1, past - 1
            to = _put(content, at, past, False, is_string, into, to)
    for index in range(len(OBJECT_SLOTS)):
        slot = OBJECT_SLOTS[index]
        put_byte(into, to, _SEPARATOR)
        to += 1
        if OBJECT <= kinds[slot] <= EMPTY_TEXT_OBJECT:
            to = _put(content, spans[slot, 0], spans[slot, 1], has_white, False, into, to)
    return xxh64(into, to)


@compiled
def _turned(value: np.uint64, bits: int) -> np.uint64:
    return value << np.uint64(bits) | value >> (_BITS - np.uint64(bits))


@compiled
def _round(lane: np.uint64, word: np.uint64) -> np.uint64:
    return _turned(lane + word * _P2, 31) * _P1


@compiled
def _merged(value: np.uint64, lane: np.uint64) -> np.uint64:
    return (value ^ _round(np.uint64(0), lane)) * _P1 + _P4


@compiled
def xxh64(content: Address, length: int) -> np.uint64:
    """XXH64 with seed 0 of the first bytes."""
    at = 0
    if length >= 32:
        one, two, three, four = _P1 + _P2, _P2, np.uint64(0), np.uint64(0) - _P1
        while at + 32 <= length:
            one, two = _round(one, word_at(content, at)), _round(two, word_at(content, at + 8))
            three, four = _round(three, word_at(content, at + 16)), _round(four, word_at(content, at + 24))
            at += 32
        value = _turned(one, 1) + _turned(two, 7) + _turned(three, 12) + _turned(four, 18)
        value = _merged(_merged(_merged(_merged(value, one), two), three), four)
    else:
        value = _P5
    value += np.uint64(length)
    while at + 8 <= length:
        value = _turned(value ^ _round(np.uint64(0), word_at(content, at)), 27) * _P1 + _P4
        at += 8
    if at + 4 <= length:
        half = np.uint64(0)
        for place in range(at + 3, at - 1, -1):
            half = half << np.uint64(8) | np.uint64(byte_at(content, place))
        value = _turned(value ^ half * _P1, 23) * _P2 + _P3
        at += 4
    while at < length:
        value = _turned(value ^ np.uint64(byte_at(content, at)) * _P5, 11) * _P1
        at += 1
    value = (value ^ value >> np.uint64(33)) * _P2
    value = (value ^ value >> np.uint64(29)) * _P3
    return value ^ value >> np.uint64(32)
