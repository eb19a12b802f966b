"""Which strings are timestamps, and which are days (contract 4.3)."""

import pytest

from loader.core.samples import WalkRules, shape_of
from loader.core.timestamps import is_day, is_timestamp


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T10:00:00Z",
        "2026-03-01 10:00",
        "2026-03-01T10:00:00.123456789+0530",
        "2024-02-29T23:59z",
        "2026-03-01T10:00:00-23:59",
        "9999-12-31T23:59:59.999999Z",
        "0001-01-01T00:00:00Z",
    ],
)
def test_a_day_and_a_time_with_at_least_minutes_is_a_timestamp(text):
    """Fraction and zone may be absent."""
    assert is_timestamp(text)
    assert not is_day(text)


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29T10:00:00Z",
        "2026-13-01T10:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2026-03-01T24:00",
        "2026-03-01T10:00:00+24:00",
        "2026-03-01T10:00:00-2360",
        "2026-03-01T10",
        "2026-03-01T10:00:00.1234567890Z",
        "10:00",
        "",
    ],
)
def test_what_names_no_instant_of_the_years_1_to_9999_is_none(text):
    """Days must be in the calendar, and the instant in range once its zone is taken off."""
    assert not is_timestamp(text)


def test_a_day_without_a_time_is_a_day():
    """Whether that is a timestamp is up to an option."""
    assert is_day("2026-03-01")
    assert not is_timestamp("2026-03-01")
    assert not is_day("2026-02-30")


def test_a_shape_says_which_strings_are_timestamps_and_which_are_days():
    """So that the type of a column is known without asking for its values."""
    shape = shape_of('{"properties":{"at":"2026-03-01T10:00Z","on":"2026-03-01","is":"x"}}', WalkRules())

    assert (shape.timestamps, shape.days) == ({("properties", "at")}, {("properties", "on")})
