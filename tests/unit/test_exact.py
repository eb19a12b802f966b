"""The exact way finds the call, ids, times and objects of odd messages, and the messages of envelopes.

c26 and the like are the cases of the bad-input catalogue.
"""

from datetime import date

import pytest
from exact_way import AT, DATES, a_reader, losses, one, parsed, read, refusals, track

from loader.core.samples import WalkRules
from loader.normalize.exact.reader import ExactMessage, ObjectDates, Refusal


@pytest.mark.parametrize(
    ("event", "text"), [("5", "5"), ("1.50", "1.50"), ("true", "true"), ('""', ""), ('" a "', " a ")]
)
def test_c26_event_names_are_text(event, text):
    assert parsed(one(track(event=event)))["event"] == text


@pytest.mark.parametrize(("event", "told"), [("null", []), (None, []), ("[1]", ["[1]"]), ('{"a":1}', ['{"a":1}'])])
def test_c27_other_event_names_are_left_out(event, told):
    message = one(track(event=event))
    assert "event" not in parsed(message)
    assert losses(message) == [("bad_event_name", "event", text) for text in told]


@pytest.mark.parametrize(
    ("properties", "kept", "lost"),
    [
        ('{"_id":1,"id":2}', {"_id": 1}, [("name_collision", "properties.id", "2")]),
        ('{"_id":1,"id":1}', {"_id": 1}, []),
        ('{"a.b":1,"a":{"b":2}}', {"a": {"b": 2}}, [("name_collision", "properties.a.b", "1")]),
        ('{"a_b":1,"A b":2}', {"a_b": 1}, [("name_collision", "properties.A b", "2")]),
        ('{"aB":"1","A b":1}', {"A b": 1}, [("name_collision", "properties.aB", '"1"')]),
        ('{"a b":[1],"A b":[1]}', {"A b": [1]}, []),
        ('{"a b":1,"A b":null}', {"a b": 1, "A b": None}, []),
        ('{"a b":1,"A b":1e400}', {"a b": 1}, [("number_out_of_range", "properties.A b", "1e400")]),
    ],
)
def test_c36_c38_c39_one_of_several_keys_with_one_column_wins(properties, kept, lost):
    message = one(track(f'"properties":{properties}'))
    assert parsed(message)["properties"] == kept
    assert losses(message) == lost


def test_a_special_value_can_win_a_collision():
    message = one(track(f'"properties":{{"A b":1,"a_b":{2**64}}}'))
    assert (parsed(message)["properties"], message.specials) == ({}, {"/properties/a_b": f"d:{2**64}"})
    assert losses(message) == [("name_collision", "properties.A b", "1")]


@pytest.mark.parametrize(
    "properties", ['"A b":0.1234567890123456789,"a b":1', '"a b":1e400', '"a b":1.00000000000000000001']
)
@pytest.mark.parametrize(
    ("excluded", "is_silent"), [("a_b", True), ("e.a_b", True), ("tracks.a_b", False), ("context_a_b", False)]
)
def test_excluded_columns_tell_no_losses(properties, excluded, is_silent):
    """The properties of a track call are in the table of its event alone."""
    message = one(track(f'"properties":{{{properties}}}'), reader=a_reader(excluded={excluded}))
    assert (losses(message) == []) is is_silent


@pytest.mark.parametrize(
    ("excluded", "is_silent"),
    [
        ({"context_a_b"}, True),
        ({"tracks.context_a_b", "e.context_a_b"}, True),
        ({"tracks.context_a_b"}, False),
        ({"e.context_a_b"}, False),
        ({"tracks.context_a_b", "other.context_a_b"}, False),
    ],
)
def test_a_context_column_is_left_out_when_no_table_of_the_message_has_it(excluded, is_silent):
    line = track('"context":{"A b":1,"a b":2}')
    told = [] if is_silent else [("name_collision", "context.A b", "1")]
    assert losses(one(line, reader=a_reader(excluded=excluded))) == told


