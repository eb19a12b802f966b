"""One's own audiences: what the configuration says, as SQL; and what is wrong with it, in words."""

import pytest
from audiences import ORDER, PRODUCT_ADDED, a_project, meets
from modelling import a_model
from processes import run

from loader.errors import ConfigError


@pytest.fixture
def shop(modelling):
    modelling.settings["audiences"] = {"library": []}
    return a_project(
        modelling,
        traits=[("u1", "plan", "pro"), ("u2", "plan", "free"), ("u1", "renewed", "2024-06-05"), ("u2", "age", "30")],
    )


def who(project, key="mine", **custom):
    custom = {
        name: {"all": [given]} if "all" not in given and "any" not in given else given for name, given in custom.items()
    }
    return meets(project, key, library=[], custom=custom)


def orders(project, user, *totals, at="2024-06-01"):
    for total in totals:
        project.track(ORDER, user_id=user, at=at, total=total)


def test_a_file_that_replaces_a_declared_audience_is_reported_as_such(modelling):
    """As one that replaces a rule of the library."""
    modelling.page(user_id="u1")
    modelling.flush()
    modelling.settings["audiences"] = {"library": [], "custom": {"mine": {"all": [{"event": ORDER}]}}}
    columns = "canonical_segment_id text: profile"
    a_model(modelling, "audience_rule_mine", "select canonical_segment_id from audience_population", columns)
    assert modelling.config_file

    ran = run(modelling.folder, "models", "run", "--dry-run", "--json")

    assert ran.json["overridden"] == ["audience_rule_mine"]


def test_an_event_is_counted_between_two_numbers(shop):
    """One at least, when nothing is said; up to a number includes those without any."""
    for user, number in (("u0", 0), ("u1", 1), ("u2", 2), ("u3", 3)):
        shop.page(user_id=user, at="2024-06-01")
        orders(shop, user, *[10] * number)

    assert who(shop, mine={"event": ORDER}) == {"u1", "u2", "u3"}
    assert who(shop, mine={"event": ORDER, "at_least": 2}) == {"u2", "u3"}
    assert who(shop, mine={"event": ORDER, "at_least": 1, "at_most": 2}) == {"u1", "u2"}
    assert who(shop, mine={"event": ORDER, "at_most": 1}) == {"u0", "u1"}
    assert who(shop, mine={"event": ORDER, "at_most": 0}) == {"u0"}


def test_the_window_of_an_event_includes_its_lower_bound_and_not_as_of(shop):
    for user, at in (("first", "2024-06-03"), ("too_old", "2024-06-02 23:59:59"), ("too_new", "2024-06-10")):
        shop.page(user_id=user, at=at)

    assert who(shop, mine={"call": "page", "within_days": 7}) == {"first"}


def test_properties_choose_which_events_are_counted(shop):
    """Several conditions hold together; the window holds for them as well."""
    orders(shop, "u1", 100, 200)
    orders(shop, "u2", 100, 99)
    orders(shop, "u3", 100, at="2024-06-01")
    orders(shop, "u3", 100, at="2024-01-01")
    large = [{"property": "total", "is": "at_least", "value": 100}]

    assert who(shop, mine={"event": [ORDER], "where": large, "at_least": 2, "within_days": 30}) == {"u1"}


def test_all_any_and_none_are_combined(shop):
    for user, events in {"u1": "ab", "u2": "ac", "u3": "b", "u4": "abd", "u5": "a"}.items():
        for event in events:
            shop.track(event, user_id=user, at="2024-06-01")
    mine = {"all": [{"event": "a"}], "any": [{"event": "b"}, {"event": "c"}], "none": [{"event": "d"}]}

    assert who(shop, mine=mine) == {"u1", "u2"}


