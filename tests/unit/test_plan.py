"""Wanted columns against what exists: only what is missing or too narrow changes."""

from loader.core.plan import SchemaChange, WantedColumn, changes, ordered

ID = WantedColumn("id", "VARCHAR", is_core=True)
TIME = WantedColumn("received_at", "TIMESTAMP WITH TIME ZONE", is_core=True)
N = WantedColumn("n", "BIGINT")


def test_a_missing_table_is_created_with_all_its_columns():
    """Core columns first, in their order; then the others by name."""
    assert changes({}, {"paid": [N, TIME, ID]}) == [SchemaChange("create_table", "paid", (TIME, ID, N))]


def test_a_missing_column_is_added_and_a_narrow_one_widened():
    """One change per column, with the old type where there was one."""
    wide = WantedColumn("n", "DOUBLE")
    new = WantedColumn("m", "VARCHAR")
    assert changes({"paid": {"id": "VARCHAR", "n": "BIGINT"}}, {"paid": [ID, wide, new]}) == [
        SchemaChange("add_column", "paid", (new,)),
        SchemaChange("widen_column", "paid", (wide,), "BIGINT"),
    ]


def test_what_is_there_already_is_no_change():
    """Running again plans nothing; columns of users are left alone."""
    existing = {"paid": {"id": "VARCHAR", "n": "BIGINT", "note": "VARCHAR"}, "mine": {}}
    assert changes(existing, {"paid": [ID, N]}) == []


def test_an_escaped_name_stands_where_the_plain_one_would():
    """`_id` sorts as `id`."""
    names = [WantedColumn(name, "VARCHAR") for name in ("zone", "_order", "name", "b")]
    assert [column.name for column in ordered(names)] == ["b", "name", "_order", "zone"]