def test_reserved_names_take_part_in_naming():
    line = track('"properties":{"channel":1,"_channel":2}')
    assert parsed(one(line))["properties"] == {"channel": 1}
    assert parsed(one(line, reader=a_reader(reserved={"channel"})))["properties"] == {"_channel": 2}


@pytest.mark.parametrize("kind", [None, "null", "5", "true", '{"a":1}', "[]"])
def test_c42_without_a_type_a_line_is_no_message(kind):
    line = track('"userId":7,"anonymousId":"a"', type=kind)
    [refusal] = read(line)
    assert (refusal.reason, refusal.user_id, refusal.anonymous_id) == ("missing_type", "7", "a")
    assert refusal.received_at == AT


@pytest.mark.parametrize(("kind", "call"), [("Track", "track"), (" page ", "page"), ("IDENTIFY", "identify")])
def test_c43_types_are_trimmed_and_lower_case(kind, call):
    assert parsed(one(track(type=f'"{kind}"')))["type"] == call


@pytest.mark.parametrize("kind", ["import", "delete", "merge", "extract", "pixel", ""])
def test_c44_other_types_are_unknown(kind):
    assert refusals(read(track(type=f'"{kind}"', receivedAt=None))) == [(0, "unknown_type")]


def test_c45_a_batch_lies_under_its_items():
    items = [track('"context":{"app":{"b":3}}', messageId='"1"', receivedAt=None), "5"]
    items.append(track('"context":5', messageId='"2"'))
    line = (
        f'{{"batch":[{",".join(items)}],"context":{{"ip":"1","app":{{"a":1,"b":2}}}},"sentAt":"2026-03-01T09:00:00Z",'
        '"receivedAt":"2026-03-02T10:00:00+02:00","requestIP":"9","integrations":{"x":1},"writeKey":"w"}'
    )
    first, second, third = read(line, reader=a_reader(WalkRules(envelope=frozenset({"integrations", "writeKey"}))))
    assert parsed(first)["context"] == {"ip": "1", "app": {"a": 1, "b": 3}}
    assert parsed(first)["receivedAt"] == "2026-03-02T08:00:00.000000Z"
    assert parsed(first)["sentAt"] == "2026-03-01T09:00:00.000000Z"
    assert (parsed(first)["integrations"], parsed(first)["writeKey"]) == ({"x": 1}, "w")
    assert (second.item, second.reason) == (1, "not_an_object")
    assert (third.item, parsed(third)["receivedAt"]) == (2, AT)
    assert "context" not in parsed(third)
    assert losses(third) == [("not_an_object", "context", "5")]


def test_c45_a_gateway_line_fills_time_and_address():
    line = '{"userId":"x","payload":{"batch":[%s],"requestIP":"1.2.3.4","receivedAt":""},"createdAt":"2026-03-05T00:00:00Z"}'
    message = one(line % track(receivedAt=None))
    assert (parsed(message)["context"], parsed(message)["receivedAt"]) == (
        {"ip": "1.2.3.4"},
        "2026-03-05T00:00:00.000000Z",
    )


def test_c46_an_empty_batch_holds_nothing():
    assert read('{"batch":[]}') == []


@pytest.mark.parametrize("line", ["5", "null", "[]", "[1,2]", '"x"', "NaN"])
def test_c47_other_values_are_no_messages(line):
    assert refusals(read(line)) == [(0, "not_an_object")]


def test_envelopes_of_other_systems_are_refused():
    assert refusals(read('{"data":{},"metadata":{}}')) == [(0, "unsupported_envelope")]


def test_arrays_hold_messages_and_refused_items():
    found = read(f"[{track()},5,{track()}]")
    assert [item.item for item in found] == [0, 1, 2]
    assert refusals(found) == [(1, "not_an_object")]


def test_c48_objects_side_by_side_are_messages_of_their_own():
    found = read(track() + " " + track() + '{"batch":[' + track() + "]}{bad")
    assert [type(item) for item in found] == [ExactMessage, ExactMessage, ExactMessage, Refusal]
    assert (found[3].item, found[3].reason) == (3, "bad_json")


