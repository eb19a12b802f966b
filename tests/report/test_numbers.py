"""Numbers as people read them."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from loader.report.numbers import compact, count, day, decimals, instant, month, share


@pytest.mark.parametrize(
    ("write", "value", "written"),
    [
        (count, 1234567, "1,234,567"),
        (count, -5, "−5"),
        (decimals, Decimal("244091.94"), "244,091.94"),
        (decimals, -0.001, "0.00"),
        (share, 0.24015, "24.0 %"),
        (share, -1.0, "−100.0 %"),
        (compact, 0, "0"),
        (compact, 0.25, "0.25"),
        (compact, 1250, "1.25k"),
        (compact, 3_000_000, "3M"),
        (compact, 25e12, "25T"),
        (day, date(2026, 1, 31), "2026-01-31"),
        (month, date(2026, 1, 31), "2026-01"),
    ],
)
def test_a_value_is_written_for_people(write, value, written):
    """Thousands apart, a real minus sign, no minus before a zero."""
    assert write(value) == written


@pytest.mark.parametrize("write", [count, decimals, share, compact, day, month, instant])
@pytest.mark.parametrize("value", [None, float("nan")])
def test_what_is_not_known_is_a_dash(write, value):
    """An unknown number is not 0."""
    assert write(value) == "–"


def test_times_are_utc():
    """Whatever zone a time comes with."""
    late = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))

    assert (instant(late), day(late)) == ("2025-12-31 22:30", "2025-12-31")
    assert instant(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01 00:00"
