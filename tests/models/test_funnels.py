"""Ordered funnels that the configuration declares."""

import random

import pytest
from modelling import Modelling

from loader.errors import ConfigError

COUPON_MAILED = ["Coupon Issued", "Email Opened", "Coupon Clicked", "Product Added", "Order Completed"]


def a_funnel(*steps, name="coupon", **settings):
    """A funnel of events; a step is the name of one, or a mapping."""
    return {"name": name, "steps": [{"event": step} if isinstance(step, str) else step for step in steps], **settings}


def people(modelling, *funnels, **settings):
    """People per step of the funnels, in order."""
    modelling.run("funnel_steps", funnels=list(funnels), **settings)
    return [row[2] for row in modelling.rows("funnel_steps", "funnel", "step", "people")]


@pytest.mark.parametrize(
    ("name", "counts", "rates"),
    [
        ("control", [233, 98, 66], [None, 98 / 233, 66 / 98]),
        ("mailed", [758, 560, 168, 134, 95], [None, 560 / 758, 168 / 560, 134 / 168, 95 / 134]),
    ],
)
def test_the_ratios_of_the_dynamic_coupon_guide(modelling, name, counts, rates):
    """Everybody does their steps in order; those who do a later one without the one before do not count."""
    steps = COUPON_MAILED[: len(counts)]
    calls = [
        {"id": f"{event}-{person}", "user_id": f"u{person}", "anonymous_id": None, "group": name, "at": number}
        for number, (event, count) in enumerate(zip(steps, counts, strict=True))
        for person in range(count)
        for event in [event]
    ]
    for call in calls:
        modelling.track(call["id"].rpartition("-")[0], **call)
    for person in range(20):
        modelling.track(steps[-1], user_id=f"stranger{person}", group=name, at=9)

    assert people(modelling, a_funnel({"event": steps[0], "where": {"group": name}}, *steps[1:], name=name)) == counts
    found = modelling.rows("funnel_steps", "step", "from_previous", "from_first")
    assert [row[1] for row in found] == rates
    assert [row[2] for row in found] == [count / counts[0] for count in counts]


def test_a_step_counts_only_after_the_one_before(modelling):
    modelling.track("B", user_id="u1", at=0)
    modelling.track("A", user_id="u1", at=1)

    assert people(modelling, a_funnel("A", "B")) == [1, 0]


def test_a_tie_counts_as_after(modelling):
    """Whichever of the two has the smaller id."""
    modelling.track("B", id="m1", user_id="u1", at=5)
    modelling.track("A", id="m2", user_id="u1", at=5)

    assert people(modelling, a_funnel("A", "B")) == [1, 1]


def test_people_count_once_however_often_they_did_it(modelling):
    for seconds in range(6):
        modelling.track("AB"[seconds % 2], user_id="u1", at=seconds)

    assert people(modelling, a_funnel("A", "B")) == [1, 1]
    assert modelling.rows("funnel_people", "step", "event_id", "seconds_from_first") == [(1, "m1", 0.0), (2, "m2", 1.0)]


def test_one_event_is_not_two_steps(modelling):
    """Looking at two products takes two views, also when they happened in the same instant."""
    modelling.track("Product Viewed", user_id="u1", at=0)
    modelling.track("Product Viewed", user_id="u2", at=0)
    modelling.track("Product Viewed", user_id="u2", at=0)

    assert people(modelling, a_funnel("Product Viewed", "Product Viewed", "Product Viewed")) == [2, 1, 0]


def test_the_window_begins_at_the_first_step_and_excludes_its_end(modelling):
    for user, seconds in [("u1", 86_399), ("u2", 86_400)]:
        modelling.track("A", user_id=user, at=0)
        modelling.track("B", user_id=user, at=10)
        modelling.track("C", user_id=user, at=seconds)

    assert people(modelling, a_funnel("A", "B", "C", window_days=1)) == [2, 2, 1]


