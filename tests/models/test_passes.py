"""Models made in several passes: the same rows as in one, and as many passes as memory asks for."""

from pathlib import Path

import duckdb
import pytest
from modelling import Modelling

from loader.errors import ConfigError
from loader.models import run
from loader.models.header import parse_model
from loader.models.passes import count_of

HEADER = """\
-- Rows.
-- grain: a row
-- keys: none
-- passes: {passes}
-- columns:
--   name text: name
select name from input_pages
"""


def a_model_with(passes):
    return parse_model("rows", Path("rows.sql"), HEADER.format(passes=passes))


@pytest.fixture
def history(modelling: Modelling):
    """Visits of a few devices, orders and one device without an id of its own."""
    for n in range(60):
        modelling.page(anonymous_id=f"a{n % 7}", user_id=f"u{n % 5}", at=n * 700, context_campaign_medium=f"m{n % 3}")
    for n in range(9):
        modelling.track("Order Completed", user_id=f"u{n % 5}", at=30_000 + n, order_id=f"o{n}", total=10 + n)
    return modelling


@pytest.mark.parametrize("passes", [2, 7])
def test_sessions_and_attribution_are_the_same_in_any_number_of_passes(history, monkeypatch, passes):
    """A row belongs to one pass by the value of one column, whatever it is."""
    tables = {}
    for count in (1, passes):
        monkeypatch.setattr(run, "count_of", lambda *_, count=count: count)
        history.run("+attribution", "+sessions")
        tables[count] = [sorted(map(repr, history.rows(name))) for name in ("sessions", "attribution")]

    assert tables[1] == tables[passes]
    assert all(tables[1])


def test_rows_that_fit_take_one_pass_and_more_take_as_many_as_they_need():
    """Ten million rows of a kilobyte are ten times a gigabyte."""
    with duckdb.connect(config={"memory_limit": "1GiB"}) as connection:
        model = a_model_with("name, 1000 bytes a row")

        assert [count_of(connection, model, rows) for rows in (0, 1_000_000, 10_000_000)] == [1, 1, 10]


def test_passes_that_are_not_understood_are_told():
    with pytest.raises(ConfigError, match="COLUMN, NUMBER bytes a row"):
        a_model_with("name")


def test_a_column_that_no_table_has_is_told(history):
    models = history.folder / "models"
    models.mkdir()
    (models / "rows.sql").write_text(HEADER.format(passes="nme, 1000 bytes a row"), encoding="utf-8")

    with pytest.raises(ConfigError, match="'nme', but no table that it reads has"):
        history.run("rows")
