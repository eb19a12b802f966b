"""The header of a model file: what it says, and what is said about mistakes in it."""

from pathlib import Path

import pytest

from loader.errors import ConfigError
from loader.models.header import Check, Column, parse_model

GOOD = """\
-- What it answers,
-- in two lines.
-- grain: one row per user
-- keys: user_id, day
-- params: as_of, timezone
-- columns:
--   user_id text: id of the user,
--     on a second line
--   day date: a day: any
-- checks:
--   small: n > 1
--   sums (warn): select user_id
--     from other
select user_id, day from events
"""


def parsed(text):
    return parse_model("daily", Path("daily.sql"), text)


def test_every_section_is_read():
    model = parsed(GOOD)

    assert (model.description, model.grain) == ("What it answers, in two lines.", "one row per user")
    assert (model.keys, model.parameters) == (("user_id", "day"), ("as_of", "timezone"))
    assert model.columns == (
        Column("user_id", "text", "id of the user, on a second line"),
        Column("day", "date", "a day: any"),
    )
    assert model.checks == (
        Check("small", "n > 1", "fail", 11),
        Check("sums", "select user_id from other", "warn", 12),
    )
    assert [check.is_query for check in model.checks] == [False, True]


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("-- grain: one row per user\n", "", 1, "has no grain"),
        ("-- keys: user_id, day\n", "", 1, "has no keys"),
        ("user_id, day\n", "nobody\n", 4, "the key 'nobody' is not a column"),
        ("day date:", "day datum:", 9, "the column 'day datum: a day: any' is not understood"),
        ("small: n > 1", "small", 11, "the check 'small' is not understood"),
        ("sums (warn)", "small", 12, "two checks are called 'small'"),
        ("-- params:", "-- parameter:", 5, "'parameter: as_of, timezone' is not understood"),
        ("-- params: as_of, timezone", "-- grain: again", 5, "grain occurs twice"),
        ("select user_id, day from events", "", 1, "must have either a SELECT or"),
        ("-- What it answers,\n-- in two lines.\n", "", 1, "has no description"),
        ("-- params: as_of, timezone", "-- further columns: any", 5, "only a Python model has further columns"),
    ],
)
def test_a_mistake_is_reported_with_its_line(old, new, line, what):
    with pytest.raises(ConfigError) as error:
        parsed(GOOD.replace(old, new))

    assert what in error.value.what
    assert error.value.where == f"daily.sql:{line}"


def test_a_table_of_a_python_model_has_no_sql():
    model = parsed(
        GOOD.replace("select user_id, day from events", "").replace("-- params:", "-- made by: identity\n-- params:")
    )

    assert model.made_by == "identity"
