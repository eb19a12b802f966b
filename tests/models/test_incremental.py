"""Incremental models: the same rows as a full run, and only the changed values computed."""

import random

import pytest
from modelling import a_model

from loader.errors import ConfigError

SQL = """
select anonymous_id, count(*) as n, max(name) as last_name, sum(case when name > $order_event then 1 else 0 end) as after
from input_pages as p
group by anonymous_id
"""
COLUMNS = "anonymous_id text: device; n integer: pages; last_name text: name; after integer: names after"


def counted(modelling, name="counted", incremental=True):
    more = "params: order_event" + ("\nincremental: anonymous_id" if incremental else "")
    a_model(modelling, name, SQL, columns=COLUMNS, more=more)


def recomputed(result, name="counted"):
    return next(made.keys_recomputed for made in result.made if made.name == name)


def test_only_values_whose_rows_changed_are_recomputed(modelling):
    """A new page of one device leaves the rows of the others as they are."""
    counted(modelling)
    for device in ("a1", "a2", None):
        modelling.page(anonymous_id=device, name="Home")
    assert recomputed(modelling.run("counted")) is None
    assert recomputed(modelling.run("counted")) == 0

    modelling.page(anonymous_id="a2", name="Zoo")
    result = modelling.run("counted")

    assert recomputed(result) == 1
    assert modelling.rows("counted") == [("a1", 1, "Home", 0), ("a2", 2, "Zoo", 1), (None, 1, "Home", 0)]


def test_a_changed_parameter_makes_the_model_in_full(modelling):
    counted(modelling)
    modelling.page(anonymous_id="a1", name="Home")
    modelling.run("counted")

    result = modelling.run("counted", order_event="A")

    assert recomputed(result) is None
    assert result.made[-1].full_because == "the parameter order_event is A and was Order Completed"
    assert modelling.rows("counted", "after") == [(1,)]


def test_other_sql_makes_the_model_in_full(modelling):
    counted(modelling)
    modelling.page(anonymous_id="a1", name="Home")
    modelling.run("counted")
    a_model(
        modelling, "counted", SQL.replace("max(", "min("), COLUMNS, "params: order_event\nincremental: anonymous_id"
    )

    result = modelling.run("counted")

    assert recomputed(result) is None
    assert result.made[-1].full_because == "its SQL, columns, keys or the version of DuckDB changed"


@pytest.mark.parametrize(
    ("names", "repeated"), [(["page 2"], "page 2"), (["page 9", "page 9"], "page 9")], ids=["with an old row", "twice"]
)
def test_a_repeated_key_is_found_in_what_a_run_adds(modelling, names, repeated):
    page = "select anonymous_id, name from input_pages"
    a_model(modelling, "named", page, "anonymous_id text: device; name text: page", "incremental: anonymous_id", "name")
    for number in range(4):
        modelling.page(anonymous_id=f"a{number}", name=f"page {number}")
    modelling.run("named")
    for name in names:
        modelling.page(anonymous_id="a9", name=name)

    result = modelling.run("named", passes=False)

    assert recomputed(result, "named") == 1
    assert [(check.name, check.rows) for check in result.failed] == [("keys_are_unique", ((repeated, 2),))]
    assert not result.is_swapped


def test_other_keys_are_asked_of_all_rows(modelling):
    """Rows of the last run never had to have them."""
    page = ("select anonymous_id, name from input_pages", "anonymous_id text: device; name text: page")
    a_model(modelling, "named", *page, "incremental: anonymous_id")
    for number in range(4):
        modelling.page(anonymous_id=f"a{number}", name="Home")
    modelling.run("named")
    a_model(modelling, "named", *page, "incremental: anonymous_id", "name")

    (failed,) = modelling.run("named", passes=False).failed

    assert failed.rows == (("Home", 4),)


def test_a_model_is_made_in_full_when_most_values_changed(modelling):
    counted(modelling)
    for device in ("a1", "a2", "a3"):
        modelling.page(anonymous_id=device, name="Home")
    modelling.run("counted")
    for device in ("a1", "a2"):
        modelling.page(anonymous_id=device, name="Home")

    result = modelling.run("counted")

    assert recomputed(result) is None
    assert result.made[-1].full_because == "the rows of more than half of its values changed"


