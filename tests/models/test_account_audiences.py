"""Audiences of accounts: what an account is, and what none, any or all of its users are or did. `as_of` is 2024-06-10."""

from datetime import datetime

import pytest
from audiences import ORDER, PRODUCT_ADDED, a_project
from modelling import a_model

from loader.errors import ConfigError

USED = "Feature Used"
ORDERED = {"event": ORDER}


@pytest.fixture
def shop(modelling):
    """u1 and u2 are users of acme, u3 of globex, u4 of none; initech has no users."""
    modelling.settings["audiences"] = {"library": []}
    project = a_project(modelling, traits=[("u1", "role", "admin"), ("u2", "role", "buyer"), ("u3", "role", "buyer")])
    for user, group in (("u1", "acme"), ("u2", "acme"), ("u3", "globex")):
        project.group(user_id=user, group_id=group, name=group.title(), at="2024-05-01")
    project.group(group_id="initech", name="Initech", at="2024-05-01")
    return project


def who(project, *conditions, traits=None, **lists):
    """Accounts that meet a rule: all of the conditions, or the lists as they are."""
    custom = {"mine": {"level": "account", **(lists or {"all": list(conditions)})}}
    project.run("audience_rule_mine", audiences={"library": [], "custom": custom}, traits=traits or {})
    return {account for (account,) in project.rows("audience_rule_mine", "group_id")}


def did(project, event, *users, at="2024-06-01", **columns):
    for user in users:
        project.track(event, user_id=user, at=at, **columns)


# Of how many users -------------------------------------------------------------------------------------------


def test_one_user_who_did_it_is_any_and_every_user_who_did_it_is_all(shop):
    did(shop, ORDER, "u1", "u3", "u4")

    assert who(shop, {"users": "any", **ORDERED}) == {"acme", "globex"}
    assert who(shop, {"users": "all", **ORDERED}) == {"globex"}


def test_none_is_an_account_of_which_nobody_did_it(shop):
    """One without users among them: nobody did it there."""
    did(shop, ORDER, "u1")

    assert who(shop, {"users": "none", **ORDERED}) == {"globex", "initech"}


@pytest.mark.parametrize(
    "condition",
    [
        {"event": ORDER},
        {"event": ORDER, "at_most": 0},
        {"event": ORDER, "at_most": 5},
        {"profile_trait": "role", "is": "exists"},
        {"profile_trait": "role", "is": "not_exists"},
        {"profile_trait": "role", "is": "not_equals", "value": "owner"},
        {"trait": "orders", "is": "equals", "value": 0},
    ],
)
def test_all_never_holds_for_an_account_without_users(shop, condition):
    """Whatever is asked: an empty set would meet everything, without a word."""
    did(shop, ORDER, "u1", "u3")

    found = who(shop, {"users": "all", **condition}, traits={"orders": {"kind": "count", "event": ORDER}})

    assert "initech" not in found


def test_all_in_the_list_none_is_its_opposite(shop):
    """Not all of its users ordered: not those who all did, and with those that have none."""
    did(shop, ORDER, "u1", "u3")

    assert who(shop, none=[{"users": "all", **ORDERED}]) == {"acme", "initech"}


def test_each_user_is_counted_alone_and_the_account_together(shop):
    """Two of them once each are two of the account, and once of each user."""
    did(shop, ORDER, "u1", "u2", "u3")

    assert who(shop, {"users": "any", **ORDERED, "at_least": 2}) == set()
    assert who(shop, {**ORDERED, "at_least": 2}) == {"acme"}
    assert who(shop, {**ORDERED, "at_most": 1}) == {"globex", "initech"}


def test_windows_and_properties_hold_for_users_as_for_profiles(shop):
    did(shop, ORDER, "u1", total=100, at="2024-06-09")
    did(shop, ORDER, "u2", total=100, at="2024-04-01")
    did(shop, ORDER, "u3", total=99, at="2024-06-09")
    large = [{"property": "total", "is": "at_least", "value": 100}]

    assert who(shop, {"users": "any", **ORDERED, "where": large, "within_days": 30}) == {"acme"}
    assert who(shop, {"users": "all", **ORDERED, "where": large, "within_days": 30}) == set()
    assert who(shop, {"users": "none", **ORDERED, "where": large, "within_days": 30}) == {"globex", "initech"}


