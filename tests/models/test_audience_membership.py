"""Membership: who may be in an audience, and the ledger of who entered and left."""

from datetime import datetime

import pytest
from audiences import PRODUCT_ADDED, a_project, members
from modelling import a_model

from loader.errors import TerminalError

KEY = "in_cart"
IN_CART = {"in_cart": {"all": [{"event": PRODUCT_ADDED, "within_days": 7}]}}


def a_small_project(modelling, **profiles):
    """Without the library, so that runs are short."""
    modelling.settings["audiences"] = {"library": [], "custom": IN_CART}
    return a_project(modelling, **profiles)


@pytest.fixture
def shop(modelling):
    return a_small_project(modelling)


def changes(project):
    columns = ("run", "canonical_segment_id", "segment_id", "change", "changed_at")
    return project.rows("audience_membership_changes", *columns)


def test_a_profile_is_in_an_audience_with_what_is_needed_to_send(modelling):
    """Its newest email, and the time of the run in which it entered."""
    project = a_small_project(
        modelling,
        identifiers=[
            ("u1", "email", "old@example.com", "2024-01-01"),
            ("u1", "email", "new@example.com", "2024-02-01"),
        ],
    )
    project.track(PRODUCT_ADDED, user_id="u1", at="2024-06-09")

    project.run(f"audience_{KEY}")

    row = ("u1", datetime(2024, 6, 10), "u1", "new@example.com")
    assert project.rows(f"audience_{KEY}", "canonical_segment_id", "entered_at", "user_id", "email") == [row]
    assert project.rows("audience_members", "key", "canonical_segment_id") == [(KEY, "u1")]


def test_the_address_to_send_to_is_the_one_that_arrived_last(modelling):
    """Whenever its call says that it happened; as in user_identities."""
    modelling.identify(user_id="u1", email="old@example.com", at="2024-06-05")
    modelling.identify(user_id="u1", email="new@example.com", at="2024-06-01", received_at="2024-06-06")

    modelling.run("audience_population", "user_identities")

    assert modelling.rows("audience_population", "user_id", "email") == [("u1", "new@example.com")]
    assert modelling.rows("user_identities", "user_id", "email") == [("u1", "new@example.com")]


def test_who_is_known_by_an_anonymous_id_only_is_left_out_unless_included(modelling):
    """An email or an advertising id is enough."""
    project = a_small_project(
        modelling, identifiers=[("a2", "ios.idfa", "6D92078A"), ("a3", "email", "a3@example.com"), ("a4", "phone", "1")]
    )
    for anonymous in ("a1", "a2", "a3", "a4"):
        project.track(PRODUCT_ADDED, anonymous_id=anonymous, at="2024-06-09")

    assert members(project, KEY) == {"a2", "a3"}
    project.settings["audiences"]["include_anonymous"] = True
    assert members(project, KEY) == {"a1", "a2", "a3", "a4"}


def test_running_again_with_the_same_data_adds_nothing(shop):
    shop.track(PRODUCT_ADDED, user_id="u1", at="2024-06-09")
    members(shop, KEY)
    before = changes(shop)

    members(shop, KEY)

    assert changes(shop) == before == [(1, "u1", "u1", "entered", datetime(2024, 6, 10))]


def test_the_ledger_says_who_left_and_who_entered_again(shop):
    """A run without changes has no number."""
    shop.track(PRODUCT_ADDED, user_id="u1", at="2024-06-09")
    for day in ("2024-06-10", "2024-06-11", "2024-06-17"):
        shop.run(f"audience_{KEY}", as_of=day)
    shop.track(PRODUCT_ADDED, user_id="u1", at="2024-06-18")
    shop.run(f"audience_{KEY}", as_of="2024-06-19")

    assert [(run, change, at.day) for run, _, _, change, at in changes(shop)] == [
        (1, "entered", 10),
        (2, "left", 17),
        (3, "entered", 19),
    ]
    assert shop.rows(f"audience_{KEY}", "canonical_segment_id", "entered_at") == [("u1", datetime(2024, 6, 19))]


def test_members_that_are_merged_stay_one_member_since_the_first_of_them_entered(modelling):
    """A merge is no change of membership; when the profile leaves, both names of it leave."""
    project = a_small_project(modelling)
    project.track(PRODUCT_ADDED, user_id="u1", at="2024-06-09")
    project.run(f"audience_{KEY}", as_of="2024-06-10")
    project.track(PRODUCT_ADDED, user_id="u2", at="2024-06-10")
    project.run(f"audience_{KEY}", as_of="2024-06-11")
    a_project(project, merges=[("u2", "u1")])

    project.run(f"audience_{KEY}", as_of="2024-06-12")

    assert [row[:4] for row in changes(project)] == [(1, "u1", "u1", "entered"), (2, "u1", "u2", "entered")]
    assert project.rows(f"audience_{KEY}", "canonical_segment_id", "entered_at") == [("u1", datetime(2024, 6, 10))]
    project.run(f"audience_{KEY}", as_of="2024-07-01")
    assert [row[:4] for row in changes(project)[2:]] == [(3, "u1", "u1", "left"), (3, "u1", "u2", "left")]


def test_that_one_of_two_merged_profiles_had_left_does_not_end_the_membership(modelling):
    project = a_small_project(modelling)
    project.track(PRODUCT_ADDED, user_id="u2", at="2024-06-01")
    project.run(f"audience_{KEY}", as_of="2024-06-02")
    project.track(PRODUCT_ADDED, user_id="u1", at="2024-06-08")
    project.run(f"audience_{KEY}", as_of="2024-06-09")
    a_project(project, merges=[("u2", "u1")])

    project.run(f"audience_{KEY}", as_of="2024-06-10")

    assert project.rows(f"audience_{KEY}", "canonical_segment_id", "entered_at") == [("u1", datetime(2024, 6, 9))]
    assert [row[0] for row in changes(project)] == [1, 2, 2]


def test_all_leave_an_audience_that_is_no_longer_declared(shop):
    shop.track(PRODUCT_ADDED, user_id="u1", at="2024-06-09")
    members(shop, KEY)

    shop.run("audience_members", audiences={"library": ["upsell"]})

    assert [row[3] for row in changes(shop)] == ["entered", "left"]
    assert shop.rows("audience_members") == []


def test_a_run_that_fails_leaves_the_ledger_as_it_was(shop):
    """Whatever is made after it: the ledger is swapped in with all other tables, or not at all."""
    shop.track(PRODUCT_ADDED, user_id="u1", at="2024-06-09")
    members(shop, KEY)
    before = changes(shop)
    shop.track(PRODUCT_ADDED, user_id="u2", at="2024-06-09")
    path = a_model(shop, "after", "select cast('x' as integer) as n from audience_members")
    with pytest.raises(TerminalError):
        shop.run("after")
    assert changes(shop) == before
    path.unlink()
    a_model(shop, "after", "select 1 as n from audience_members", more="checks:\n  none: n = 1")

    shop.run("after", passes=False)

    assert changes(shop) == before


def test_an_sql_file_of_ones_own_is_an_audience(shop):
    """`audience_rule_<key>.sql` in the folder of models has a table and a ledger as all others."""
    shop.track("Anything", user_id="u1", at="2024-06-09")
    a_model(
        shop,
        "audience_rule_by_hand",
        "select distinct canonical_segment_id from audience_events",
        columns="canonical_segment_id text: profile",
    )

    assert members(shop, "by_hand") == {"u1"}
    assert shop.rows("audience_membership_changes", "key", "change") == [("by_hand", "entered")]
