"""Identity resolution equals the event-by-event rules, and does not depend on the order of rows."""

import random
from datetime import timedelta

import pytest
from modelling import START, Modelling
from reference.identity import Event, replay

_STREAMS = 300
_LIMITS = {"user_id": (1, None), "anonymous_id": (3, None), "ios.id": (2, timedelta(days=7))}
_SETTINGS = {
    "limits": {"user_id": "1 ever", "anonymous_id": "3 ever", "ios.id": "2 weekly"},
    "max_merges": 1,
    "max_identifiers": 7,
}
_TABLES = (
    "external_id_mapping",
    "event_profiles",
    "identity_profiles",
    "identity_violations",
    "profile_traits",
    "id_graph",
)


def streams(seed):
    """Calls of many small worlds whose ids never meet: (call, columns, event) each."""
    chance = random.Random(seed)
    calls = []
    for world in range(_STREAMS):
        users, devices = chance.randint(1, 4), chance.randint(1, 6)
        for number in range(chance.randint(2, 14)):
            at = START + timedelta(hours=chance.choice([1, 1, 30]) * number, microseconds=chance.randrange(3))
            key = f"w{world}n{number}"
            columns, ids = {}, []

            def add(kind, column, value, columns=columns, ids=ids):
                columns[column] = value
                ids.append((kind, value))

            is_alias = chance.random() < 0.12
            if is_alias or chance.random() < 0.5:
                add("user_id", "user_id", f"{world}u{chance.randint(1, users)}")
            if chance.random() < 0.7:
                add("anonymous_id", "anonymous_id", f"{world}a{chance.randint(1, devices)}")
            if chance.random() < 0.25:
                add("ios.id", "context_device_id", f"{world}d{chance.randint(1, 3)}")
                columns["context_device_type"] = "ios"
            previous = None
            if is_alias:
                previous = f"{world}{chance.choice('ua')}{chance.randint(1, users + 2)}"
                columns["previous_id"] = previous
            call = "alias" if is_alias else chance.choice(["page", "identify"])
            if call == "identify" and chance.random() < 0.4:
                add("email", "email", f"{world}e{chance.randint(1, 3)}")
            columns |= {"id": key, "at": at}
            calls.append((call, columns, Event(("web", call, key), at, tuple(ids), previous)))
    return calls


def resolve(folder, calls, **settings):
    modelling = Modelling(folder)
    for call, columns, _ in calls:
        modelling.call(call, **columns)
    modelling.run(*_TABLES, identity=settings, passes=False)
    return modelling


@pytest.mark.parametrize("resolver", ["unify", "components"])
def test_the_resolver_equals_the_rules_event_by_event(tmp_path, resolver):
    """Profiles of all calls at the time and now, merges in their order, and every identifier dropped."""
    calls = streams(7)
    events = [event for _, _, event in calls]
    expected = replay(events, _LIMITS, caps=(1, 7), protect=resolver == "unify")
    order = sorted(events, key=lambda event: (event.received_at, event.key))

    modelling = resolve(tmp_path, calls, resolver=resolver, max_users_per_profile=1000, **_SETTINGS)

    created = "select segment_id, triggering_event_id as id from models.id_graph_updates where segment_id = canonical_segment_id"
    found = modelling.query(
        f"with n as ({created}) select p.source, p.call, p.event_id, s.id, c.id from models.event_profiles as p "
        "join n as s on s.segment_id = p.segment_id join n as c on c.segment_id = p.canonical_segment_id"
    )
    assert {(source, call, key): (at, now) for source, call, key, at, now in found} == {
        key: (order[number].key[2], order[expected.canonical[number]].key[2])
        for key, number in expected.at_the_time.items()
    }
    moves = modelling.query(
        f"with n as ({created}) select s.id, c.id, u.triggering_event_id from models.id_graph_updates as u "
        "join n as s on s.segment_id = u.segment_id join n as c on c.segment_id = u.canonical_segment_id "
        "where u.segment_id <> u.canonical_segment_id"
    )
    assert sorted(moves) == sorted((order[old].key[2], order[new].key[2], key[2]) for old, new, key in expected.moves)
    dropped = modelling.query(
        "select event_id, id_value from models.identity_violations where code like 'identifier_value%'"
    )
    by_key = {event.key: event for event in events}
    assert sorted(dropped) == sorted(
        (key[2], value)
        for key, node in expected.dropped
        for value in {v for k, v in node if (k, v) in by_key[key].ids or v == by_key[key].previous}
    )
    if resolver == "unify":
        assert len(expected.dropped) > 100
        assert modelling.query(
            "select count(*) > 0 from models.identity_violations where code like '%merge_limit'"
        ) == [(True,)]


def test_the_order_of_rows_changes_nothing(tmp_path):
    """An archive loaded in another order gives identical tables."""
    calls = streams(11)
    shuffled = random.Random(3).sample(calls, len(calls))
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()

    one, two = (resolve(tmp_path / name, given) for name, given in (("one", calls), ("two", shuffled)))

    assert_same_tables(one, two)


def test_what_is_done_part_by_part_is_the_same(tmp_path, monkeypatch):
    """More calls than memory holds at once are put in order, replayed and written in parts; some without a time of arrival."""
    calls = streams(13)
    calls += [("page", {"id": f"undated{n}", "anonymous_id": f"1a{n}", "received_at": None}, None) for n in range(3)]
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole = resolve(tmp_path / "whole", calls)
    monkeypatch.setattr("loader.models.identity.calls._ROWS_IN_ORDER", 100)
    monkeypatch.setattr("loader.models.identity.observed._CALLS_IN_ORDER", 100)
    monkeypatch.setattr("loader.models.passes.SPAN", 100)

    parts = resolve(tmp_path / "parts", calls)

    assert_same_tables(whole, parts)


def assert_same_tables(one, two):
    """All that a resolution writes."""
    for table in (*_TABLES, "id_graph_updates", "external_id_mapping_updates", "profile_traits_updates", "user_traits"):
        assert one.rows(table) == two.rows(table), table
