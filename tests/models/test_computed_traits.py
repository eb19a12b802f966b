"""Computed traits: every kind, condition and window. `as_of` is 2024-06-10 00:00."""

import json
from decimal import Decimal

import pytest
from audiences import AS_OF, a_project


@pytest.fixture
def shop(modelling):
    modelling.settings["audiences"] = {"library": []}
    return a_project(modelling)


def viewed(project, user, *values, at="2024-06-01", **properties):
    for value in values:
        project.track("Product Viewed", user_id=user, at=at, category=value, **properties)


def trait(project, **settings):
    """The trait `t` by profile, as `trait_t` holds it."""
    project.run("trait_t", traits={"t": {"event": "Product Viewed", **settings}})
    return dict(project.rows("trait_t"))


def test_q2_most_frequent_and_unique_values(shop):
    """Twice at least; of two that are as frequent the alphabetical first; the list is alphabetical."""
    viewed(shop, "u1", "b", "a", "b", "a", "c")
    viewed(shop, "u2", "c", "d")

    assert trait(shop, kind="most_frequent", property="category") == {"u1": "a"}
    assert trait(shop, kind="unique_list", property="category") == {"u1": '["a","b","c"]', "u2": '["c","d"]'}
    assert trait(shop, kind="unique_count", property="category") == {"u1": 3, "u2": 2}


def test_a_sum_beyond_all_decimals_is_none_and_fails_no_run(shop):
    """One absurd number takes no other profile its trait."""
    viewed(shop, "u1", "a", "b", price=9e21)
    viewed(shop, "u2", "a", "b", price=1.5)

    assert trait(shop, kind="sum", property="price") == {"u2": 3}


def test_a_unique_list_is_json(shop):
    """Whatever is in the values."""
    values = sorted(['a "b"', "back\\slash", "\\n", *(f"two{chr(number)}parts" for number in range(1, 32)), "ß 🎉", ""])
    viewed(shop, "u1", *values)

    (listed,) = trait(shop, kind="unique_list", property="category").values()

    assert json.loads(listed) == values


@pytest.mark.parametrize(
    ("kind", "value"), [("sum", "31"), ("average", "15.5"), ("min", "10.5"), ("max", "20.5"), ("unique_count", 2)]
)
def test_numbers_are_aggregated_without_those_that_are_missing(shop, kind, value):
    for price in (10.5, 20.5, None):
        shop.track("Product Viewed", user_id="u1", at="2024-06-01", price=price)

    assert trait(shop, kind=kind, property="price") == {"u1": Decimal(value)}


def test_the_first_and_the_last_value_are_by_time_and_then_by_arrival(shop):
    """Events without a value are passed over."""
    viewed(shop, "u1", "second", at="2024-06-02")
    viewed(shop, "u1", "first", "missing", at="2024-06-01")
    viewed(shop, "u1", None, at="2024-05-01")
    viewed(shop, "u1", "last", at="2024-06-02", received_at="2024-06-03")

    assert trait(shop, kind="first", property="category") == {"u1": "first"}
    assert trait(shop, kind="last", property="category") == {"u1": "last"}


def test_events_are_counted_from_the_lower_bound_to_as_of(shop):
    """The first instant of the window counts, `as_of` does not."""
    for at in ("2024-06-02 23:59:59", "2024-06-03", "2024-06-09 23:59:59", AS_OF):
        viewed(shop, "u1", "x", at=at)

    assert trait(shop, kind="count", within_days=7) == {"u1": 2}
    assert trait(shop, kind="count") == {"u1": 3}


def test_a_session_ends_where_nothing_follows_within_its_minutes(shop):
    """Exactly half an hour later is still within it; only the last session is looked at."""
    for at in ("10:00", "10:30:01", "11:00:01", "11:30:01"):
        viewed(shop, "u1", at, at=f"2024-06-01 {at}")

    assert trait(shop, kind="count", session_minutes=30) == {"u1": 3}
    assert trait(shop, kind="first", property="category", session_minutes=30) == {"u1": "10:30:01"}