def test_traits_of_users_are_compared_with_what_is_missing(shop):
    """A user without the trait meets the negative only."""
    shop.group(user_id="u4", group_id="globex", at="2024-05-02")

    role = {"profile_trait": "role"}
    assert who(shop, {"users": "all", **role, "is": "equals", "value": "buyer"}) == set()
    assert who(shop, {"users": "all", **role, "is": "not_equals", "value": "admin"}) == {"globex"}
    assert who(shop, {"users": "any", **role, "is": "not_exists"}) == {"globex"}


def test_a_computed_trait_of_users_is_read_with_its_zero(shop):
    """Also for a visitor whom audiences of profiles leave out: who is a user of the account is asked."""
    shop.group(anonymous_id="a1", group_id="globex", at="2024-05-02")
    did(shop, ORDER, "u1", "u2", "u3")
    traits = {"orders": {"kind": "count", "event": ORDER}}

    assert who(shop, {"users": "all", "trait": "orders", "is": "at_least", "value": 1}, traits=traits) == {"acme"}
    assert who(shop, {"users": "any", "trait": "orders", "is": "equals", "value": 0}, traits=traits) == {"globex"}


def test_what_a_user_did_counts_whatever_account_it_was_for(shop):
    """It is the person who is asked; counted for the account, the call would be of the one that it names."""
    did(shop, USED, "u1", context_group_id="globex")

    assert who(shop, {"users": "any", "event": USED}) == {"acme"}
    assert who(shop, {"event": USED}) == {"globex"}


def test_a_user_of_two_accounts_is_one_of_both(shop):
    shop.group(user_id="u1", group_id="globex", at="2024-05-02")
    did(shop, ORDER, "u1")

    assert who(shop, {"users": "any", **ORDERED}) == {"acme", "globex"}


def test_users_may_be_asked_for_an_audience_of_profiles(shop):
    did(shop, PRODUCT_ADDED, "u1", at="2024-06-09")
    custom = {"mine": {"level": "account", "all": [{"users": "any", "audience": "cart_abandonment"}]}}

    shop.run("audience_rule_mine", audiences={"library": ["cart_abandonment"], "custom": custom})

    assert shop.rows("audience_rule_mine") == [("acme",)]


# The account itself ------------------------------------------------------------------------------------------


def test_the_newest_trait_of_an_account_is_compared(shop):
    """Of its group calls before `as_of`, numbers and times as what they are compared with."""
    shop.group(user_id="u1", group_id="acme", plan="free", seats=5, at="2024-05-02")
    shop.group(user_id="u2", group_id="acme", plan="pro", seats=20, at="2024-05-03")
    shop.group(user_id="u2", group_id="acme", plan="free", at="2024-06-10")
    shop.group(user_id="u3", group_id="globex", renews="2024-06-12", at="2024-05-02")

    assert who(shop, {"account_trait": "plan", "is": "equals", "value": "pro"}) == {"acme"}
    assert who(shop, {"account_trait": "seats", "is": "greater_than", "value": 9}) == {"acme"}
    assert who(shop, {"account_trait": "renews", "is": "within_next_days", "value": 7}) == {"globex"}
    assert who(shop, {"account_trait": "plan", "is": "not_exists"}) == {"globex", "initech"}
    assert who(shop, {"account_trait": "plan", "is": "not_equals", "value": "pro"}) == {"globex", "initech"}


def test_a_computed_trait_of_accounts_is_compared_with_its_zero(shop):
    did(shop, USED, "u1", "u2", "u3")
    traits = {"uses": {"level": "account", "kind": "count", "event": USED}}

    assert who(shop, {"trait": "uses", "is": "at_least", "value": 2}, traits=traits) == {"acme"}
    assert who(shop, {"trait": "uses", "is": "less_than", "value": 1}, traits=traits) == {"initech"}


def test_conditions_of_accounts_and_of_users_are_combined_in_all_any_and_none(shop):
    shop.group(user_id="u1", group_id="acme", plan="pro", at="2024-05-02")
    shop.group(user_id="u3", group_id="globex", plan="pro", at="2024-05-02")
    did(shop, ORDER, "u2", "u3")
    did(shop, "Refund Asked", "u3")

    found = who(
        shop,
        all=[{"account_trait": "plan", "is": "equals", "value": "pro"}],
        any=[{"users": "any", **ORDERED}, {"event": USED}],
        none=[{"users": "any", "event": "Refund Asked"}],
    )

    assert found == {"acme"}


