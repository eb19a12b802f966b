"""Formats numbers, shares and days for people. Unknown values are a dash, never 0."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

UNKNOWN: Final = "–"
_MINUS: Final = "\N{MINUS SIGN}"
Number = int | float | Decimal


def is_number(value: object) -> bool:
    """Whether a value is a number that can be drawn."""
    return isinstance(value, Number) and not isinstance(value, bool) and value == value  # noqa: PLR0124 - NaN


def number_of(value: object) -> float:
    """A number to draw; 0 for unknown values."""
    return float(value) if isinstance(value, Number) and is_number(value) else 0.0


def count(value: object) -> str:
    """12,345"""
    return _written(value, 0)


def decimals(value: object) -> str:
    """12,345.67"""
    return _written(value, 2)


def share(value: object) -> str:
    """24.0 % of 0.24"""
    return UNKNOWN if not is_number(value) else f"{_written(number_of(value) * 100, 1)} %"


def percent(value: object) -> str:
    """24 % of 0.24"""
    return UNKNOWN if not is_number(value) else f"{_written(number_of(value) * 100, 0)} %"


def compact(value: object) -> str:
    """A few characters for an axis: 950, 1.2k, 3M, 10T, 0.25"""
    if not is_number(value):
        return UNKNOWN
    amount = number_of(value)
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(amount) >= size:
            return f"{amount / size:.4g}{unit}".replace("-", _MINUS)
    return f"{amount:.3g}".replace("-", _MINUS)


def day(value: object) -> str:
    """2026-01-31"""
    if isinstance(value, datetime):
        value = _utc(value).date()
    return value.isoformat() if isinstance(value, date) else UNKNOWN


def month(value: object) -> str:
    """2026-01"""
    return day(value)[:7]


def instant(value: object) -> str:
    """2026-01-31 12:00, in UTC"""
    return f"{_utc(value):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else UNKNOWN


def plain(value: object) -> str:
    """A text as it is."""
    return UNKNOWN if value is None or value == "" else str(value)


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC) if value.tzinfo else value


def _written(value: object, places: int) -> str:
    if not is_number(value):
        return UNKNOWN
    assert isinstance(value, Number)
    written = f"{value:,.{places}f}"
    return written.replace("-", _MINUS) if written.strip("-0.,") else written.lstrip("-")
