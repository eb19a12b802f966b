"""Tables and columns that a user dropped, changed or added.

The number in a name is that of the line of the catalogue.
"""

from factories import a_track_call
from golden.cases import OTHER


def test_76_a_table_that_a_user_dropped_is_created_again(loading):
    """The next load makes it anew for the messages it reads."""
    loading.write(a_track_call({"n": 1}))
    loading.load()
    loading.change('drop table web."order_completed"')
    loading.write(a_track_call({"n": 2}, message_id="m2"), key=OTHER)

    loading.load()

    assert loading.held().rows("order_completed")["m2"]["n"] == "2"


def test_76_a_column_that_a_user_dropped_is_created_again(loading):
    """Values of later messages have a column."""
    loading.write(a_track_call({"n": 1}))
    loading.load()
    loading.change('alter table web."order_completed" drop column n')
    loading.write(a_track_call({"n": 2}, message_id="m2"), key=OTHER)

    loading.load()

    rows = loading.held().rows("order_completed")
    assert (rows["m1"].get("n"), rows["m2"]["n"]) == (None, "2")


def test_76_the_type_that_a_user_chose_is_respected(loading):
    """A column that was made text stays text; one made narrower sends what does not fit to a variant."""
    loading.write(a_track_call({"a": 1, "b": 1}))
    loading.load()
    loading.change('alter table web."order_completed" alter a type varchar')
    loading.change('alter table web."order_completed" alter b type smallint')
    loading.write(a_track_call({"a": 2, "b": 70_000}, message_id="m2"), key=OTHER)

    loading.load()

    types = loading.types("order_completed")
    assert (types["a"], types["b"]) == ("VARCHAR", "SMALLINT")
    row = loading.held().rows("order_completed")["m2"]
    assert (row["a"], row["b"]) == ("2", "70000")


def test_76_columns_and_tables_of_users_are_left_alone(loading):
    """What nobody asked us to change stays."""
    loading.write(a_track_call({"n": 1}))
    loading.load()
    loading.change("create table web.mine as select 1 as id")
    loading.change("alter table web.\"order_completed\" add column note varchar default 'mine'")
    loading.write(a_track_call({"n": 2}, message_id="m2"), key=OTHER)

    loading.load()

    assert loading.query("select id from web.mine") == [(1,)]
    assert ("m1", "mine") in loading.query('select id, note from web."order_completed"')
