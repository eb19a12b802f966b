"""Keys that share a column, whatever kinds of values they hold.

The number in a name is that of the line of the catalogue.
"""

import json

import pytest
from factories import ABSENT, a_call, a_page_call, a_track_call


def test_38_an_empty_object_is_no_value_of_a_shared_column(loading):
    """`{"a":{"b":{}}}` beside `a.b` says nothing, also where another message has a value there."""
    loading.write(a_track_call({"a": {"b": {}}, "a.b": [1]}), a_track_call({"a": {"b": 1}}, message_id="m2"))

    loading.load()

    assert loading.held().rows("order_completed")["m1"]["a_b"] == "[1]"
    assert loading.differences() == []


@pytest.mark.parametrize(
    "call",
    [
        *(a_call("track", **{"event": "Paid", key: {}}) for key in ("userId", "anonymousId", "event")),
        {**a_track_call(), "messageId": {}},
        *(a_call("track", event="Paid", **{key: {}}) for key in ("receivedAt", "timestamp", "sentAt")),
        *(a_call("track", event="Paid", **{key: {}}) for key in ("originalTimestamp", "request_ip", "batch")),
        a_call("group", groupId={}),
        a_call("alias", previousId={}),
        a_page_call(name={}),
        a_page_call(category={}),
        a_page_call({"name": "Home"}, name=["Home"]),
        a_page_call({"name": ["Home"]}, name=ABSENT),
        a_page_call({"name": {}, "category": {}}, name=ABSENT),
        a_page_call({"name": {"first": 1}}, name=ABSENT),
        a_page_call(name=ABSENT, Name={}),
    ],
    ids=lambda call: "{} {}".format(
        call["type"], "+".join(key for key in call if call[key] == {} and key != "integrations")
    ),
)
def test_an_object_is_no_text_even_when_it_is_empty(loading, call):
    """Where a text or an instant belongs, it is as wrong as any other object, and as a list."""
    loading.write(call, a_page_call(message_id="other"), a_track_call(message_id="another"))

    loading.load()

    assert loading.differences() == []


@pytest.mark.parametrize("name", [["Home"], [], {"first": 1}, {}], ids=str)
def test_a_name_that_is_no_text_is_a_discard(loading, name):
    """The page takes the name of its properties."""
    loading.write(a_page_call({"name": "Start"}, name=name, category=name))

    loading.load()

    row = loading.held().rows("pages")["m1"]
    assert (row["name"], row.get("category")) == ("Start", None)
    assert loading.query("select source_path, reason, value_json from _loader.discards order by all") == [
        (key, "bad_name", json.dumps(name, separators=(",", ":"))) for key in ("category", "name")
    ]


@pytest.mark.parametrize("address", ["192.0.2.9", 5, True, [1], {"v4": "192.0.2.9"}], ids=str)
def test_the_address_of_the_sender_may_be_of_another_kind_than_that_of_the_context(loading, address):
    """It is `context_request_ip`, and `context_ip` where the context has none; the two columns may differ in type."""
    loading.write(
        a_page_call(request_ip=address),
        a_page_call(request_ip=address, context={}, message_id="m2"),
        a_page_call(context={"ip": 4.5}, message_id="m3"),
        a_page_call(context={"ip": "2026-03-01T10:00:00Z"}, message_id="m4"),
    )

    loading.load()

    assert loading.differences() == []


@pytest.mark.parametrize("address", [2**64, [2**64]], ids=str)
def test_the_address_of_the_sender_never_replaces_that_of_the_context(loading, address):
    """Nor one that is a number beyond 64 bits."""
    loading.write(a_page_call(context={"ip": address}, request_ip="192.0.2.9"))

    loading.load()

    assert loading.held().rows("pages")["m1"]["context_ip"] == str(address)
    assert loading.differences() == []


@pytest.mark.parametrize(
    "context", [{"ip": {"v4": "192.0.2.8"}}, {"ip": {}}, {"requestIp": "192.0.2.8"}, {"IP": "192.0.2.8"}], ids=str
)
def test_the_address_of_the_sender_meets_its_columns_in_the_context(loading, context):
    """An object is no missing `ip`; of two keys with one column, the one that is spelled like it wins."""
    loading.write(
        a_page_call(context=context, request_ip="192.0.2.9"), a_page_call(context={"ip": "1"}, message_id="m2")
    )

    loading.load()

    assert loading.held().rows("pages")["m1"]["context_request_ip"] == "192.0.2.9"
    assert loading.differences() == []


def test_a_plain_address_of_the_sender_takes_the_fast_way(loading):
    """Beside an address in the context, or instead of one."""
    loading.write(a_page_call(request_ip="192.0.2.9"), a_page_call(request_ip="192.0.2.9", context={}, message_id="m2"))

    assert loading.load()["exact_lines"] == 0


@pytest.mark.parametrize("other", [5, 1.5, True, "2026-03-01T10:00:00Z", ["Start"]], ids=str)
@pytest.mark.parametrize("name", ["Start", ["Start"], [10**20], 7], ids=str)
def test_a_page_takes_the_name_of_its_properties_whatever_other_pages_have_there(loading, name, other):
    """Beside the name of another page it is a column of its own, `_name`, which may be of any type."""
    loading.write(a_page_call({"name": other}, name="Home"), a_page_call({"name": name}, name=ABSENT, message_id="m2"))

    loading.load()

    rows = loading.held().rows("pages")
    assert (rows["m1"]["name"], "_name" in rows["m1"]) == ("Home", True)
    assert rows["m2"]["name"] == (name if isinstance(name, str) else json.dumps(name))
    assert loading.differences() == []
