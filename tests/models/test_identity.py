"""Who is who: the golden vectors of identity resolution, with both resolvers.

Calls are written as their ids: `u1 a1` is a call with user id 1 and anonymous id 1, `i u1 a1` an identify, `e:x` an email
among the traits, `u1 < u2` an alias (user id u1, previous id u2).
"""

import pytest

_TABLES = ("external_id_mapping", "event_profiles", "identity_profiles", "identity_violations")


@pytest.fixture(params=["components", "unify"])
def resolver(request):
    return request.param


def stream(modelling, text, **settings):
    """Make the calls of a text, one per `;`, and resolve them."""
    for call in text.split(";"):
        words = call.split()
        if "<" in words:
            modelling.alias(user_id=words[0], previous_id=words[2])
            continue
        columns = {}
        for word in words:
            kind, _, value = word.partition(":")
            if kind in ("i", "p") and not value:
                continue
            if kind in ("e", "ios", "android", "u", "a") and value:
                name = {"e": "email", "u": "user_id", "a": "anonymous_id"}.get(kind, "context_device_id")
                columns[name] = value.replace("_", " ") if kind in ("e", "u") else value
                if name == "context_device_id":
                    columns["context_device_type"] = kind
            else:
                columns["user_id" if word[0] == "u" else "anonymous_id"] = word
        (modelling.identify if words[0] == "i" else modelling.page)(**columns)
    modelling.run(*_TABLES, identity=settings, passes=settings.get("resolver") != "components")


def people(modelling):
    """The identifiers of each person."""
    return {
        frozenset(values)
        for (values,) in modelling.query(
            "select list(value) from models.external_id_mapping group by canonical_segment_id"
        )
    }


def at_the_time(modelling):
    """The profile of each call when it arrived, profiles numbered as they came into being."""
    rows = modelling.query(
        "select n.number from models.event_profiles as p join (select segment_id, row_number() over (order by seq) as number "
        "from models.id_graph_updates where segment_id = canonical_segment_id) as n on n.segment_id = p.segment_id "
        "order by cast(substr(p.event_id, 2) as integer)"
    )
    return tuple(number for (number,) in rows)


def groups(*texts):
    return {frozenset(text.split()) for text in texts}


def test_i1_calls_of_one_device_are_one_person_however_far_apart(modelling, resolver):
    stream(modelling, "a1; a1; a1; i u1 a1; u1 a1", resolver=resolver)

    assert people(modelling) == groups("u1 a1")
    assert at_the_time(modelling) == (1, 1, 1, 1, 1)


def test_i2_a_phone_on_which_nobody_logged_in_stays_a_person_of_its_own(modelling, resolver):
    stream(modelling, "aW; aM; i u1 aW; u1 aW; aM; u1 aW; aM", resolver=resolver)

    assert people(modelling) == groups("u1 aW", "aM")
    assert at_the_time(modelling) == (1, 2, 1, 1, 2, 1, 2)


def test_i3_login_on_both_devices_merges_the_younger_profile(modelling, resolver):
    stream(modelling, "aW; aM; i u1 aW; u1 aW; i u1 aM; u1 aM; u1 aW; u1 aM", resolver=resolver)

    assert people(modelling) == groups("u1 aW aM")
    assert at_the_time(modelling) == (1, 2, 1, 1, 1, 1, 1, 1)
    assert [
        row[0] for row in modelling.query("select triggering_event_id from models.id_graph_updates order by seq")
    ] == [*("m1", "m2", "m5")]


def test_i4_an_email_makes_two_devices_one_person(modelling, resolver):
    stream(modelling, "a5285; i a5285 e:jane.kim@segment.com; ab50e; i ab50e e:jane.kim@segment.com", resolver=resolver)

    assert people(modelling) == groups("a5285 ab50e jane.kim@segment.com")
    assert at_the_time(modelling) == (1, 1, 2, 1)


def test_i5_a_user_id_joins_anonymous_ids_and_devices(modelling, resolver):
    stream(
        modelling,
        "a:anon_123 ios:ios_abc123; a:anon_123 ios:ios_abc123; i u:abc123def a:anon_123 ios:ios_abc123; "
        "i u:abc123def a:anon_456 android:and_1a2b3c4d; i u:abc123def a:anon_789 android:and_1a2b3c4d",
        resolver=resolver,
    )

    assert people(modelling) == groups("anon_123 ios_abc123 abc123def anon_456 and_1a2b3c4d anon_789")


def test_i6_the_last_identifier_is_dropped_first(modelling, resolver):
    stream(modelling, "i u:abc123 e:jane; i u:abc456 e:jane", resolver=resolver)

    if resolver == "components":
        assert people(modelling) == groups("abc123 jane abc456")
        return
    assert people(modelling) == groups("abc123 jane", "abc456")
    assert at_the_time(modelling) == (1, 2)
    assert modelling.rows("identity_violations", "event_id", "code", "id_type", "id_value") == [
        ("m2", "identifier_value_limit", "email", "jane")
    ]


