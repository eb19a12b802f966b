"""The times of a message: texts in many spellings, and numbers since 1970 in several units."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from canonical import read_instant

from .parsing import Lost, Number

UNSET = datetime(1, 1, 1, tzinfo=UTC)
"""Go's zero time, which libraries send for no time."""


def envelope_time(value: object, key: str, lost: list[Lost]) -> datetime | None:
    """The instant; None if it is missing, unset or no time. The last is noted in `lost`."""
    if value is None or value == "":
        return None
    instant = (
        _epoch(value) if re.fullmatch(r"\d+(?:\.\d+)?", value if isinstance(value, str) else "", re.ASCII) else None
    )
    if instant is None and isinstance(value, str) and not isinstance(value, Number):
        text = value.replace(",", ".", 1)
        text = f"{text}T00:00Z" if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else text
        leap = re.fullmatch(r"(.{10}[T ]\d\d:\d\d):60(?:\.\d+)?(.*)", text)
        instant = read_instant(f"{leap[1]}:59.999999{leap[2]}" if leap else text)
    if instant is None:
        lost.append(Lost("bad_timestamp", (key,)))
    return None if instant == UNSET else instant


def _epoch(value: str) -> datetime | None:
    digits = len(value.split(".")[0])
    scale = next((scale for most, scale in ((11, 0), (14, 3), (17, 6), (19, 9)) if digits <= most), None)
    if scale is None:
        return None
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(Decimal(value) * 10**6 / 10**scale))
    except OverflowError:
        return None
