"""Computed traits of accounts: the events of all their users together. `as_of` is 2024-06-10 00:00."""

import pytest
from audiences import a_project

from loader.errors import ConfigError


@pytest.fixture
def shop(modelling):
    """u1 and u2 are of the account acme, u3 of globex, u4 of none."""
    modelling.settings["audiences"] = {"library": []}
    project = a_project(modelling)
    for user, group in (("u1", "acme"), ("u2", "acme"), ("u3", "globex")):
        project.group(user_id=user, group_id=group, name=group.title(), at="2024-05-01")
    return project


def used(project, user, feature="export", at="2024-06-01", **columns):
    project.track("Feature Used", user_id=user, feature=feature, at=at, **columns)


def trait(project, **settings):
    """The account trait `t` by account, as `trait_t` holds it."""
    project.run("trait_t", traits={"t": {"level": "account", "event": "Feature Used", **settings}})
    return dict(project.rows("trait_t"))


def test_events_of_all_users_of_an_account_are_counted_together(shop):
    """And those of people without an account for none."""
    for user in ("u1", "u2", "u2", "u3", "u4"):
        used(shop, user)

    assert trait(shop, kind="count") == {"acme": 3, "globex": 1}


def test_an_event_of_somebody_in_two_accounts_counts_for_both(shop):
    shop.group(user_id="u1", group_id="globex", at="2024-05-02")
    used(shop, "u1")

    assert trait(shop, kind="count") == {"acme": 1, "globex": 1}


def test_an_event_that_names_its_account_counts_for_that_one_alone(shop):
    """Whoever sent it: context.groupId says where somebody was at work."""
    shop.group(user_id="u1", group_id="globex", at="2024-05-02")
    used(shop, "u1", context_group_id="acme")
    used(shop, "u4", context_group_id="initech")
    used(shop, "u3", context_group_id=" ")

    assert trait(shop, kind="count") == {"acme": 1, "initech": 1, "globex": 1}


def test_every_kind_is_over_the_events_of_the_account(shop):
    """Ties, order and windows are those of traits of profiles."""
    used(shop, "u1", "import", at="2024-06-02")
    used(shop, "u2", "export", at="2024-06-03")
    used(shop, "u1", "export", at="2024-06-04")

    kinds = {
        "most_frequent": "export",
        "first": "import",
        "last": "export",
        "unique_count": 2,
        "unique_list": '["export","import"]',
    }
    for kind, value in kinds.items():
        assert trait(shop, kind=kind, property="feature") == {"acme": value}, kind
    assert trait(shop, kind="count", within_days=7) == {"acme": 2}
    chosen = [{"property": "feature", "is": "equals", "value": "import"}]
    assert trait(shop, kind="count", where=chosen) == {"acme": 1}


def test_the_last_session_of_an_account_is_that_of_all_its_users(shop):
    used(shop, "u1", at="2024-06-01 10:00")
    used(shop, "u1", at="2024-06-01 12:00")
    used(shop, "u2", at="2024-06-01 12:20")

    assert trait(shop, kind="count", session_minutes=30) == {"acme": 2}


def test_group_calls_are_about_the_account_that_they_name(shop):
    """Its traits among them."""
    shop.group(user_id="u4", group_id="globex", plan="pro", at="2024-06-01")

    settings = {"event": (), "call": "group", "kind": "last", "property": "plan"}
    assert trait(shop, **settings) == {"globex": "pro"}


def test_who_joined_after_as_of_is_no_member(shop):
    shop.group(user_id="u4", group_id="acme", at="2024-06-10")
    used(shop, "u4")

    assert trait(shop, kind="count") == {}


def test_people_who_became_one_are_one_member(modelling):
    modelling.settings["audiences"] = {"library": []}
    project = a_project(modelling, merges=[("u2", "u1")])
    for user in ("u1", "u2"):
        project.group(user_id=user, group_id="acme", at="2024-05-01")
        used(project, user)

    assert trait(project, kind="count") == {"acme": 2}
    project.run("account_population")
    assert project.rows("account_population", "group_id", "members") == [("acme", 1)]


def test_all_traits_of_an_account_are_one_row(shop):
    """Counts are 0 without events, other values are missing; traits of profiles are in a table of their own."""
    used(shop, "u1", "export")

    feature = {"event": "Feature Used", "property": "feature"}
    shop.run(
        "computed_account_traits",
        "computed_traits",
        traits={
            "uses": {"level": "account", "kind": "count", "event": "Feature Used"},
            "newest": {"level": "account", "kind": "last", **feature},
            "own": {"kind": "last", **feature},
        },
    )

    columns = ("group_id", "name", "members", "uses", "newest")
    assert shop.rows("computed_account_traits", *columns) == [
        ("acme", "Acme", 2, 1, "export"),
        ("globex", "Globex", 1, 0, None),
    ]
    assert shop.rows("computed_traits", "user_id", "own")[0] == ("u1", "export")


def test_the_name_of_an_account_is_the_newest_that_was_sent(shop):
    shop.group(user_id="u1", group_id="acme", name="Acme Ltd", at="2024-05-03")
    shop.group(user_id="u1", group_id="acme", at="2024-05-04")

    shop.run("account_population")

    assert shop.rows("account_population", "group_id", "name") == [("acme", "Acme Ltd"), ("globex", "Globex")]


def test_an_audience_cannot_ask_for_a_trait_of_accounts(shop):
    """The error names the audience, and what to use."""
    shop.settings["audiences"] = {"custom": {"users": {"all": [{"trait": "uses", "is": "at_least", "value": 1}]}}}

    with pytest.raises(ConfigError, match="'uses' is about accounts") as raised:
        shop.run("audience_users", traits={"uses": {"level": "account", "kind": "count", "event": "Feature Used"}})

    assert raised.value.where == "models.audiences.custom.users"
    assert "use one with `level: profile`, or give this audience `level: account`" in raised.value.fix


def test_a_trait_cannot_have_the_name_of_a_column_of_its_table(shop):
    with pytest.raises(ConfigError, match="computed_account_traits has a column of that name"):
        shop.run("events", traits={"members": {"level": "account", "kind": "count", "event": "Feature Used"}})


def test_without_traits_of_accounts_there_is_no_table_of_them(shop):
    shop.run("computed_traits", traits={"own": {"kind": "count", "event": "Feature Used"}})

    assert shop.query("select count(*) from duckdb_tables() where table_name = 'computed_account_traits'") == [(0,)]


def test_account_traits_are_the_same_in_postgres(shop, postgres):
    for user in ("u1", "u2", "u3"):
        used(shop, user, "export", context_group_id=None if user != "u3" else "acme")

    traits = {
        kind: {"level": "account", "kind": kind, "event": "Feature Used", "property": "feature", "min_occurrences": 1}
        for kind in ("most_frequent", "last", "unique_list")
    }
    shop.run("computed_account_traits", traits=traits)

    assert postgres.differences(shop, "computed_account_traits") == []
