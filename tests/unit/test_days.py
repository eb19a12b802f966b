"""Received days as a condition on objects."""

from datetime import date

import duckdb
import pytest

from loader.core.days import ALL_DAYS, Days

OBJECTS = "(values (date '2026-03-01'), (date '2026-03-02'), (date '2026-03-03'), (null)) as objects (received_day)"


@pytest.mark.parametrize(
    ("days", "chosen"),
    [
        (ALL_DAYS, [1, 2, 3, None]),
        (Days(start=date(2026, 3, 2)), [2, 3, None]),
        (Days(until=date(2026, 3, 2)), [1, None]),
        (Days(date(2026, 3, 2), date(2026, 3, 3)), [2, None]),
    ],
    ids=["all", "from a day on", "before a day", "one day"],
)
def test_the_first_day_belongs_to_a_range_and_the_last_does_not(days, chosen):
    """Objects without a received day belong to every range."""
    query = f"select day(received_day) from {OBJECTS} where {days.condition()} order by 1"

    assert [day for (day,) in duckdb.sql(query).fetchall()] == chosen