def test_fingerprints_of_a_table_that_was_made_otherwise_are_forgotten(modelling):
    """The header line goes, the table is made from other rows, the line and the old rows come back."""
    counted(modelling)
    modelling.page(anonymous_id="a1", name="Home")
    modelling.page(anonymous_id="a2", name="Home")
    modelling.run("counted")
    counted(modelling, incremental=False)
    modelling.change("update web.pages set name = 'Zoo' where anonymous_id = 'a1'")
    modelling.run("counted")
    counted(modelling)
    modelling.change("update web.pages set name = 'Home'")

    modelling.run("counted")

    assert modelling.rows("counted", "anonymous_id", "last_name") == [("a1", "Home"), ("a2", "Home")]


def test_the_rows_of_a_with_may_be_what_is_compared(modelling):
    """A parameter that only decides which rows there are makes nothing in full: the rows are asked themselves."""
    sql = """
    with seen as (select anonymous_id as device, name from input_pages),
    known as (select device, name from seen where name > $order_event)
    select device, count(*) as n from known group by device
    """
    more = "params: order_event\nincremental: device of known"
    a_model(modelling, "counted", sql, "device text: device; n integer: pages", more)
    for device, name in (("a1", "Zoo"), ("a2", "Home"), ("a2", "Zoo"), ("a3", "Zoo")):
        modelling.page(anonymous_id=device, name=name)
    modelling.run("counted", order_event="A")

    assert recomputed(modelling.run("counted", order_event="B")) == 0
    assert recomputed(modelling.run("counted", order_event="I")) == 1
    assert modelling.rows("counted") == [("a1", 1), ("a2", 1), ("a3", 1)]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("nothing", "it has no WITH nothing"),
        ("named", "named has no such column"),
        ("known", "input_pages is read beside known"),
        ("other", "seen is read beside other"),
    ],
)
def test_nothing_may_be_read_past_the_with_that_is_compared(modelling, rows, why):
    sql = """
    with seen as (select anonymous_id, name from input_pages), named as (select name from seen),
    known as (select anonymous_id from input_screens), other as (select anonymous_id from seen)
    select s.anonymous_id, count(*) as n from other as s join known as k on k.anonymous_id = s.anonymous_id
    where s.anonymous_id in (select anonymous_id from seen) group by s.anonymous_id
    """
    a_model(
        modelling, "counted", sql, "anonymous_id text: device; n integer: pages", f"incremental: anonymous_id of {rows}"
    )

    with pytest.raises(ConfigError, match=f"cannot be incremental by 'anonymous_id' of {rows}: {why}"):
        modelling.run("counted")


@pytest.mark.parametrize("seed", range(3))
def test_incremental_is_full_after_any_changes(modelling, seed):
    """Rows come late, change and go; the tables agree after every run."""
    chance = random.Random(seed)
    counted(modelling)
    counted(modelling, "full", incremental=False)
    for _ in range(4):
        for _ in range(chance.randrange(6)):
            device = chance.choice(["a1", "a2", "a3", "a4", None])
            modelling.page(anonymous_id=device, name=chance.choice(["Home", "Zoo"]), at=chance.randrange(-9000, 9000))
        modelling.page(anonymous_id="a1", name="Home")
        modelling.flush()
        modelling.change(f"delete from web.pages where hash(id) % 7 = {chance.randrange(7)}")
        modelling.change("update web.pages set name = 'New' where hash(id) % 5 = 0 and anonymous_id = 'a2'")

        modelling.run("counted", "full")

        assert modelling.rows("counted") == modelling.rows("full")


def test_a_column_that_an_input_lacks_is_an_error(modelling):
    a_model(
        modelling,
        "counted",
        "select count(*) as n, 'x' as day from events",
        "n integer: n; day text: d",
        "incremental: day",
    )

    with pytest.raises(ConfigError, match="cannot be incremental by 'day': events has no such column"):
        modelling.run("counted")
