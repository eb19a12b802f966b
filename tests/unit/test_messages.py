"""Shapes → columns: which leaf goes where, what is unknown, what is too odd for set-based SQL."""

import json

import pytest
from factories import ABSENT, a_call, a_group_call, a_page_call, a_track_call, an_identify_call

from loader.core.messages import message_columns, naming_rule, source_name, table_excluded
from loader.core.samples import WalkRules, shape_of

LIMIT = 255
NO_RULES = WalkRules()


def columns(message, call="track", excluded=frozenset(), rules=NO_RULES):
    text = message if isinstance(message, str) else json.dumps(message)
    return message_columns(shape_of(text, rules), call, LIMIT, frozenset(excluded))


def names(message, call="track", **keywords):
    return {leaf.column: leaf.is_context for leaf in columns(message, call, **keywords).leaves}


def test_context_is_prefixed_and_payload_is_not():
    """Both are taken apart; a message of the factories is not odd."""
    found = names(a_track_call({"total": 1, "cart": {"id": 2}}))
    assert found == {
        "context_library_name": True,
        "context_library_version": True,
        "context_ip": True,
        "context_locale": True,
        "total": False,
        "cart_id": False,
    }
    assert not columns(a_track_call()).is_odd


def test_excluded_columns_have_no_leaf():
    """Of context as of the payload."""
    assert not {"total", "context_ip"} & set(names(a_track_call(), excluded={"total", "context_ip"}))


def test_null_traits_are_named_in_order():
    """Payload columns only."""
    found = columns(an_identify_call({"b": None, "a": None, "c": {"d": None}, "e": 1}), "identify")
    assert found.null_columns == ["a", "b", "c_d"]


@pytest.mark.parametrize(
    ("call", "key"),
    [("track", "userId"), ("identify", "anonymousId"), ("group", "groupId"), ("alias", "previousId")],
)
def test_a_whole_number_is_no_odd_id(call, key):
    """Of people in every call, and the own one of a group or an alias call."""
    assert not columns(a_call(call, **{key: 42}), call).is_odd


def test_unknown_keys_are_listed():
    """What is neither loaded nor on the exclusion list."""
    assert columns(a_track_call(extra=1, channel="x")).unknown_keys == ["extra"]
    assert "groupId" in columns(a_track_call(groupId="g")).unknown_keys
    assert columns(a_group_call(), "group").unknown_keys == []


def test_traits_beside_properties_are_unknown():
    """Of the two only one is the payload; empty ones are nothing."""
    assert columns(a_track_call(traits={"plan": "pro"})).unknown_keys == ["traits"]
    assert columns(a_track_call(traits={})).unknown_keys == []
    assert columns(a_track_call(traits={"plan": None})).unknown_keys == ["traits"]
    assert columns(a_track_call(traits={"address": {}})).unknown_keys == ["traits"]
    assert columns(an_identify_call(properties={"a": 1}), "identify").unknown_keys == ["properties"]


def test_the_address_of_the_sender_is_context():
    """It has a column of its own and fills that of the context, which is odd only where both are sent in one leaf."""
    found = columns(a_track_call(request_ip="198.51.100.7"))
    assert {leaf.column for leaf in found.leaves if leaf.path == ("request_ip",)} == {
        "context_request_ip",
        "context_ip",
    }
    assert (found.unknown_keys, found.is_odd) == ([], False)


@pytest.mark.parametrize(
    ("context", "is_odd"),
    [
        ({}, False),
        ({"ip": "192.0.2.1"}, False),
        ({"ip": {}}, True),
        ({"ip": {"v4": "192.0.2.1"}}, True),
        ({"IP": "192.0.2.1"}, True),
        ({"requestIp": "192.0.2.1"}, True),
    ],
)
def test_an_address_of_the_sender_beside_other_values_of_its_columns_is_odd(context, is_odd):
    assert columns(a_track_call(request_ip="198.51.100.7", context=context)).is_odd is is_odd
    assert not columns(a_track_call(context=context)).is_odd


