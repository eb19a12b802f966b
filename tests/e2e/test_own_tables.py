"""A user's own tables and views in the schema of a source: they are left alone, and never taken for a table of loads."""

import pytest
from factories import a_key, a_page_call, a_track_call, an_alias_call, an_identify_call
from loading import Loading

from loader.config import load_config
from loader.errors import GuardError
from loader.jobs.verify.source import verify_source

OWN = [
    "create table web.mine as select 1 as a",
    "create table web.mine as select 'x' as id",
    "create table web.mine as select * from web.order_completed",
    "create view web.mine as select id from web.tracks",
]
IN_THE_WAY = [
    ("table", "create table web.signed_up as select 1 as a", "web.signed_up"),
    ("table", "create table web.signed_up (a int)", "web.signed_up"),
    ("table", 'create table web."Signed_Up" as select 1 as a', "web.Signed_Up"),
    ("table", "create table web.signed_up as select * from web.order_completed", "web.signed_up"),
    ("view", "create view web.signed_up as select 1 as id", "web.signed_up"),
    ("table", "create table web.aliases as select 1 as id", "web.aliases"),
    ("view", "create view web.aliases as select 1 as id", "web.aliases"),
]


@pytest.fixture
def loading(tmp_path):
    """A source with one event, a page and a user, loaded; a further event and an alias in its archive."""
    loading = Loading(tmp_path)
    loading.write(a_track_call(message_id="t1"), a_page_call(message_id="p1"), an_identify_call(message_id="i1"))
    loading.load()
    loading.write(
        a_track_call(message_id="t2", event="Signed Up"), an_alias_call(message_id="a1"), key=a_key(2, "later")
    )
    return loading


def mismatches(loading):
    config = load_config(loading.config_file, {})
    return verify_source(config, config.source("web")).as_dict()["mismatches"]


@pytest.mark.parametrize("statement", OWN)
def test_verify_does_not_count_what_the_user_made(loading, statement):
    """Before and after further loads."""
    loading.change(statement)

    assert mismatches(loading) == []
    loading.load()
    assert mismatches(loading) == []


@pytest.mark.parametrize("days", [(None, None), (2, 2)])
@pytest.mark.parametrize("statement", OWN)
def test_a_rebuild_leaves_what_the_user_made(loading, statement, days):
    """Of the whole source, and of some days."""
    loading.load()
    loading.change(statement)
    before = loading.query("select * from web.mine order by all")

    loading.rebuild(None, *days)

    assert loading.query("select * from web.mine order by all") == before
    assert mismatches(loading) == []


@pytest.mark.parametrize("statement", [statement for _, statement, _ in IN_THE_WAY])
def test_a_dry_run_stops_where_the_load_would(loading, statement):
    """With the same words; without what stands in the way it reports the table as one that would be made."""
    assert {"signed_up", "aliases"} <= set(loading.load(dry_run=True)["new_tables"])
    loading.change(statement)

    with pytest.raises(GuardError) as dry:
        loading.load(dry_run=True)
    with pytest.raises(GuardError) as real:
        loading.load()

    assert str(dry.value) == str(real.value)


@pytest.mark.parametrize(("kind", "statement", "name"), IN_THE_WAY)
def test_a_load_stops_before_what_the_user_made_where_its_table_should_be(loading, kind, statement, name):
    """Nothing is added to it; once it has another name the load goes on."""
    loading.change(statement)
    before = loading.query(f"select * from {name}")

    with pytest.raises(GuardError) as caught:
        loading.load()

    table = name.removeprefix("web.")
    assert caught.value.what == f"a {kind} of your own has the name of a table that has to be made: {name}"
    assert caught.value.where == str(loading.warehouse)
    rename = f'alter {kind} "web"."{table}" rename to "my_{table}"'
    assert caught.value.fix == f"rename it or move it to another schema, then run again: {rename}"
    assert loading.query(f"select * from {name}") == before
    assert loading.query("select id from web.tracks") == [("t1",)]

    loading.change(rename)
    loading.load()

    assert loading.query("select event_text from web.signed_up") == [("Signed Up",)]
    assert loading.query(f'select * from web."my_{table}"') == before
    assert mismatches(loading) == []


@pytest.mark.parametrize("is_dry", [True, False], ids=["dry run", "load"])
@pytest.mark.parametrize(("table", "column"), [("users", "id"), ("identifies", "age"), ("paid", "id")])
def test_an_index_of_the_user_stops_only_a_load_that_changes_a_type(loading, table, column, is_dry):
    """The engine refuses to. The error says which index it is, and once it is gone the load goes on."""
    loading.write(an_identify_call({"age": 1}, message_id="j1"), a_track_call({"sum": 1}, "Paid", "q1"), key=a_key(3))
    loading.load()
    loading.change(f'create index mine on web."{table}"("{column}")')
    for number, key in enumerate(("age", "new"), 2):
        user, paid = an_identify_call({key: 2}, message_id=f"j{number}"), a_track_call({key: 2}, "Paid", f"q{number}")
        loading.write(user, paid, key=a_key(3, key))
        loading.load()
    user, paid = an_identify_call({"age": 2.5}, message_id="j9"), a_track_call({"sum": 2.5}, "Paid", "q9")
    loading.write(user, paid, key=a_key(4))

    with pytest.raises(GuardError) as caught:
        loading.load(dry_run=is_dry)

    assert caught.value.what.endswith(f"a table that has to change the type of a column: web.{table}")
    assert caught.value.fix == 'drop it, run again, and make it again: drop index "web"."mine"'
    loading.change('drop index "web"."mine"')
    loading.load()
    assert loading.types("users")["age"] == "DOUBLE"
    assert mismatches(loading) == []


@pytest.mark.parametrize("table", [None, "signed_up"])
def test_a_rebuild_does_not_drop_what_the_user_made_where_a_table_should_be(loading, table):
    """It refuses, and nothing is changed."""
    loading.load()
    loading.change("drop table web.signed_up")
    loading.change("create table web.signed_up as select 1 as a")

    with pytest.raises(GuardError, match=r"of your own has the name .* web\.signed_up"):
        loading.rebuild(table)

    assert loading.query("select * from web.signed_up") == [(1,)]
    assert loading.query("select count(*) from web.tracks") == [(2,)]


def test_own_tables_take_no_room_below_the_cap_of_tables(loading):
    """The cap is about tables of events."""
    loading.with_options(table_cap=2)
    for number in range(3):
        loading.change(f"create table web.mine_{number} (a int)")

    assert "signed_up" in loading.load()["new_tables"]


def test_a_table_that_only_a_rebuild_makes_is_known_as_that_of_its_event(loading):
    """Of an event that found no room below the cap: later loads and verify go on with it."""
    loading.with_options(table_cap=1).load()
    loading.with_options(table_cap=2).rebuild("signed_up")
    loading.write(a_track_call(message_id="t3", event="Signed Up"), key=a_key(3))

    loading.load()

    assert loading.query("select id from web.signed_up order by id") == [("t2",), ("t3",)]
    assert "signed_up" not in loading.report["new_tables"]


def test_a_table_that_a_killed_load_left_is_not_taken_for_the_user_s(loading):
    """It was made, and the load ended before it was registered."""
    loading.load()
    loading.write(a_track_call(message_id="t3", event="Signed Out"), key=a_key(3))
    loading.change("create table web.signed_out as select * from web.signed_up limit 0")

    loading.load()

    assert loading.query("select id from web.signed_out") == [("t3",)]
    assert mismatches(loading) == []
