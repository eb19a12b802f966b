"""Compiled test of strings for timestamps and days, and the instants of timestamps with a usual spelling.

The grammar is that of `loader.core.timestamps`.
"""

from __future__ import annotations

from typing import Final

from loader.normalize.scan.compile import Address, compiled
from loader.normalize.scan.memory import byte_at
from loader.normalize.scan.rules import DAY, STRING, TIMESTAMP
from loader.normalize.scan.text import BACKSLASH, BAD, COLON, NO_NUMBER, digits, past_digits

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
def _is_digit_escape(content: Address, at: int, end: int) -> bool:
    """`\\u0030` to `\\u0039`, and six more."""
    return (
        at + 4 < end
        and byte_at(content, at + 1) == 117
        and byte_at(content, at + 2) == 48
        and byte_at(content, at + 3) == 48
        and byte_at(content, at + 4) == 51
    )


@compiled
def string_kind(content: Address, at: int, end: int) -> int:
    """Whether a string between two places is a timestamp, a day, or another text; `BAD` if escapes hide a timestamp."""
    if at == end or not (48 <= byte_at(content, at) <= 57 or byte_at(content, at) == BACKSLASH):
        return STRING
    for place in range(at, min(end, at + _LONGEST_TIME)):
        if byte_at(content, place) == BACKSLASH:
            return BAD if byte_at(content, at) != BACKSLASH or _is_digit_escape(content, at, end) else STRING
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
    """The microseconds since the epoch of a timestamp. The string must be one; unusual spellings give `NO_INSTANT`.

    The usual spelling has a `T`, seconds, at most six digits of a fraction, `Z` or a zone with a colon, and a year from 2
    to 9998."""
    if end < at + 20 or byte_at(content, at + 10) != 84 or byte_at(content, at + 16) != COLON:
        return NO_INSTANT
    year = digits(content, at, end, 4)
    if year < 2 or year > 9998:
        return NO_INSTANT
    days = _day_of_year(year, digits(content, at + 5, end, 2), digits(content, at + 8, end, 2))
    before = year - 1
    days += before * 365 + before // 4 - before // 100 + before // 400 - _EPOCH_DAY
    seconds = digits(content, at + 11, end, 2) * 3_600 + digits(content, at + 14, end, 2) * 60
    seconds += digits(content, at + 17, end, 2)
    at, micros = at + 19, 0
    if byte_at(content, at) == 46:
        past = past_digits(content, at + 1, end)
        count = past - at - 1
        if count > _FRACTION_DIGITS:
            return NO_INSTANT
        micros = digits(content, at + 1, end, count)
        for _ in range(count, _FRACTION_DIGITS):
            micros *= 10
        at = past
    offset = 0
    if end == at + 1 and byte_at(content, at) == 90:
        pass
    elif end == at + 6 and byte_at(content, at + 3) == COLON and digits(content, at + 1, end, 2) < 24:
        offset = _offset_minutes(content, at, end)
        if digits(content, at + 4, end, 2) > 59:
            return NO_INSTANT
    else:
        return NO_INSTANT
    return ((days * 86_400 + seconds - offset * 60) * 1_000_000) + micros
