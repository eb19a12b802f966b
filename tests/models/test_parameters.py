"""Parameters: settings by flat names, instants resolved, typed literals."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pydantic import BaseModel, ValidationError

from loader.config import ModelsSettings
from loader.errors import ConfigError
from loader.models.parameters import parameters_of, resolve_as_of, typed_literal
from loader.models.render import bind, parse_query, render

NOW = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("as_of", "timezone", "expected"),
    [
        ("now", "UTC", datetime(2026, 3, 31, 23, 30)),
        ("today", "UTC", datetime(2026, 3, 31)),
        ("today", "Europe/Berlin", datetime(2026, 3, 31, 22)),
        (date(1997, 10, 1), "UTC", datetime(1997, 10, 1)),
        (datetime(2026, 1, 1, 12), "Asia/Tokyo", datetime(2026, 1, 1, 3)),
        (datetime(2026, 1, 1, 12, tzinfo=UTC), "Asia/Tokyo", datetime(2026, 1, 1, 12)),
    ],
)
def test_as_of_is_an_instant_in_utc(as_of, timezone, expected):
    """A day begins in the zone of the configuration."""
    assert resolve_as_of(as_of, timezone, NOW) == expected


@pytest.mark.parametrize("as_of", [date(1, 1, 1), date(999, 12, 31), datetime(9999, 12, 31, tzinfo=UTC)])
def test_as_of_is_not_at_the_ends_of_time(as_of):
    """No windows of days are around it, and in another zone it may be none."""
    with pytest.raises(ConfigError, match="use a day of the years 1000 to 9000"):
        resolve_as_of(as_of, "Asia/Tokyo", NOW)


@pytest.mark.parametrize(
    "settings",
    [
        {"audiences": {"cart_abandonment_days": 36_501}},
        {"audiences": {"trial_not_converted_days": 36_501}},
        {"audiences": {"loyalty_amount": math.inf}},
        {"audiences": {"custom": {"a": {"all": [{"event": "A", "within_days": 36_501}]}}}},
        {"audiences": {"custom": {"a": {"all": [{"profile_trait": "t", "is": "before_last_days", "value": 36_501}]}}}},
        {"audiences": {"custom": {"a": {"all": [{"profile_trait": "t", "is": "at_least", "value": math.nan}]}}}},
        {"traits": {"t": {"kind": "count", "event": "A", "within_days": 36_501}}},
        {"usage": {"mtu_allowance": 10**13}},
        {"usage": {"calls_per_mtu": 10**7}},
    ],
)
def test_numbers_that_no_run_could_compute_with_are_refused(settings):
    """Before anything is computed, with the place in the file."""
    with pytest.raises(ValidationError):
        ModelsSettings.model_validate(settings)


def test_a_setting_of_a_section_has_its_name_before_it():
    class Sessions(BaseModel):
        gap_seconds: int = 1800
        as_of: date | None = None

    class Extended(ModelsSettings):
        sessions: Sessions = Sessions()

    found = parameters_of(Extended.model_validate({"as_of": "2026-01-01"}), NOW)

    assert found["sessions_gap_seconds"] == 1800
    assert found["sessions_as_of"] == found["as_of"] == datetime(2026, 1, 1)
    assert not {"schema_name", "schema", "folder", "inputs"} & found.keys()


@pytest.mark.parametrize(
    ("value", "sql"),
    [
        (None, "NULL"),
        (True, "TRUE"),
        (-3, "-3"),
        (Decimal("0.10"), "0.10"),
        (0.5, "CAST(0.5 AS DOUBLE)"),
        ("it's", "'it''s'"),
        (date(2026, 1, 2), "CAST('2026-01-02' AS DATE)"),
        (datetime(2026, 1, 2, 3), "CAST('2026-01-02 03:00:00' AS TIMESTAMP)"),
    ],
)
def test_a_value_is_a_literal_of_its_type(value, sql):
    assert typed_literal(value).sql(dialect="duckdb") == sql


@pytest.mark.parametrize(("value", "sql"), [(("a", "b"), "'a', 'b'"), ((), "NULL"), ("a", "'a'")])
def test_a_list_stands_inside_in(value, sql):
    bound = bind(parse_query("select 1 where x in ($names)", "m"), {"names": value}, "m")

    assert render(bound) == f"SELECT 1 WHERE x IN ({sql})"


def test_a_list_elsewhere_is_an_error():
    with pytest.raises(ConfigError, match="tuple cannot be written in SQL"):
        bind(parse_query("select $names", "m"), {"names": ("a",)}, "m")


def test_an_unknown_parameter_is_named_with_the_nearest():
    with pytest.raises(ConfigError) as error:
        bind(parse_query("select $as_off", "m"), {"as_of": 1}, "m.sql")

    assert "did you mean as_of?" in error.value.fix