def test_a_step_is_matched_by_its_first_row(modelling):
    """A second start does not begin again: the window runs from the first one."""
    modelling.track("A", user_id="u1", at=0)
    modelling.track("A", user_id="u1", at=100_000)
    modelling.track("B", user_id="u1", at=100_001)

    assert people(modelling, a_funnel("A", "B", window_days=1)) == [1, 0]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"coupon": "SPRING"}, [2]),
        ({"coupon": ["SPRING", "SUMMER"]}, [3]),
        ({"total": 10}, [2]),
        ({"is_gift": True}, [1]),
        ({"coupon": "SPRING", "total": 12.5}, [1]),
        ({"source": "shop"}, [1]),
        ({"no_such_column": "x"}, [0]),
        ({"coupon": "it's"}, [0]),
    ],
)
def test_a_step_may_demand_values_of_columns(modelling, where, expected):
    """A number that was sent as text is a number; a source without the column has no such row."""
    modelling.track("Bought", user_id="u1", coupon="SPRING", total=10.0, is_gift=True)
    modelling.track("Bought", user_id="u2", coupon="SPRING", total=None, total__v_text="12.50", is_gift=False)
    modelling.track("Bought", user_id="u3", coupon="SUMMER", total=7.0)
    modelling.track("Bought", user_id="u4", total=10, source="shop")

    assert people(modelling, a_funnel({"event": "Bought", "where": where})) == expected


def test_pages_and_screens_can_be_steps(modelling):
    modelling.page(user_id="u1", path="/cart", at=0)
    modelling.page(user_id="u2", path="/", at=0)
    modelling.screen(user_id="u1", name="Thanks", at=5, source="mobile")

    cart = {"call": "page", "where": {"path": "/cart"}, "label": "Cart"}
    assert people(modelling, a_funnel(cart, {"call": "screen"})) == [1, 1]
    assert modelling.rows("funnel_steps", "name") == [("Cart",), ("screen",)]


def test_rows_of_nobody_and_rows_at_as_of_do_not_count(modelling):
    """A row without timestamp is where it arrived."""
    modelling.track("A", user_id=None, anonymous_id=None, at="2026-03-01")
    modelling.track("A", user_id="u1", timestamp=None, at="2026-03-02")
    modelling.track("A", user_id="u2", at="2026-03-03")

    assert people(modelling, a_funnel("A"), as_of="2026-03-03") == [1]


def test_late_rows_count_where_they_happened(modelling):
    modelling.track("B", user_id="u1", at=10)
    modelling.track("A", user_id="u1", at=0, received_at="2026-03-20")

    assert people(modelling, a_funnel("A", "B")) == [1, 1]


def test_an_event_that_never_happened_is_a_step_of_nobody(modelling):
    """Rates over nobody are NULL."""
    modelling.track("A", user_id="u1")

    assert people(modelling, a_funnel("Never", "A")) == [0, 0]
    assert modelling.rows("funnel_steps", "from_previous", "from_first") == [(None, None), (None, None)]


def test_funnels_do_not_mix(modelling):
    modelling.track("A", user_id="u1", at=0)
    modelling.track("B", user_id="u1", at=1)

    assert people(modelling, a_funnel("A", "B", name="1"), a_funnel("B", "A", name="2"), a_funnel("B", name="3")) == [
        *(1, 1),
        *(1, 0),
        1,
    ]


def test_without_funnels_the_tables_are_empty(modelling):
    modelling.track("A", user_id="u1")

    assert people(modelling) == []
    assert modelling.rows("funnel_people") == []


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({"call": "page", "event": "A"}, "a step has an event"),
        ({}, "a step has an event"),
        ({"event": "A", "where": {"Total": 1}}, "column names"),
        ({"event": "A", "where": {"total": []}}, "is empty"),
        ({"event": "A", "where": {"total": [1, "1"]}}, "all texts, all numbers"),
    ],
)
def test_a_step_that_means_nothing_is_refused(modelling, step, problem):
    with pytest.raises(ConfigError, match=problem):
        people(modelling, a_funnel(step))


def test_a_name_stands_for_one_funnel(modelling):
    with pytest.raises(ConfigError, match="two funnels have the same name"):
        people(modelling, a_funnel("A"), a_funnel("B"))


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_nothing(tmp_path, seed):
    """Many ties, repeated events and two sources."""
    chance = random.Random(seed)
    rows = [
        {
            "event": chance.choice("ABC"),
            "id": f"m{number}",
            "user_id": f"u{chance.randrange(12)}",
            "at": chance.randrange(8),
            "source": chance.choice(["web", "shop"]),
        }
        for number in range(120)
    ]
    found = []
    for folder in ("forward", "shuffled"):
        (tmp_path / folder).mkdir()
        modelling = Modelling(tmp_path / folder)
        for row in rows:
            modelling.track(**row)
        counts = people(modelling, a_funnel("A", "B", "A", "C", name="f"))
        found.append((counts, modelling.rows("funnel_people")))
        chance.shuffle(rows)

    assert found[0] == found[1]
    assert found[0][0][2] > 0
