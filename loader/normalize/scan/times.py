"""Compiled test of strings for timestamps and days, and the instants of timestamps.

The grammar is that of `loader.core.timestamps`.
"""

from __future__ import annotations

from typing import Final

from loader.normalize.scan.compile import Address, compiled
from loader.normalize.scan.memory import byte_at
from loader.normalize.scan.rules import DAY, STRING, TIMESTAMP
from loader.normalize.scan.text import BACKSLASH, BAD, COLON, NO_NUMBER, digits, hexadecimal, past_digits

_DAY_MINUTES = 1_440
_LONGEST_TIME = 6 * 35
"""Bytes that a timestamp has at most, every character an escape."""
NO_INSTANT: Final = -(2**63)
_EPOCH_DAY: Final = 719_162
"""Days from the first of year 1 to the epoch."""
_FRACTION_DIGITS: Final = 6


@compiled
def _day_of_year(year: int, month: int, day: int) -> int:
    """The day of the year, from 0; `BAD` if there is no such day."""
    if month < 1 or month > 12 or day < 1:
        return BAD
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    before = 0
    for earlier in range(1, month):
        before += _length(earlier, is_leap)
    return before + day - 1 if day <= _length(month, is_leap) else BAD


@compiled
def _length(month: int, is_leap: bool) -> int:
    if month == 2:
        return 29 if is_leap else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


@compiled
def _is_time_escape(content: Address, at: int, end: int) -> bool:
    """Whether the escape at a backslash stands for a character that timestamps have."""
    if byte_at(content, at + 1) != 117:
        return False
    code = hexadecimal(content, at + 2, end)
    return 48 <= code <= COLON or code in (32, 43, 45, 46, 84, 90, 122)


@compiled
def string_kind(content: Address, at: int, end: int) -> int:
    """Whether a string between two places is a timestamp, a day, or another text; `BAD` if escapes may hide a timestamp."""
    if at == end or not (48 <= byte_at(content, at) <= 57 or byte_at(content, at) == BACKSLASH):
        return STRING
    has_escape = False
    for place in range(at, min(end, at + _LONGEST_TIME)):
        if byte_at(content, place) == BACKSLASH:
            if not _is_time_escape(content, place, end):
                return STRING
            has_escape = True
    if has_escape:
        return BAD
    if end - at < 10 or byte_at(content, at + 4) != 45 or byte_at(content, at + 7) != 45:
        return STRING
    year, month, day = (
        digits(content, at, end, 4),
        digits(content, at + 5, end, 2),
        digits(content, at + 8, end, 2),
    )
    if year < 1 or month < 0 or day < 0:
        return STRING
    day_of_year = _day_of_year(year, month, day)
    if day_of_year == BAD:
        return STRING
    if end == at + 10:
        return DAY
    if (
        end < at + 16
        or (byte_at(content, at + 10) != 84 and byte_at(content, at + 10) != 32)
        or byte_at(content, at + 13) != COLON
    ):
        return STRING
    hour, minute = digits(content, at + 11, end, 2), digits(content, at + 14, end, 2)
    if hour < 0 or hour > 23 or minute < 0 or minute > 59:
        return STRING
    at += 16
    if at < end and byte_at(content, at) == COLON:
        second = digits(content, at + 1, end, 2)
        if second < 0 or second > 59:
            return STRING
        at += 3
        if at < end and byte_at(content, at) == 46:
            past = past_digits(content, at + 1, end)
            if past == at + 1 or past > at + 10:
                return STRING
            at = past
    offset = _offset_minutes(content, at, end)
    if offset == NO_NUMBER:
        return STRING
    minutes = day_of_year * _DAY_MINUTES + hour * 60 + minute - offset
    if (year == 1 and minutes < 0) or (year == 9999 and minutes >= 365 * _DAY_MINUTES):
        return STRING
    return TIMESTAMP


@compiled
def _offset_minutes(content: Address, at: int, end: int) -> int:
    """The offset of the zone at the end of a timestamp, 0 if there is none; `NO_NUMBER` if it is not a zone."""
    if at == end:
        return 0
    sign = byte_at(content, at)
    if sign == 90 or sign == 122:
        return 0 if at + 1 == end else NO_NUMBER
    if sign != 43 and sign != 45:
        return NO_NUMBER
    hours, minutes = digits(content, at + 1, end, 2), 0
    at += 3
    if at < end:
        at += byte_at(content, at) == COLON
        minutes = digits(content, at, end, 2)
        at += 2
    if hours < 0 or minutes < 0 or at != end:
        return NO_NUMBER
    offset = hours * 60 + minutes
    if offset >= _DAY_MINUTES:
        return NO_NUMBER
    return offset if sign == 43 else -offset


@compiled
def instant(content: Address, at: int, end: int) -> int:
    """The microseconds since the epoch of a string that is a timestamp; `NO_INSTANT` in the years 1 and 9999.

    Digits of the fraction after the sixth are dropped, as the exact parser does.
    """
    year = digits(content, at, end, 4)
    if year < 2 or year > 9998:
        return NO_INSTANT
    days = _day_of_year(year, digits(content, at + 5, end, 2), digits(content, at + 8, end, 2))
    before = year - 1
    days += before * 365 + before // 4 - before // 100 + before // 400 - _EPOCH_DAY
    seconds = digits(content, at + 11, end, 2) * 3_600 + digits(content, at + 14, end, 2) * 60
    at, micros = at + 16, 0
    if at < end and byte_at(content, at) == COLON:
        seconds += digits(content, at + 1, end, 2)
        at += 3
        if at < end and byte_at(content, at) == 46:
            past = past_digits(content, at + 1, end)
            count = min(past - at - 1, _FRACTION_DIGITS)
            micros = digits(content, at + 1, end, count)
            for _ in range(count, _FRACTION_DIGITS):
                micros *= 10
            at = past
    return (days * 86_400 + seconds - _offset_minutes(content, at, end) * 60) * 1_000_000 + micros