@pytest.mark.parametrize("value", ["x", {}], ids=["a text", "an empty object"])
def test_a_key_of_the_envelope_in_another_case_is_odd(value):
    assert columns(a_page_call(name=ABSENT, Name=value), "page").is_odd


def test_envelope_keys_that_are_wanted_have_a_column_in_every_table():
    """By their name in snake case; objects are taken apart below it."""
    rules = WalkRules(envelope=frozenset({"writeKey", "integrations"}))
    message = a_track_call({}, writeKey="w", integrations={"Google Ads": True}, context={})
    assert names(message, rules=rules) == {"write_key": True, "integrations_google_ads": True}
    assert names(message) == {}


def test_what_a_user_leaves_out_of_one_table():
    """A name without a table is left out of every table, one with a table of that alone."""
    excluded = frozenset({"note", "tracks.user_id", "paid.total"})
    assert table_excluded(excluded, "tracks") == {"note", "user_id"}
    assert table_excluded(excluded, "paid") == {"note", "total"}
    assert table_excluded(excluded, "pages") == {"note"}


def test_the_name_of_a_page_is_not_loaded_twice():
    """A property that repeats the top-level name has no column of its own; one that differs has."""
    assert "_name" not in names(a_page_call({"name": "Home"}), "page")
    assert "_name" in names(a_page_call({"name": "Other"}), "page")


@pytest.mark.parametrize(
    "message",
    [
        '{"type":"track","properties":{"a":1,"a":2}}',
        a_track_call({"a b": 1, "a_b": 2}),
        a_track_call({"a.b": 1, "a": {"b": 2}}),
        a_track_call(userId=5.5),
        a_track_call(messageId=5),
        a_track_call(groupId=5),
        a_track_call(userId={"id": 1}),
        a_track_call(userId={}),
        a_track_call(receivedAt=1587600000),
        a_track_call(event=["x"]),
        a_track_call("text"),
        a_track_call(context=[1]),
        a_call("track", event="x", messageid="lower", message_id=None),
    ],
    ids=[
        *("repeated key", "two spellings", "dotted and nested", "a fraction for a user", "a number for the message"),
        *("a number for the group of a track", "object id", "empty id", "epoch"),
        *("event is an array", "properties is text", "context is an array", "key in lower case"),
    ],
)
def test_odd_messages_go_the_exact_way(message):
    """Where set-based SQL would take a message for something else."""
    if isinstance(message, dict) and "messageid" in message:
        del message["messageId"]
    assert columns(message).is_odd


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(a_page_call(name=5), id="name is a number"),
        pytest.param(a_page_call({"category": 5}), id="category of the properties is a number"),
        pytest.param(a_page_call({"name": {"first": 1}}), id="name of the properties is an object"),
        pytest.param(a_page_call(name={}), id="name is an empty object"),
        pytest.param(a_page_call(batch=[]), id="a batch"),
        pytest.param(a_page_call(payload=[{}]), id="a payload"),
    ],
)
def test_odd_pages_go_the_exact_way(message):
    """What a page's own columns say, and lines that are batches whatever else they say."""
    assert columns(message, "page").is_odd
    assert not columns(a_page_call({"category": "docs"}), "page").is_odd


@pytest.mark.parametrize(
    ("path", "column", "rule"),
    [
        (("properties", "productId"), "product_id", "snake_case"),
        (("properties", "order"), "_order", "escaped"),
        (("properties", "日本語"), "x77710aed", "hashed"),
        (("context", "app", "name"), "context_app_name", "snake_case"),
    ],
)
def test_the_registry_says_how_a_name_came_about(path, column, rule):
    """And keeps the name that the source has."""
    assert naming_rule(path, column) == rule
    assert source_name(path) == ".".join(path)


def test_shapes_share_the_leaves_and_objects_that_they_have_in_common():
    """An archive of tens of thousands of shapes takes the memory of their few leaves, not of all of them."""
    one, other = columns(a_track_call({"total": 1})), columns(a_track_call({"total": 2, "coupon": "x"}))

    assert {id(leaf) for leaf in one.leaves} < {id(leaf) for leaf in other.leaves}
    assert one.objects is other.objects
