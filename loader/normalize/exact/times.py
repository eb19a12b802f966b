"""Reads the four times of an odd message leniently, and fills in missing ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from loader.normalize.exact.json import Loss, NumberText, compact

TIME_KEYS: Final = ("receivedAt", "timestamp", "sentAt", "originalTimestamp")
_ISO: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)?)?",
    re.ASCII,
)
_EPOCH: Final = re.compile(r"(\d+)(?:\.\d+)?", re.ASCII)
_MAGNITUDES: Final = ((11, 0), (14, 3), (17, 6), (19, 9))
"""Most digits before the point, and the power of ten of the unit: seconds, milli-, micro- and nanoseconds."""
_UNSET: Final = datetime(1, 1, 1, tzinfo=UTC)
"""Go's zero time, which libraries send for "no time"."""
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ObjectDates:
    """The dates of an object in the archive, which stand in for missing times of its messages."""

    received_day: date | None
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class Times:
    """The times of a message, by their key in its text."""

    by_key: dict[str, datetime]
    is_imputed: bool
    """Neither the message nor its envelope says when it was received."""

    @property
    def texts(self) -> dict[str, str]:
        """The times as texts, in the spelling that the set-based SQL uses as it is."""
        return {key: instant_text(instant) for key, instant in self.by_key.items()}


def instant_text(instant: datetime) -> str:
    """An instant in UTC with microseconds: 2026-03-01T10:00:00.000000Z."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read_time(value: Any, key: str, losses: list[Loss]) -> datetime | None:
    """The instant of an envelope field; None if it is missing, null or not a time."""
    if value is None or value == "":
        return None
    instant = None
    if isinstance(value, str):
        instant = _from_epoch(value)
        if instant is None and not isinstance(value, NumberText):
            instant = _from_iso(value)
    if instant is None:
        losses.append(Loss("bad_timestamp", (key,), compact(value)))
    return None if instant == _UNSET else instant


def message_times(body: dict[str, Any], envelope: Any, dates: ObjectDates, losses: list[Loss]) -> Times:
    """The times of a message. `envelope`: the time of receipt from the line around it."""
    received, given, sent, original = (read_time(body.get(key), key, losses) for key in TIME_KEYS)
    arrived = received or read_time(envelope, "receivedAt", [])
    day = dates.received_day
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
    final = arrived or midnight or sent or original or dates.last_modified.astimezone(UTC)
    happened = given
    if happened is None and original and sent:
        try:
            happened = final - (sent - original)
        except OverflowError:
            happened = final
            losses.append(Loss("bad_timestamp", ("timestamp",), None))
    if happened is None:
        happened = original or (sent if arrived is None and sent else final)
    found = dict(zip(TIME_KEYS, (final, happened, sent, original), strict=True))
    return Times({key: instant for key, instant in found.items() if instant is not None}, arrived is None)


def _from_epoch(text: str) -> datetime | None:
    match = _EPOCH.fullmatch(text)
    power = next((power for most, power in _MAGNITUDES if match and len(match[1]) <= most), None)
    if power is None:
        return None
    # No magnitude leaves the years that a datetime has.
    return _START + timedelta(microseconds=int(Decimal(text) * 10**6 / 10**power))


def _from_iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction = match[7] or ""
    micros = int(f"{fraction}000000"[:6])
    if second == 60:
        second, micros = 59, 999_999
    elif len(fraction) > 9:
        return None
    offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
    try:
        zone = timezone(-offset if match[8] == "-" else offset)
        return datetime(year, month, day, hour, minute, second, micros, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