def test_a_trait_of_the_profile_is_compared(shop):
    """A profile without the trait meets the negative only; a text is compared as what it is compared with."""
    for user in ("u1", "u2", "u3"):
        shop.page(user_id=user, at="2024-06-01")

    assert who(shop, mine={"profile_trait": "plan", "is": "equals", "value": "pro"}) == {"u1"}
    assert who(shop, mine={"profile_trait": "plan", "is": "not_equals", "value": "pro"}) == {"u2", "u3"}
    assert who(shop, mine={"profile_trait": "plan", "is": "not_exists"}) == {"u3"}
    assert who(shop, mine={"profile_trait": "age", "is": "greater_than", "value": 9}) == {"u2"}


@pytest.mark.parametrize(
    ("operator", "value", "matches"),
    [
        ("within_last_days", 5, True),
        ("within_last_days", 4, False),
        ("before_last_days", 4, True),
        ("before_last_days", 5, False),
        ("within_next_days", 5, False),
        ("after_next_days", 1, False),
        ("before", "2024-06-06", True),
        ("after", "2024-06-05", False),
    ],
)
def test_a_time_in_a_trait_is_compared_with_as_of(shop, operator, value, matches):
    """It was renewed on 2024-06-05, exactly five days ago."""
    shop.page(user_id="u1", at="2024-06-01")

    found = who(shop, mine={"profile_trait": "renewed", "is": operator, "value": value})

    assert found == ({"u1"} if matches else set())


def test_a_time_to_come_is_compared_with_as_of(modelling):
    project = a_project(modelling, traits=[("u1", "renews", "2024-06-15"), ("u2", "renews", "2024-06-10")])
    for user in ("u1", "u2"):
        project.page(user_id=user, at="2024-06-01")

    assert who(project, mine={"profile_trait": "renews", "is": "within_next_days", "value": 5}) == {"u2"}
    assert who(project, mine={"profile_trait": "renews", "is": "after_next_days", "value": 5}) == {"u1"}


def test_a_computed_trait_is_compared_with_its_zero(shop):
    shop.settings["traits"] = {"orders": {"kind": "count", "event": ORDER}}
    orders(shop, "u1", 1, 2)
    shop.page(user_id="u2", at="2024-06-01")

    assert who(shop, mine={"trait": "orders", "is": "at_least", "value": 2}) == {"u1"}
    assert who(shop, mine={"trait": "orders", "is": "less_than", "value": 2}) == {"u2"}


def test_an_audience_may_refer_to_others(shop):
    """Of the library or one's own, whatever their order in the file."""
    shop.track(PRODUCT_ADDED, user_id="u1", at="2024-06-09")
    shop.track(PRODUCT_ADDED, user_id="u2", at="2024-06-09")
    shop.page(user_id="u2", at="2024-06-09")
    custom = {
        "mine": {"all": [{"audience": "cart_abandonment"}], "none": [{"audience": "viewers"}]},
        "viewers": {"all": [{"call": "page"}]},
    }

    assert meets(shop, "mine", custom=custom) == {"u1"}


def test_a_value_is_never_read_as_sql(shop):
    """Quotes and dollars in names and values are themselves."""
    shop.track("it's; --", user_id="u1", at="2024-06-01", what="'; drop table x; -- $as_of")

    where = [{"property": "what", "is": "equals", "value": "'; drop table x; -- $as_of"}]
    assert who(shop, mine={"event": "it's; --"}) == {"u1"}
    assert who(shop, mine={"event": "it's; --", "where": where}) == {"u1"}


def wrong(project, audiences=None, traits=None):
    with pytest.raises(ConfigError) as error:
        project.run("audience_members", audiences=audiences or {}, traits=traits or {})
    return str(error.value)