@pytest.mark.parametrize(
    ("value", "kept", "lost"),
    [
        ("42", "42", None),
        ("1.50", "1.50", None),
        ("9" * 5000, "9" * 5000, None),
        ('" u "', " u ", None),
        ('""', "", None),
        ("null", None, None),
        ("true", None, "true"),
        ('{"a":[1.50]}', None, '{"a":[1.5]}'),
        ("NaN", None, '"NaN"'),
    ],
)
def test_c50_user_ids_are_text(value, kept, lost):
    message = one(track(f'"userId":{value}'))
    assert parsed(message).get("userId") == kept
    reason = "non_finite" if value == "NaN" else "bad_id"
    assert losses(message) == ([(reason, "userId", lost)] if lost else [])


def test_bad_ids_that_have_no_column_stay_unknown_keys():
    assert parsed(one(track('"groupId":{"a":1},"previousId":7'))) | {"groupId": {"a": 1}, "previousId": "7"} == parsed(
        one(track('"groupId":{"a":1},"previousId":7'))
    )
    assert "groupId" not in parsed(one(track('"groupId":{"a":1}', type='"group"')))


@pytest.mark.parametrize(
    ("value", "kept"), [('" m1 "', "m1"), ("12", "12"), ("1.50", "1.50"), (f'"{"x" * 300}"', "x" * 300)]
)
def test_c52_message_ids_are_trimmed_text(value, kept):
    assert parsed(one(track(messageId=value)))["messageId"] == kept


@pytest.mark.parametrize("value", [None, "null", '" "', r'"\u0000"', "true", "{}", "[1]"])
def test_c52_other_message_ids_are_made_of_the_content(value):
    message = one(track(messageId=value))
    made = parsed(message)["messageId"]
    assert len(made) == 37
    assert made.startswith("auto-")
    assert [reason for reason, _, _ in losses(message) if reason == "bad_message_id"] == ["bad_message_id"] * (
        value in ("true", "{}", "[1]")
    )


def test_c52_the_id_ignores_times_of_arrival_and_order_of_keys():
    line = '{"type":"track","event":"E","n":1.50,"receivedAt":"2026-03-01T10:00:00Z"}'
    other = '{"n":1.50,"event":"E","sentAt":"2026-03-01T10:00:00Z", "type":"track"}'
    # sha256 of {"event":"E","n":1.50,"type":"track"}
    assert parsed(one(line))["messageId"] == parsed(one(other))["messageId"] == "auto-1b4c9d6a6ca3157fe4d32eb0e9445c0f"


def test_c55_equal_messages_without_an_id_are_numbered_within_their_object():
    reader = a_reader()

    def ids(key):
        return [parsed(item)["messageId"][37:] for item in read(track(messageId=None) * 2, reader=reader, key=key)]

    assert (ids("a"), ids("b"), ids("a")) == (["", "-2"], ["", "-2"], ["-3", "-4"])
    reader.forget("a")
    reader.forget("never seen")
    assert ids("a") == ["", "-2"]