def test_i7_a_second_user_on_a_device_is_not_merged(modelling, resolver):
    stream(modelling, "u1 a1; a1; u2 a1; a1", resolver=resolver)

    if resolver == "components":
        assert people(modelling) == groups("u1 u2 a1")
        return
    assert people(modelling) == groups("u1 a1", "u2")
    assert at_the_time(modelling) == (1, 1, 2, 1)


def test_i8_what_is_nobodys_id_joins_nobody(modelling, resolver):
    """Ten calls with a user id that is none, or one; each with an anonymous id of its own."""
    values = ("null", "0", "000-000", "-1", "anonymous", "undefined", "", " NULL ", "10", "u9")
    for number, value in enumerate(values):
        modelling.identify(user_id=value, anonymous_id=f"a{number}")

    modelling.run(*_TABLES, identity={"resolver": resolver})

    assert people(modelling) == groups(*(f"a{n}" for n in range(8)), "a8 10", "a9 u9")
    blocked = modelling.query("select count(*) from models.identity_violations where code = 'id_value_blocked'")
    assert blocked == [(8,)]


def test_i9_a_chain_of_aliases_is_one_person_with_or_without_a_cycle(modelling, resolver):
    stream(modelling, "u1 a1; u2 a2; u3 a3; u2 < u1; u3 < u2; u3 < u3; u1 < u3", resolver=resolver)

    assert people(modelling) == groups("u1 a1 u2 a2 u3 a3")
    assert modelling.rows("identity_profiles", "users", "identifiers") == [(1, 6)]


def test_i10_an_alias_joins_an_email_used_as_user_id(modelling, resolver):
    modelling.identify(user_id="jen@email.com", anonymous_id="a1")
    modelling.alias(user_id="507f191e81", previous_id="jen@email.com")
    modelling.page(user_id="507f191e81", anonymous_id="a2")

    modelling.run(*_TABLES, identity={"resolver": resolver})

    assert people(modelling) == groups("jen@email.com a1 507f191e81 a2")


def test_i11_a_shared_ipad_stays_with_the_first_user(modelling, resolver):
    stream(
        modelling,
        "i u1 a1 ios:ipad; i u2 a2 ios:ipad; i u3 a3 ios:ipad; i u4 a4 ios:ipad; a9 ios:ipad",
        resolver=resolver,
    )

    if resolver == "components":
        assert people(modelling) == groups("u1 a1 u2 a2 u3 a3 u4 a4 a9 ipad")
        return
    assert people(modelling) == groups("u1 a1 a9 ipad", "u2 a2", "u3 a3", "u4 a4")
    assert at_the_time(modelling) == (1, 2, 3, 4, 1)


def test_i12_emails_are_compared_without_case(modelling, resolver):
    stream(modelling, "i u1 e:Jane@Example.com_; i a2 e:jane@example.com", resolver=resolver)

    assert people(modelling) == groups("u1 a2 jane@example.com")


def test_i13_the_sixth_value_begins_a_profile_of_its_own(modelling, resolver):
    stream(modelling, "; ".join(f"i u1 e:m{n}" for n in range(1, 7)) + "; i a7 e:m6", resolver=resolver)

    if resolver == "components":
        assert people(modelling) == groups("u1 m1 m2 m3 m4 m5 m6 a7")
        return
    assert people(modelling) == groups("u1 m1 m2 m3 m4 m5", "m6 a7")
    assert at_the_time(modelling) == (1, 1, 1, 1, 1, 1, 2)


def test_i14_a_limit_holds_across_links(modelling, resolver):
    stream(modelling, "i u1 e:e1; i a1 e:e1; u2 a1", resolver=resolver)

    if resolver == "components":
        assert people(modelling) == groups("u1 e1 a1 u2")
        return
    assert people(modelling) == groups("u1 e1 a1", "u2")
    assert at_the_time(modelling) == (1, 1, 2)


def test_i15_a_late_link_counts_from_its_arrival(modelling, resolver):
    stream(modelling, "a1; a2; u1 a2; u1 a1", resolver=resolver)

    assert people(modelling) == groups("u1 a1 a2")
    assert at_the_time(modelling) == (1, 2, 2, 1)


