"""What breaks naive identity resolution: shared devices, long chains, deletions, custom ids, settings."""

from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pytest
from modelling import START

from loader.models.identity.observed import normalised

_TABLES = ("external_id_mapping", "event_profiles", "identity_profiles", "identity_violations")


def write_calls(modelling, table, query):
    """Many calls at once, from a query of id, seconds after START and further columns."""
    modelling.flush()
    with duckdb.connect(str(modelling.warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create schema if not exists web")
        start = f"timestamptz '{START.isoformat()}'"
        connection.execute(
            f"create table web.{table} as select * exclude (seconds), {start} + to_seconds(seconds) as received_at, "
            f"{start} + to_seconds(seconds) as timestamp from ({query})"
        )


TABLET = (
    "select 'm' || n as id, n as seconds, 'u' || n as user_id, 'a' || n as anonymous_id, 'ipad' as context_device_id, "
    "'ios' as context_device_type from range(2000) as t(n)"
)


def test_a_store_tablet_leaves_every_user_a_profile(modelling):
    """Each login drops the tablet; purely anonymous use of it stays with the first user."""
    write_calls(modelling, "identifies", TABLET)
    modelling.screen(context_device_id="ipad", context_device_type="ios", at=100_000)

    modelling.run(*_TABLES)

    assert modelling.query("select count(*), max(users) from models.identity_profiles") == [(2000, 1)]
    assert modelling.query("select count(*) from models.identity_violations where id_value = 'ipad'") == [(1999,)]
    assert modelling.query(
        "select m.value from models.event_profiles as p join models.external_id_mapping as m "
        "on m.canonical_segment_id = p.canonical_segment_id and m.type = 'user_id' where p.call = 'screen'"
    ) == [("u0",)]
    assert modelling.query("select count(*) from models.event_profiles") == [(2001,)]


def test_components_of_a_store_tablet_fail_and_name_the_hub(modelling):
    write_calls(modelling, "identifies", TABLET)

    result = modelling.run(*_TABLES, identity={"resolver": "components"}, passes=False)

    (failed,) = result.failed
    assert failed.name == "max_users_per_profile"
    assert (
        dict(zip(failed.columns, failed.rows[0], strict=True)).items()
        >= {
            "users": 2000,
            "hub_type": "ios.id",
            "hub_value": "ipad",
            "hub_degree": 2000,
        }.items()
    )


def test_an_alias_chain_of_10000_is_one_profile(modelling):
    """Whatever the order in which its links arrive."""
    write_calls(
        modelling,
        "aliases",
        "select 'm' || n as id, (n * 7919) % 10000 as seconds, 'u' || n as user_id, 'u' || (n + 1) as previous_id "
        "from range(10000) as t(n)",
    )

    modelling.run(*_TABLES)

    assert modelling.rows("identity_profiles", "users", "identifiers", "events") == [(1, 10001, 10000)]
    assert modelling.rows("identity_violations") == []


@pytest.mark.parametrize("order", ["rising", "falling", "mixed"])
def test_a_chain_of_any_length_becomes_one_class_with_its_least_id(order):
    """Ways to the root are halved on every look: no step per link, whatever the order of the links."""
    from loader.models.identity.kernel import roots, unite

    links = np.arange(1, 1_000_000, dtype=np.int32)
    if order == "mixed":
        np.random.default_rng(1).shuffle(links)
    links = links[::-1].copy() if order == "falling" else links
    parent = np.arange(1_000_001, dtype=np.int32)

    unite(links, links + np.int32(1), parent)

    assert set(roots(np.arange(1, 1_000_001, dtype=np.int32), parent).tolist()) == {1}


def test_a_late_call_counts_from_its_arrival_and_earlier_calls_follow_through_the_graph(modelling):
    """It happened first but arrived last: the profiles of that time stay, the person of all is one."""
    modelling.page(anonymous_id="a1", at=0)
    modelling.page(user_id="u1", at=60)
    modelling.identify(anonymous_id="a1", user_id="u1", at=-3600, received_at=120)

    modelling.run(*_TABLES)

    assert modelling.query(
        "select count(distinct segment_id), count(distinct canonical_segment_id) from models.event_profiles"
    ) == [(2, 1)]


def test_an_email_that_a_team_shares_stays_with_the_first_user(modelling):
    for user in ("u1", "u2", "u3"):
        modelling.identify(user_id=user, email="team@company.com")

    modelling.run(*_TABLES)

    assert modelling.query(
        "select u.value from models.external_id_mapping as e join models.external_id_mapping as u "
        "using (canonical_segment_id) where e.type = 'email' and u.type = 'user_id'"
    ) == [("u1",)]
    assert modelling.query("select count(*) from models.identity_profiles") == [(3,)]


def test_an_android_tablet_drops_the_innocent_anonymous_id_unless_it_is_ranked_below(modelling):
    """The rule is literal: the last identifier goes, whichever broke the limit. `priority` is the remedy."""
    for n in (1, 2):
        modelling.identify(
            user_id=f"u{n}", anonymous_id=f"a{n}", context_device_id="tablet", context_device_type="android"
        )
    modelling.run(*_TABLES)
    dropped = "select id_type, id_value from models.identity_violations order by 1, 2"
    assert modelling.query(dropped) == [("android.id", "tablet"), ("anonymous_id", "a2")]

    modelling.run(*_TABLES, identity={"priority": ["user_id", "email", "anonymous_id"]})

    assert modelling.query(dropped) == [("android.id", "tablet")]


def test_a_window_counts_the_values_added_within_it(modelling):
    """Two devices a week: the third of one week is dropped, one in the next week is not."""
    for days, device in ((0, "d1"), (1, "d2"), (2, "d3"), (8, "d4")):
        modelling.page(
            user_id="u1", context_device_id=device, context_device_type="ios", at=START + timedelta(days=days)
        )

    modelling.run(*_TABLES, identity={"limits": {"ios.id": "2 weekly"}})

    assert modelling.query("select value from models.external_id_mapping where type = 'ios.id' order by 1") == [
        *(("d1",), ("d2",), ("d4",))
    ]
    assert modelling.rows("identity_violations", "code", "id_value") == [("identifier_value_time_limit", "d3")]


def test_a_deleted_identifier_may_be_mapped_to_somebody_else(modelling):
    """What came before the deletion stays; the row of the removal says when."""
    modelling.identify(user_id="u1", anonymous_id="a1", at=0)
    modelling.identify(user_id="u2", anonymous_id="a1", at=7200)
    modelling.csv(
        "identity_deletions", [{"id_type": "anonymous_id", "id_value": "a1", "deleted_at": "2026-03-01 11:00:00"}]
    )

    modelling.run(*_TABLES)

    assert modelling.query(
        "select operation, received_at from models.external_id_mapping_updates where external_id_value = 'a1' order by seq"
    ) == [
        ("CREATED", datetime(2026, 3, 1, 10)),
        ("REMOVED", datetime(2026, 3, 1, 11)),
        ("CREATED", datetime(2026, 3, 1, 12)),
    ]
    assert modelling.query(
        "select u.value from models.external_id_mapping as a join models.external_id_mapping as u "
        "using (canonical_segment_id) where a.value = 'a1' and u.type = 'user_id'"
    ) == [("u2",)]


@pytest.fixture
def shared(modelling):
    """Two browsers that one email makes one person; then the email is deleted."""
    modelling.identify(anonymous_id="a1", email="team@company.com", plan="free", at=0)
    modelling.page(anonymous_id="a2", at=60)
    modelling.identify(anonymous_id="a2", email="team@company.com", plan="pro", at=120)
    modelling.page(anonymous_id="a2", context_device_id="d2", context_device_type="ios", at=180)
    modelling.csv(
        "identity_deletions",
        [{"id_type": "email", "id_value": "team@company.com", "deleted_at": "2026-03-01 11:00:00"}],
    )
    modelling.run("profile_traits", "user_traits", "profile_traits_updates", *_TABLES)
    return modelling


def test_a_deletion_gives_back_the_profile_that_the_identifier_alone_had_merged(shared):
    """Its calls and identifiers are its own again, those as well that came while it was merged."""
    assert shared.query(
        "select list(value order by value) from models.external_id_mapping group by canonical_segment_id order by 1"
    ) == [(["a1"],), (["a2", "d2"],)]
    assert shared.query(
        "select list(p.event_id order by p.event_id), any_value(t.plan) from models.event_profiles as p "
        "join models.profile_traits as t on t.canonical_segment_id = p.canonical_segment_id "
        "group by p.canonical_segment_id order by 1"
    ) == [(["m1"], "free"), (["m2", "m3", "m4"], "pro")]


def test_the_updates_gain_rows_that_point_back_at_the_time_of_the_deletion(shared):
    """Nothing before is rewritten: the merge, the removal, and what it led to are there one after the other."""
    segments = "(select segment_id, row_number() over (order by seq) as n from models.id_graph_updates where seq < 3)"
    assert shared.query(
        f"select s.n, c.n, u.triggering_event_id, strftime(u.received_at, '%H:%M') from models.id_graph_updates as u "
        f"join {segments} as s on s.segment_id = u.segment_id join {segments} as c "
        "on c.segment_id = u.canonical_segment_id order by u.seq"
    ) == [(1, 1, "m1", "10:00"), (2, 2, "m2", "10:01"), (2, 1, "m3", "10:02"), (2, 2, None, "11:00")]
    assert shared.query(
        f"select s.n, u.operation, u.external_id_value from models.external_id_mapping_updates as u "
        f"join {segments} as s on s.segment_id = u.segment_id where u.triggering_event_id is null order by u.seq"
    ) == [(1, "REMOVED", "team@company.com"), (1, "REMOVED", "d2"), (2, "CREATED", "d2")]
    assert shared.query(
        f"select s.n, u.plan, u.email from models.profile_traits_updates as u join {segments} as s "
        "on s.segment_id = u.segment_id where u.received_at = timestamp '2026-03-01 11:00' order by s.n"
    ) == [(1, "free", "team@company.com"), (2, "pro", "team@company.com")]


def test_people_whom_calls_link_otherwise_stay_one_after_a_deletion(modelling):
    """What is left on the call that merged them counts as well."""
    modelling.identify(anonymous_id="a1", email="e1", at=0)
    modelling.page(anonymous_id="a2", context_device_id="d2", context_device_type="ios", at=60)
    modelling.identify(anonymous_id="a2", email="e1", at=120)
    modelling.page(anonymous_id="a1", context_device_id="d2", context_device_type="ios", at=180)
    modelling.csv("identity_deletions", [{"id_type": "email", "id_value": "e1", "deleted_at": "2026-03-02"}])

    modelling.run(*_TABLES)

    assert modelling.rows("identity_profiles", "identifiers", "events") == [(3, 4)]
    assert modelling.query("select count(*) from models.id_graph_updates where triggering_event_id is null") == [(0,)]


def test_a_profile_without_identifiers_of_its_own_stays_with_the_oldest(modelling):
    """Nothing is left that says whose the calls with the deleted identifier alone were."""
    modelling.identify(email="e1", at=0)
    modelling.identify(anonymous_id="a1", at=60)
    modelling.identify(anonymous_id="a1", email="e1", at=120)
    modelling.csv("identity_deletions", [{"id_type": "email", "id_value": "e1", "deleted_at": "2026-03-02"}])

    modelling.run(*_TABLES)

    assert modelling.rows("identity_profiles", "identifiers", "events") == [(1, 3)]
    assert modelling.query("select count(distinct canonical_segment_id) from models.id_graph") == [(1,)]


def test_parted_people_become_one_again_when_a_later_call_says_so(modelling):
    modelling.identify(anonymous_id="a1", email="e1", at=0)
    modelling.page(anonymous_id="a2", at=60)
    modelling.identify(anonymous_id="a2", email="e1", at=120)
    modelling.identify(anonymous_id="a2", email="e2", at=7200)
    modelling.identify(anonymous_id="a1", email="e2", at=7260)
    modelling.csv("identity_deletions", [{"id_type": "email", "id_value": "e1", "deleted_at": "2026-03-01 11:00:00"}])

    modelling.run(*_TABLES)

    assert modelling.rows("identity_profiles", "identifiers", "events") == [(3, 5)]
    assert modelling.query("select triggering_event_id from models.id_graph_updates order by seq") == [
        ("m1",), ("m2",), ("m3",), (None,), ("m5",)
    ]  # fmt: skip


def test_what_came_along_belongs_to_its_new_person_when_that_is_parted_in_turn(modelling):
    """The device came by the first email, whose person it left with the browser; nothing leads back there."""
    modelling.page(anonymous_id="a0", at=0)
    modelling.identify(anonymous_id="a1", email="e1", at=60)
    modelling.page(anonymous_id="a3", at=120)
    modelling.identify(anonymous_id="a3", email="e1", context_device_id="d3", context_device_type="ios", at=180)
    modelling.identify(anonymous_id="a3", email="e2", at=7200)
    modelling.identify(anonymous_id="a0", email="e2", at=7260)
    modelling.csv(
        "identity_deletions",
        [
            {"id_type": "email", "id_value": "e1", "deleted_at": "2026-03-01 11:00:00"},
            {"id_type": "email", "id_value": "e2", "deleted_at": "2026-03-02"},
        ],
    )

    modelling.run(*_TABLES)

    assert modelling.query(
        "select list(value order by value) from models.external_id_mapping group by canonical_segment_id order by 1"
    ) == [(["a0"],), (["a1"],), (["a3", "d3"],)]
    assert modelling.rows("id_graph", "segment_id") == modelling.rows("id_graph", "canonical_segment_id")


def test_the_only_user_id_of_a_profile_is_not_deleted(modelling):
    modelling.identify(user_id="u1", anonymous_id="a1", at=0)
    modelling.csv("identity_deletions", [{"id_type": "user_id", "id_value": "u1", "deleted_at": "2026-03-02"}])

    modelling.run(*_TABLES)

    assert modelling.rows("identity_violations", "code", "id_value") == [("deletion_refused", "u1")]
    assert len(modelling.rows("external_id_mapping")) == 2


def test_custom_identifiers_come_from_traits_properties_and_external_ids(modelling):
    """Phones by their digits, external ids only where they are whole and of users."""
    entry = '{"id": "%s", "type": "Shopify_ID", "collection": "%s", "encoding": "none"}'
    modelling.identify(anonymous_id="a1", phone="+1 (555) 01-02")
    modelling.track("Called", anonymous_id="a2", phone="+15550102")
    modelling.page(anonymous_id="a3", context_external_ids=f"[{entry % ('s1', 'users')}]")
    modelling.page(anonymous_id="a4", context_external_ids=f"[{entry % ('s1', 'users')}, {entry % ('x', 'accounts')}]")

    modelling.run(
        *_TABLES, identity={"custom": {"phone": ["traits.phone", "properties.phone"], "shopify_id": ["external_ids"]}}
    )

    assert {
        frozenset(values)
        for (values,) in modelling.query(
            "select list(value) from models.external_id_mapping group by canonical_segment_id"
        )
    } == {frozenset({"a1", "a2", "+15550102"}), frozenset({"a3", "a4", "s1"})}


def test_without_alias_edges_an_alias_joins_nothing(modelling):
    modelling.page(user_id="u1")
    modelling.page(user_id="u2")
    modelling.alias(user_id="u2", previous_id="u1")

    modelling.run(*_TABLES, identity={"alias_edges": False})

    assert modelling.query("select count(*) from models.identity_profiles") == [(2,)]


def test_ids_that_an_alias_joins_count_as_a_user_id_whatever_ranks_first(modelling):
    """The device and the user are one id, of a person with one user. Another user on the device is another person."""
    modelling.page(anonymous_id="a1")
    modelling.alias(user_id="u1", previous_id="a1")
    modelling.page(user_id="u2", anonymous_id="a1")

    modelling.run(*_TABLES, identity={"priority": ["anonymous_id"]})

    assert modelling.rows("identity_profiles", "users", "identifiers") == [(1, 2)]
    assert modelling.rows("identity_violations", "code", "id_value") == [("identifier_value_limit", "u2")]


def test_a_project_without_calls_has_empty_tables(modelling):
    modelling.write("users", {"id": "u1"})

    modelling.run()

    for table in (*_TABLES, "id_graph", "user_traits", "profile_traits", "user_identities"):
        assert modelling.rows(table) == []


def test_a_call_without_any_id_is_explained(modelling):
    modelling.page(name="Home")

    modelling.run(*_TABLES)

    assert modelling.rows("event_profiles") == []
    assert modelling.rows("identity_violations", "event_id", "code") == [("m1", "no_identifier")]


def test_an_empty_text_is_nobodys_id_whatever_is_blocked_besides(modelling):
    """Classes of letters are known as the engine knows them."""
    modelling.page(anonymous_id="a1", user_id="")
    modelling.page(anonymous_id="a2", user_id=" ")
    modelling.page(anonymous_id="a2", user_id="Ünused")

    modelling.run(*_TABLES, identity={"blocked_pattern": r"^\p{Lu}nused$"})

    assert modelling.query("select count(*) from models.identity_profiles") == [(2,)]
    assert {value for (value,) in modelling.rows("external_id_mapping", "value")} == {"a1", "a2"}


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"limits": {"email": "5 daily"}}, "weekly"),
        ({"custom": {"phone": ["phone"]}}, "external_ids"),
        ({"blocked_pattern": "("}, "regular expression"),
        ({"blocked_pattern": "(?!x)y"}, "regular expression of RE2.*invalid perl operator"),
        ({"priority": ["user_id", "emial"]}, "priority: there is no type .*; did you mean email?"),
        ({"limits": {"phone": "5 ever"}}, "limits: there is no type .* declare it in `custom`"),
        ({"ignored_types": ["ios_id"]}, "ignored_types: there is no type .*; did you mean ios.id?"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_allowed(modelling, settings, problem):
    from loader.errors import ConfigError

    modelling.page(anonymous_id="a1")

    with pytest.raises(ConfigError, match=problem):
        modelling.run(*_TABLES, identity=settings)


def test_times_are_utc_whatever_the_session(modelling):
    modelling.page(anonymous_id="a1", at=datetime(2026, 3, 1, 10, tzinfo=UTC))

    modelling.run(*_TABLES)

    assert modelling.rows("id_graph", "received_at") == [(datetime(2026, 3, 1, 10),)]


@pytest.mark.parametrize("kind", ["user_id", "email"])
def test_white_space_around_a_value_is_no_part_of_it(kind):
    """The six kinds of it, at either end or both; others, and those inside, are."""
    spaces = ["", " ", "\t", "\n", "\r", "\f", "\v", " \t\v", "\u00a0", "\u0001", "v", "t"]
    values = [f"{before}{inside}{after}" for before in spaces for inside in ("", "!", "a b", "é") for after in spaces]

    found = duckdb.execute(
        f"select value, {normalised(kind, 'value')} from (select unnest(?) as value)", [[*values, None]]
    ).fetchall()

    assert found == [*((value, value.strip(" \t\n\r\f\v")) for value in values), (None, None)]