@pytest.mark.parametrize(
    ("day", "fields", "received"),
    [
        (date(2026, 3, 1), {"sentAt": '"2026-02-01T00:00:00Z"'}, "2026-03-01T00:00:00.000000Z"),
        (None, {"sentAt": '"2026-02-02T00:00:00Z"'}, "2026-02-02T00:00:00.000000Z"),
        (None, {"originalTimestamp": '"2026-02-03T00:00:00Z"'}, "2026-02-03T00:00:00.000000Z"),
        (None, {}, "2026-03-09T12:00:00.000000Z"),
    ],
)
def test_c56_a_missing_time_of_receipt_is_imputed(day, fields, received):
    dates = ObjectDates(day, DATES.last_modified)
    reader = a_reader()
    message = one(track(receivedAt='"garbage"', **fields), dates=dates, reader=reader)
    assert parsed(message)["receivedAt"] == received
    assert reader.take_warnings()["received_at_imputed"] == 1
    assert losses(message) == [("bad_timestamp", "receivedAt", '"garbage"')]


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("1587600000", "2020-04-23T00:00:00.000000Z"),
        ('"1587600000"', "2020-04-23T00:00:00.000000Z"),
        ("1587600000.5", "2020-04-23T00:00:00.500000Z"),
        ("1587600000123", "2020-04-23T00:00:00.123000Z"),
        ("1587600000123456", "2020-04-23T00:00:00.123456Z"),
        ("1587600000123456789", "2020-04-23T00:00:00.123456Z"),
        ('"2020-04-23"', "2020-04-23T00:00:00.000000Z"),
        ('"2020-04-23 10:00"', "2020-04-23T10:00:00.000000Z"),
        ('"2020-04-23T10:00:00,5+0230"', "2020-04-23T07:30:00.500000Z"),
        ('"2020-04-23T10:00:00-05"', "2020-04-23T15:00:00.000000Z"),
        ('"2020-04-23T10:00:60.25z"', "2020-04-23T10:00:59.999999Z"),
        ('"2020-04-23T10:00:00.123456789Z"', "2020-04-23T10:00:00.123456Z"),
        ('"9999-12-31T23:59:59Z"', "9999-12-31T23:59:59.000000Z"),
    ],
)
def test_c57_c58_c61_times_are_read_in_many_spellings(value, instant):
    message = one(track(sentAt=value))
    assert parsed(message)["sentAt"] == instant
    assert losses(message) == []


@pytest.mark.parametrize("value", ['""', "null", '"0001-01-01T00:00:00Z"'])
def test_c58_unset_times_are_missing(value):
    message = one(track(sentAt=value))
    assert "sentAt" not in parsed(message)
    assert losses(message) == []


@pytest.mark.parametrize(
    "value",
    [
        *('"+10000-01-01T00:00:00Z"', '"2020-02-30T00:00:00Z"', '"2020-01-01T24:00:00Z"', '"x"', '" 2020-01-01"', "-5"),
        *(
            "true",
            "[1]",
            '{"a":1}',
            "12345678901234567890",
            '"2020-01-01T00:00:00+30:00"',
            '"2020-01-01T00:00:00.0123456789Z"',
        ),
        *('"0001-01-01T00:00:00+05:00"', "99999999999999", '"2020-01-01Z"', "9" * 5000),
    ],
)
def test_c58_what_is_no_time_is_told(value):
    message = one(track(sentAt=value))
    kept = parsed(message).get("sentAt")
    if value == "99999999999999":
        assert kept == "5138-11-16T09:46:39.999000Z"
    else:
        assert (kept, losses(message)) == (None, [("bad_timestamp", "sentAt", value)])


@pytest.mark.parametrize(
    ("fields", "happened"),
    [
        (
            {"originalTimestamp": '"2026-03-01T08:00:00Z"', "sentAt": '"2026-03-01T08:00:03Z"'},
            "2026-03-01T09:59:57.000000Z",
        ),
        ({"originalTimestamp": '"2026-03-01T08:00:00Z"'}, "2026-03-01T08:00:00.000000Z"),
        ({"sentAt": '"2026-03-01T08:00:03Z"'}, AT),
        ({"sentAt": '"2026-03-01T08:00:03Z"', "receivedAt": None}, "2026-03-01T08:00:03.000000Z"),
        ({}, AT),
    ],
)
def test_a_missing_timestamp_is_computed(fields, happened):
    assert parsed(one(track(timestamp=None, **fields)))["timestamp"] == happened


def test_c59_a_computed_timestamp_out_of_range_is_the_time_of_receipt():
    message = one(track(timestamp=None, sentAt='"9999-12-31T00:00:00Z"', originalTimestamp='"2026-03-01T08:00:00Z"'))
    assert parsed(message)["timestamp"] == AT
    assert losses(message) == [("bad_timestamp", "timestamp", None)]


@pytest.mark.parametrize("value", ['"x"', "5", "[1]", "true"])
def test_c62_objects_that_are_none_are_removed(value):
    message = one(track(f'"properties":{value},"context":{value}'))
    assert not {"properties", "context"} & set(parsed(message))
    assert losses(message) == [("not_an_object", "properties", value), ("not_an_object", "context", value)]