def test_an_audience_of_accounts_may_refer_to_another(shop):
    did(shop, ORDER, "u1", "u3")
    did(shop, USED, "u1")
    custom = {
        "mine": {"level": "account", "all": [{"audience": "buyers"}], "none": [{"users": "any", "event": USED}]},
        "buyers": {"level": "account", "all": [{"users": "any", **ORDERED}]},
    }

    shop.run("audience_rule_mine", audiences={"library": [], "custom": custom})

    assert shop.rows("audience_rule_mine") == [("globex",)]


# Members and their ledger ------------------------------------------------------------------------------------

IN_CART = {"in_cart": {"level": "account", "all": [{"users": "any", "event": PRODUCT_ADDED, "within_days": 7}]}}


def ledger(project):
    return project.rows("account_audience_membership_changes", "run", "key", "group_id", "change", "changed_at")


def test_an_account_is_in_an_audience_with_its_name_and_number_of_users(shop):
    """Beside audiences of profiles, whose tables do not change."""
    did(shop, PRODUCT_ADDED, "u1", at="2024-06-09")
    people = {"people": {"all": [{"event": PRODUCT_ADDED}]}}

    shop.run("audience_in_cart", "audience_people", audiences={"library": [], "custom": {**IN_CART, **people}})

    assert shop.rows("audience_in_cart", "group_id", "entered_at", "name", "members") == [
        ("acme", datetime(2024, 6, 10), "Acme", 2)
    ]
    assert shop.rows("account_audience_members", "key", "group_id") == [("in_cart", "acme")]
    assert shop.rows("audience_members", "key", "canonical_segment_id") == [("people", "u1")]
    assert shop.query("select distinct key from models.audience_membership_changes") == [("people",)]


def test_the_ledger_says_which_accounts_left_and_which_entered_again(shop):
    """A run without changes has no number, and running again adds nothing."""
    shop.settings["audiences"] = {"library": [], "custom": IN_CART}
    did(shop, PRODUCT_ADDED, "u1", at="2024-06-09")
    for day in ("2024-06-10", "2024-06-10", "2024-06-11", "2024-06-17"):
        shop.run("audience_in_cart", as_of=day)
    did(shop, PRODUCT_ADDED, "u2", at="2024-06-18")
    shop.run("audience_in_cart", as_of="2024-06-19")

    assert [(run, account, change, at.day) for run, _, account, change, at in ledger(shop)] == [
        (1, "acme", "entered", 10),
        (2, "acme", "left", 17),
        (3, "acme", "entered", 19),
    ]
    assert shop.rows("audience_in_cart", "group_id", "entered_at") == [("acme", datetime(2024, 6, 19))]


def test_all_accounts_leave_an_audience_that_is_no_longer_declared(shop):
    did(shop, PRODUCT_ADDED, "u1", at="2024-06-09")
    shop.run("audience_in_cart", audiences={"library": [], "custom": IN_CART})

    shop.run("account_audience_members", audiences={"library": []})

    assert [row[3] for row in ledger(shop)] == ["entered", "left"]
    assert shop.rows("account_audience_members") == []


def test_a_rule_in_sql_with_the_column_group_id_is_an_audience_of_accounts(shop):
    """Others may refer to it."""
    query = "select group_id from account_population where members = 0"
    a_model(shop, "audience_rule_empty", query, "group_id text: account", keys="group_id")
    custom = {"named": {"level": "account", "all": [{"audience": "empty"}]}}

    shop.run("audience_empty", "audience_named", audiences={"library": [], "custom": custom})

    assert shop.rows("audience_empty", "group_id", "name") == [("initech", "Initech")]
    assert shop.rows("audience_named", "group_id") == [("initech",)]


def test_a_rule_in_sql_that_does_not_say_who_is_refused_with_its_file(shop):
    path = a_model(shop, "audience_rule_mine", "select user_id from input_tracks", "user_id text: a user")

    with pytest.raises(ConfigError) as raised:
        shop.run("audience_mine", audiences={"library": []})

    assert raised.value.args == (
        "audience_rule_mine does not say who is in the audience",
        f"{path}:1",
        "select canonical_segment_id, or group_id for an audience of accounts",
    )


