"""Tells which strings are timestamps, and which are days: see the types in docs/tables.md."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

_DAY: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME: Final = re.compile(
    r"[T ]([01][0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9](?:\.[0-9]{1,9})?)?(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_DAY_MINUTES: Final = 24 * 60


def is_day(text: str) -> bool:
    """Whether a string is a calendar day without a time, in the years 1 to 9999."""
    match = _DAY.fullmatch(text)
    return match is not None and _day(match) is not None


def is_timestamp(text: str) -> bool:
    """Whether a string is a day with a time of at least hours and minutes, in the years 1 to 9999 of UTC.

    A fraction has up to nine digits, and a zone is less than a day from UTC. Without a zone it is UTC.
    """
    match = _DAY.match(text)
    time = None if match is None else _TIME.fullmatch(text, match.end())
    day = None if match is None else _day(match)
    if time is None or day is None:
        return False
    hours, minutes, sign, zone_hours, zone_minutes = time.groups(default="0")
    offset = int(zone_hours) * 60 + int(zone_minutes)
    if offset >= _DAY_MINUTES:
        return False
    minutes_of_all = (
        day.toordinal() * _DAY_MINUTES + int(hours) * 60 + int(minutes) + offset * (1 if sign == "-" else -1)
    )
    return date.min.toordinal() * _DAY_MINUTES <= minutes_of_all < (date.max.toordinal() + 1) * _DAY_MINUTES


def _day(match: re.Match[str]) -> date | None:
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        return None