def test_c62_traits_of_a_track_call_do_not_replace_its_bad_properties():
    message = one(track('"properties":5,"traits":{"a":1}'))
    assert (parsed(message)["properties"], parsed(message)["traits"]) == ({}, {"a": 1})


def test_c63_a_track_call_without_properties_has_traits():
    message = one(track('"properties":null,"traits":{"a b":1,"aB":2}'))
    assert parsed(message)["traits"] == {"aB": 2}
    assert losses(message) == [("name_collision", "traits.a b", "1")]


def test_envelope_keys_are_found_in_any_case_where_the_usual_spelling_is_absent():
    message = one(
        '{"TYPE":"track","MessageID":"m","userid":"u","USERID":"v","Properties":{"a":1},"Event":"E","event":"F"}'
    )
    found = parsed(message)
    assert (found["messageId"], found["userId"], found["USERID"], found["properties"]) == ("m", "u", "v", {"a": 1})
    assert (found["event"], found["Event"]) == ("F", "E")


@pytest.mark.parametrize(
    ("members", "names", "properties"),
    [
        ('"name":"A","properties":{"name":"A","x":1}', ("A", None), {"x": 1}),
        ('"name":"A","properties":{"name":"B","category":"C"}', ("A", "C"), {"name": "B"}),
        ('"name":5,"properties":{"category":true}', ("5", "true"), {}),
        ('"name":{"a":1},"properties":{"name":7}', ("7", None), {}),
        ('"category":[1]', (None, None), None),
    ],
)
def test_names_of_pages_come_from_properties_where_they_say_them(members, names, properties):
    message = parsed(one(track(members, type='"page"')))
    assert (message.get("name"), message.get("category"), message.get("properties")) == (*names, properties)


def test_unknown_keys_stay_and_excluded_ones_go():
    line = track('"foo":{"a":1e3,"A":[{"b":2,"b":3}]},"name":"n","version":2,"channel":"c","empty":null')
    message = one(line)
    assert '"foo":{"a":1000.0,"A":[{"b":2,"b":3}]},"name":"n","empty":null' in message.text
    assert not {"version", "channel"} & set(parsed(message))
    assert parsed(one(line, reader=a_reader(WalkRules(envelope=frozenset({"channel"})))))["channel"] == "c"


def test_c20_numbers_that_other_readers_refuse_are_text_in_unknown_keys_and_go_from_wanted_ones():
    huge = "9" * 5000
    line = track(f'"foo":{{"a":1e400,"b":[{{"c":{huge}}}]}},"version":{huge},"metadata":{{"d":{huge},"e":[{huge},1]}}')
    message = one(line, reader=a_reader(WalkRules(envelope=frozenset({"version", "metadata"}))))
    found = parsed(message)
    assert found["foo"] == {"a": "1e400", "b": [{"c": huge}]}
    assert "version" not in found
    assert found["metadata"] == {"e": [huge, 1]}


@pytest.mark.parametrize(
    ("members", "top", "context"),
    [
        ('"request_ip":"1"', "1", None),
        ('"request_ip":"1","context":{"ip":"2","request_ip":"3"}', "1", {"ip": "2"}),
        ('"request_ip":"1","context":{"ip":null,"requestIp":"1"}', "1", {}),
        ('"request_ip":5', None, {"ip": 5, "request_ip": 5}),
        ('"request_ip":{"a":1},"context":{"b":2}', None, {"b": 2, "ip": {"a": 1}, "request_ip": {"a": 1}}),
        ('"request_ip":null,"context":{"b":2}', None, {"b": 2}),
        (f'"request_ip":"1","context":{{"ip":{2**64}}}', None, {"request_ip": "1"}),
    ],
)
def test_the_address_of_the_sender_is_a_value_of_the_context(members, top, context):
    found = parsed(one(track(members)))
    assert (found.get("request_ip"), found.get("context")) == (top, context)
