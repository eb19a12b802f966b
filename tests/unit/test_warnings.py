"""When new event tables are too many."""

import pytest

from loader.core.warnings import table_growth


@pytest.mark.parametrize(
    ("created", "refused", "counted"),
    [
        pytest.param({"a"}, set(), 0, id="a tenth of the cap"),
        pytest.param({"a", "b"}, set(), 2, id="more than a tenth"),
        pytest.param(set(), {"a"}, 1, id="none created, one refused"),
        pytest.param(
            {"a", "b"}, {"b", "c"}, 3, id="a table that is refused in one batch and created in another is one"
        ),
        pytest.param({"a", "tracks", "users", "accounts"}, set(), 0, id="standard tables are none of them"),
    ],
)
def test_new_event_tables_are_counted_where_they_are_too_many(created, refused, counted):
    """More than a tenth of the cap in one load, or one that the cap refused."""
    assert table_growth(created, refused, table_cap=10) == counted
