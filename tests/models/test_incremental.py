"""Incremental models: the same rows as a full run, and only the changed values computed."""

import random

import pytest
from chance import random_seeds
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
    assert modelling.rows("counted", "after") == [(1,)]


@pytest.mark.parametrize("seed", random_seeds(3))
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