CONDITIONS = [
    ({"property": "text", "is": "equals", "value": "it's"}, {"quote"}),
    ({"property": "text", "is": "not_equals", "value": "it's"}, {"shop", "missing"}),
    ({"property": "text", "is": "contains", "value": "ho"}, {"shop"}),
    ({"property": "text", "is": "not_contains", "value": "ho"}, {"quote", "missing"}),
    ({"property": "text", "is": "starts_with", "value": "sh"}, {"shop"}),
    ({"property": "text", "is": "ends_with", "value": "'s"}, {"quote"}),
    ({"property": "text", "is": "exists"}, {"quote", "shop"}),
    ({"property": "text", "is": "not_exists"}, {"missing"}),
    ({"property": "text", "is": "one_of", "value": ["shop", "x"]}, {"shop"}),
    ({"property": "text", "is": "contains_one_of", "value": ["zz", "t'"]}, {"quote"}),
    ({"property": "number", "is": "less_than", "value": 2}, {"quote"}),
    ({"property": "number", "is": "at_most", "value": 2}, {"quote", "shop"}),
    ({"property": "number", "is": "greater_than", "value": 1.5}, {"shop"}),
    ({"property": "number", "is": "at_least", "value": 1.5}, {"quote", "shop"}),
    ({"property": "number", "is": "equals", "value": 2}, {"shop"}),
    ({"property": "number", "is": "one_of", "value": [1.5, 7]}, {"quote"}),
    ({"property": "flag", "is": "equals", "value": True}, {"quote"}),
    ({"property": "day", "is": "before", "value": "2024-02-01T12:00:00Z"}, {"quote"}),
    ({"property": "day", "is": "after", "value": "2024-01-31"}, {"shop"}),
    ({"property": "cart.id", "is": "equals", "value": "c1"}, {"shop"}),
    ({"property": "context.campaign.name", "is": "equals", "value": "spring"}, {"quote"}),
]


@pytest.mark.parametrize(
    ("condition", "expected"), CONDITIONS, ids=[f"{given['property']} {given['is']}" for given, _ in CONDITIONS]
)
def test_a_condition_chooses_events(shop, condition, expected):
    """A property that is missing meets not_equals, not_contains and not_exists only."""
    shop.track("Product Viewed", user_id="missing", at="2024-06-01")
    shop.track(
        "Product Viewed",
        user_id="quote",
        at="2024-06-01",
        text="it's",
        number=1.5,
        flag=True,
        day="2024-01-31",
        context_campaign_name="spring",
    )
    shop.track(
        "Product Viewed",
        user_id="shop",
        at="2024-06-01",
        text="shop",
        number=2.0,
        day="2024-02-01T13:00:00Z",
        cart_id="c1",
    )

    assert trait(shop, kind="count", where=[condition]).keys() == expected


def test_traits_of_identify_calls_can_be_taken(shop):
    """Any call can, not only events."""
    shop.identify(user_id="u1", at="2024-06-01", plan="free")
    shop.identify(user_id="u1", at="2024-06-02", plan="pro")

    shop.run("trait_plan", traits={"plan": {"kind": "last", "call": "identify", "property": "plan"}})

    assert shop.rows("trait_plan") == [("u1", "pro")]


def test_all_traits_of_a_profile_are_one_row(shop):
    """Counts are 0 for who did nothing; other traits are missing then."""
    viewed(shop, "u1", "a")
    shop.page(user_id="u2", at="2024-06-01")
    viewed(shop, None, "a", anonymous_id="a1")

    shop.run(
        "computed_traits",
        traits={
            "views": {"event": "Product Viewed", "kind": "count"},
            "favourite": {"event": "Product Viewed", "kind": "last", "property": "category"},
        },
    )

    columns = ("canonical_segment_id", "user_id", "email", "views", "favourite")
    assert shop.rows("computed_traits", *columns) == [("u1", "u1", None, 1, "a"), ("u2", "u2", None, 0, None)]