def test_8_2_the_tables_of_profiles_sync(modelling):
    """The example of Segment's documentation, with the event's own time on the last row of the mapping."""
    modelling.page(id="event_1", anonymous_id="5285", at="2022-05-02 14:01:00")
    modelling.identify(id="event_2", anonymous_id="5285", email="jane.kim@segment.com", at="2022-05-02 14:01:47")
    modelling.page(id="event_3", anonymous_id="b50e", at="2022-06-22 10:47:15")
    modelling.identify(id="event_4", anonymous_id="b50e", email="jane.kim@segment.com", at="2022-06-22 10:48:00")

    modelling.run("profile_traits", "user_traits", *_TABLES)

    (first,), (second,) = modelling.query(
        "select segment_id from models.id_graph_updates where segment_id = canonical_segment_id order by seq"
    )
    number = f"case segment_id when '{first}' then 1 when '{second}' then 2 end"
    canonical = f"case canonical_segment_id when '{first}' then 1 when '{second}' then 2 end"
    assert modelling.query(
        f"select {number}, {canonical}, triggering_event_type, triggering_event_id, strftime(timestamp, '%H:%M:%S') "
        "from models.id_graph_updates order by seq"
    ) == [
        (1, 1, "page", "event_1", "14:01:00"),
        (2, 2, "page", "event_3", "10:47:15"),
        (2, 1, "identify", "event_4", "10:48:00"),
    ]
    assert modelling.query(f"select {number}, {canonical} from models.id_graph order by 1") == [(1, 1), (2, 1)]
    assert modelling.query(
        f"select {number}, external_id_type, external_id_value, triggering_event_type, triggering_event_id, "
        "strftime(timestamp, '%H:%M:%S') from models.external_id_mapping_updates order by seq"
    ) == [
        (1, "anonymous_id", "5285", "page", "event_1", "14:01:00"),
        (1, "email", "jane.kim@segment.com", "identify", "event_2", "14:01:47"),
        (2, "anonymous_id", "b50e", "page", "event_3", "10:47:15"),
    ]
    assert modelling.query(f"select {canonical}, value from models.external_id_mapping order by 2") == [
        (1, "5285"),
        (1, "b50e"),
        (1, "jane.kim@segment.com"),
    ]
    merged = f"case merged_to when '{first}' then 1 end"
    assert modelling.query(f"select {canonical}, email, {merged} from models.profile_traits order by 1") == [
        (1, "jane.kim@segment.com", None),
        (2, None, 1),
    ]


def test_u1_records_of_other_systems_match_by_external_id_and_by_email_only_where_that_found_nothing(modelling):
    modelling.identify(user_id="m1", email="z@s.com")
    modelling.csv(
        "zendesk_users",
        [
            {"id": "13", "external_id": "m1", "email": ""},
            {"id": "14", "external_id": "", "email": "z@s.com"},
        ],
    )
    modelling.csv("stripe_customers", [{"id": "cus_2", "email": "z@s.com"}, {"id": "cus_1", "email": "z@s.com"}])

    modelling.run("user_identities")

    assert modelling.rows("user_identities", "user_id", "email", "zendesk_id", "stripe_id") == [
        ("m1", "z@s.com", "13", "cus_1")
    ]
    assert modelling.rows("user_identity_links", "system", "external_key", "matched_by") == [
        ("stripe", "cus_1", "email"),
        ("stripe", "cus_2", "email"),
        ("zendesk", "13", "external_id"),
    ]


def test_spaces_around_an_external_id_do_not_matter(modelling):
    """As around all identifiers; leading zeros do."""
    modelling.identify(user_id="007")
    modelling.csv("zendesk_users", [{"id": "1", "external_id": " 007 "}, {"id": "2", "external_id": "7"}])

    modelling.run("user_identity_links")

    assert modelling.rows("user_identity_links", "external_key", "matched_by") == [("1", "external_id")]


def test_traits_that_were_only_ever_removed_are_none(modelling):
    """They have no column, for they never had a value."""
    modelling.identify(user_id="u1", _nulls='["plan"]')

    modelling.run("user_traits", "profile_traits", "profile_traits_updates")

    assert modelling.rows("user_traits") == modelling.rows("profile_traits_updates") == []
    assert modelling.query("select count(*) from models.profile_traits") == [(1,)]


def test_a_trait_that_is_a_number_is_the_same_text_whatever_numbers_others_have(modelling):
    modelling.identify(user_id="u1", score=3.0)
    modelling.identify(user_id="u2", score=2.5)

    modelling.run("user_traits")

    assert modelling.query("select value from models.user_traits order by seq") == [("3",), ("2.5",)]


def test_the_newest_value_of_a_trait_wins_over_merges_and_a_null_removes_it(modelling):
    modelling.identify(anonymous_id="a1", plan="free", age=30)
    modelling.identify(anonymous_id="a2", plan="pro", age=None, _nulls='["age"]')
    modelling.identify(anonymous_id="a1", user_id="u1", plan=None, city="Ghent")
    modelling.identify(anonymous_id="a2", user_id="u1", plan=None)

    modelling.run("user_traits", "profile_traits", "profile_traits_updates")

    assert modelling.rows("user_traits", "name", "value") == [("city", "Ghent"), ("plan", "pro")]
    assert modelling.query("select plan, age, city from models.profile_traits where merged_to is null") == [
        ("pro", None, "Ghent")
    ]
    assert modelling.query("select plan, age, city from models.profile_traits_updates order by seq") == [
        ("free", 30, None),
        ("pro", None, None),
        ("free", 30, "Ghent"),
        ("pro", None, "Ghent"),
    ]
