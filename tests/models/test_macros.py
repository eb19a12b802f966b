"""Functions that models share: what they give in DuckDB, and how each warehouse spells them."""

from datetime import date, datetime

import duckdb
import pytest
import sqlglot

from loader.models.render import parse_query, render

NOON = "timestamp '2026-03-01 12:00:00'"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (f"microseconds_between({NOON}, timestamp '2026-03-01 12:00:00.000001')", 1),
        (f"microseconds_between(timestamp '2026-03-01 12:30:00.1', {NOON})", -1800100000),
        (f"seconds_between({NOON}, timestamp '2026-03-01 12:30:00.5')", 1800.5),
        ("local_day(timestamp '2026-03-01 23:30:00', 'Europe/Berlin')", date(2026, 3, 2)),
        (f"local_day({NOON}, 'America/New_York')", date(2026, 3, 1)),
        (f"add_seconds({NOON}, 90)", datetime(2026, 3, 1, 12, 1, 30)),
        (f"add_days({NOON}, -1)", datetime(2026, 2, 28, 12)),
        (f"add_days(add_seconds({NOON}, 1), 2 + 1)", datetime(2026, 3, 4, 12, 0, 1)),
    ],
)
def test_a_shared_function_gives_the_expected_value_in_duckdb(call, expected):
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'Asia/Tokyo'")

        assert connection.execute(render(parse_query(f"select {call}", "m"))).fetchall() == [(expected,)]


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "snowflake"])
def test_nothing_of_ours_is_left_in_any_spelling(dialect):
    """Macros inside macros too."""
    query = "select add_days(add_seconds(t, seconds_between(a, b)), microseconds_between(a, b)), local_day(t, z) from x"

    rendered = render(parse_query(query, "m"), dialect)

    names = {node.name.lower() for node in sqlglot.parse_one(rendered, read=dialect).find_all(sqlglot.exp.Anonymous)}
    assert not names & {"add_days", "add_seconds", "seconds_between", "microseconds_between", "local_day"}


def test_a_cast_that_may_fail_is_a_test_in_postgres_and_a_cast_of_text_in_snowflake():
    """Postgres has none; Snowflake's takes texts only."""
    query = parse_query("select try_cast(x as decimal(28, 6)) as n from t", "m")

    assert "CASE WHEN CAST(x AS TEXT) ~*" in render(query, "postgres")
    assert "TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(28, 6))" in render(query, "snowflake")