def test_a_circle_of_audiences_is_an_error_that_names_them(shop):
    custom = {name: {"all": [{"audience": other}]} for name, other in (("a", "b"), ("b", "c"), ("c", "a"))}

    text = wrong(shop, {"custom": custom})

    assert "refer to each other in a circle: " in text
    assert all(f"{name} → {other}" in text + " → " for name, other in (("a", "b"), ("b", "c"))) or "c → a" in text


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, "needs exactly one of event, call, trait, profile_trait, account_trait, audience; it has none"),
        ({"event": "a", "call": "page"}, "it has event and call"),
        ({"audience": "lojalty"}, "there is no audience 'lojalty'"),
        ({"audience": "lojalty"}, "did you mean loyalty?"),
        ({"trait": "orders", "is": "exists"}, "there is no computed trait 'orders'"),
        ({"profile_trait": "plan"}, "has no `is`"),
        ({"profile_trait": "plan", "is": "equal", "value": 1}, "did you mean equals?"),
        ({"profile_trait": "plan", "is": "equals"}, "`is: equals` needs a value"),
        ({"profile_trait": "plan", "is": "exists", "value": 1}, "`is: exists` takes no value"),
        ({"profile_trait": "plan", "is": "one_of", "value": "a"}, "`is: one_of` takes a list"),
        ({"profile_trait": "plan", "is": "equals", "value": ["a"]}, "`is: equals` takes one value"),
        ({"profile_trait": "plan", "is": "less_than", "value": "2024-01-01"}, "days and times are compared by before"),
        ({"profile_trait": "plan", "is": "before", "value": "June"}, "must be an ISO day or time"),
        ({"profile_trait": "plan", "is": "contains", "value": 1}, "`is: contains` takes text"),
        ({"event": "a", "is": "equals", "value": 1}, "`is` and `value` go with a trait, not with event"),
        ({"audience": "loyalty", "within_days": 3}, "`within_days` goes with event or call, not with audience"),
        ({"audience": "loyalty", "at_most": 0}, "`at_most` goes with event or call, not with audience"),
        ({"event": "a", "at_least": 0}, "`at_least: 0` holds for everyone"),
        ({"event": "a", "at_least": 3, "at_most": 2}, "`at_least` is greater than `at_most`"),
        ({"event": "a", "withindays": 3}, "did you mean within_days?"),
        ({"event": "a", "where": [{"property": "p", "is": "within_last_days", "value": 1}]}, "is for traits"),
    ],
)
def test_a_condition_that_makes_no_sense_is_said_so(shop, condition, expected):
    text = wrong(shop, {"custom": {"mine": {"all": [condition]}}})

    assert expected in text
    assert "models.audiences.custom.mine" in text


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("loyalty", "is an audience of the library"),
        ("members", "an audience cannot be called 'members'"),
        ("Big Spenders", "cannot be a key"),
        ("a" * 41, "too long"),
    ],
)
def test_a_key_that_cannot_be_used_is_said_so(shop, key, expected):
    assert expected in wrong(shop, {"custom": {key: {"all": [{"event": "a"}]}}})


def test_an_audience_without_conditions_is_said_so(shop):
    assert "has no conditions" in wrong(shop, {"custom": {"mine": {}}})


def test_an_audience_that_the_library_does_not_have_is_said_so(shop):
    assert "did you mean upsell?" in wrong(shop, {"library": ["upsel"]})


@pytest.mark.parametrize(
    ("trait", "expected"),
    [
        ({"kind": "count"}, "needs exactly one of event and call"),
        ({"kind": "count", "event": "a", "property": "p"}, "`kind: count` takes no property"),
        ({"kind": "sum", "event": "a"}, "`kind: sum` needs a property"),
        ({"kind": "median", "event": "a", "property": "p"}, "allowed: count, sum, average"),
        ({"kind": "count", "event": "a", "session_minutes": 10}, "greater than or equal to 30"),
        ({"kind": "count", "event": "a", "session_minutes": 60, "within_days": 3}, "use one of them"),
    ],
)
def test_a_trait_that_makes_no_sense_is_said_so(shop, trait, expected):
    assert expected in wrong(shop, traits={"t": trait})