# What makes no sense -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "condition", "expected"),
    [
        ("profile", {"users": "any", **ORDERED}, "`users` is for accounts: write `level: account`"),
        ("profile", {"account_trait": "plan", "is": "exists"}, "account_trait is for accounts: write `level: account`"),
        ("account", {"profile_trait": "role", "is": "exists"}, "profile_trait is of users: add `users: any`"),
        ("account", {"users": "any", "account_trait": "plan", "is": "exists"}, "`users` goes with what users are"),
        ("account", {"users": "most", **ORDERED}, "allowed: none, any, all"),
        ("account", {"account_trait": "plan"}, "has no `is`"),
        ("company", ORDERED, "allowed: profile, account"),
    ],
)
def test_a_condition_of_another_level_is_said_so_with_file_and_line(shop, level, condition, expected):
    with pytest.raises(ConfigError) as raised:
        shop.run("events", audiences={"custom": {"mine": {"level": level, "all": [condition]}}})

    assert expected in str(raised.value)
    assert "models.audiences.custom.mine" in str(raised.value)
    assert f"{shop.config_file}:1" in str(raised.value)


@pytest.mark.parametrize(
    ("level", "condition", "expected", "fix"),
    [
        ("account", {"trait": "own", "is": "exists"}, "'own' is about profiles", "add `users: any`"),
        ("account", {"audience": "people"}, "'people' is about profiles", "add `users: any`"),
        (
            "account",
            {"users": "all", "trait": "uses", "is": "exists"},
            "the condition about its users",
            "leave `users` out",
        ),
        ("account", {"users": "all", "audience": "firms"}, "the condition about its users", "leave `users` out"),
        ("profile", {"audience": "firms"}, "'firms' is about accounts", "give this audience `level: account`"),
        ("account", {"audience": "firmz"}, "there is no audience 'firmz'", "did you mean firms?"),
    ],
)
def test_a_reference_to_another_level_is_said_so(shop, level, condition, expected, fix):
    custom = {
        "mine": {"level": level, "all": [condition]},
        "people": {"all": [ORDERED]},
        "firms": {"level": "account", "all": [ORDERED]},
    }
    traits = {
        "own": {"kind": "count", "event": USED},
        "uses": {"level": "account", "kind": "count", "event": USED},
    }

    with pytest.raises(ConfigError) as raised:
        shop.run("events", audiences={"library": [], "custom": custom}, traits=traits)

    assert expected in raised.value.what
    assert fix in raised.value.fix
    assert raised.value.where == "models.audiences.custom.mine"


def test_a_circle_through_users_is_an_error_that_names_them(shop):
    custom = {"firms": {"level": "account", "all": [{"users": "any", "audience": "firms"}]}}

    with pytest.raises(ConfigError, match="refer to each other in a circle: firms → firms"):
        shop.run("events", audiences={"custom": custom})


# Elsewhere ---------------------------------------------------------------------------------------------------


def test_audiences_of_accounts_are_the_same_in_postgres(shop, postgres):
    shop.group(user_id="u1", group_id="acme", plan="it's pro", at="2024-05-02")
    did(shop, ORDER, "u1", "u3", total=100)
    did(shop, USED, "u1", "u2")
    large = [{"property": "total", "is": "at_least", "value": 100}]
    conditions = {
        "plan": [{"account_trait": "plan", "is": "equals", "value": "it's pro"}],
        "trait": [{"trait": "uses", "is": "at_least", "value": 2}],
        "together": [{"event": USED, "at_least": 2}],
        "every": [{"users": "all", **ORDERED, "where": large}],
        "somebody": [{"users": "any", "profile_trait": "role", "is": "equals", "value": "admin"}],
        "nobody": [{"users": "none", **ORDERED}],
        "idle": [{"users": "all", "trait": "own", "is": "equals", "value": 0}],
    }
    custom = {f"mine_{name}": {"level": "account", "all": each} for name, each in conditions.items()}
    traits = {"uses": {"level": "account", "kind": "count", "event": USED}, "own": {"kind": "count", "event": ORDER}}
    rules = [f"audience_rule_{key}" for key in custom]

    shop.run("account_audience_members", *rules, audiences={"library": [], "custom": custom}, traits=traits)

    expected = {"plan": 1, "trait": 1, "together": 1, "every": 1, "somebody": 1, "nobody": 1, "idle": 0}
    assert {rule: len(shop.rows(rule)) for rule in rules} == {f"audience_rule_mine_{k}": n for k, n in expected.items()}
    assert postgres.differences(shop, "account_audience_members", *rules) == []
