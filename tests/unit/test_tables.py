"""Which call makes which rows, and what its tables have from the start."""

import pytest

from loader.core.columns import ColumnType
from loader.core.tables import (
    CALL_TABLE,
    CALLS,
    EXCLUDED,
    call_target,
    event_target,
    is_known_key,
    is_own_table,
    latest_target,
    payload_root,
)

ENVELOPE = [
    *("id", "received_at", "uuid_ts", "anonymous_id", "user_id"),
    *("timestamp", "original_timestamp", "sent_at"),
]


@pytest.mark.parametrize(
    ("call", "own"),
    [
        ("track", ["event", "event_text"]),
        ("identify", []),
        ("page", ["name", "category"]),
        ("screen", ["name", "category"]),
        ("group", ["group_id"]),
        ("alias", ["previous_id"]),
    ],
)
def test_core_columns_of_call_tables(call, own):
    """The envelope in the order of the contract, then what only this call has."""
    assert list(call_target(call).core) == [*ENVELOPE, *own]


def test_tracks_has_no_payload_and_event_tables_have():
    """Properties are in the event's table alone."""
    assert not call_target("track").has_payload
    assert event_target("paid").has_payload
    assert list(event_target("paid").core) == [*ENVELOPE, "event", "event_text"]


@pytest.mark.parametrize(("call", "table"), [("identify", "users"), ("group", "accounts")])
def test_users_and_accounts_have_three_columns_to_begin_with(call, table):
    """No anonymous id and no times but the arrival of the latest call."""
    target = latest_target(call)
    assert (target.name, list(target.core), target.is_latest) == (table, ENVELOPE[:3], True)


def test_ids_are_text_and_times_are_timestamps():
    """Whatever the archive says: a numeric user id is text."""
    core = call_target("track").core
    assert core["user_id"] is core["id"] is ColumnType.TEXT
    assert core["received_at"] is core["sent_at"] is ColumnType.TIMESTAMP


@pytest.mark.parametrize(
    ("call", "keys", "root"),
    [
        ("track", {"properties"}, "properties"),
        ("track", {"properties", "traits"}, "properties"),
        ("track", {"traits"}, "traits"),
        ("track", set(), "properties"),
        ("page", {"traits"}, "properties"),
        ("identify", {"properties"}, "traits"),
        ("group", set(), "traits"),
        ("alias", {"traits"}, "traits"),
    ],
)
def test_the_payload_is_in_properties_or_traits_depending_on_the_call(call, keys, root):
    """A track call without properties may have traits."""
    assert payload_root(call, keys) == root


@pytest.mark.parametrize("call", CALLS)
def test_keys_that_the_call_does_not_have_are_unknown(call):
    """The envelope, the call's own keys and the exclusion list; anything else is unknown."""
    root = payload_root(call, set())
    assert all(is_known_key(call, root, key) for key in ("messageId", "context", "request_ip", root, *EXCLUDED))
    assert not is_known_key(call, root, "extra")
    assert is_known_key(call, root, "groupId") == (call == "group")
    assert is_known_key(call, root, "event") == (call == "track")


def test_every_call_has_a_table():
    """Six calls, six tables."""
    assert set(CALLS) == set(CALL_TABLE)
    assert len(set(CALL_TABLE.values())) == 6


EVENT = ("id", "received_at", "uuid_ts", "event", "event_text")


@pytest.mark.parametrize(
    ("name", "columns", "is_registered", "is_empty", "is_own"),
    [
        ("tracks", ("id", "_object"), False, False, True),
        ("tracks", ("id",), True, True, False),
        ("users", ("id", "uuid_ts"), False, False, True),
        ("users", ("id", "email"), True, True, False),
        ("signed_up", ("id", "plan"), True, False, True),
        ("signed_up", ("plan",), True, False, False),
        ("signed_up", EVENT, False, False, False),
        ("signed_up", EVENT, False, True, True),
        ("signed_up", ("id",), False, True, False),
    ],
)
def test_own_tables_are_told_from_those_of_the_user(name, columns, is_registered, is_empty, is_own):
    """By their columns, by the registry, and where a killed load left them empty."""
    assert is_own_table(name, columns, is_registered, is_empty) is is_own
