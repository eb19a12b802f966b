"""The exact way: what it makes of odd lines, rule by rule, and that the slow reference agrees."""

import base64
import json
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from canonical import number_text, text_of
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.messages import Message, Options, Reader
from reference.parsing import RawMessage, read_line

from loader.core.dialect import pointer
from loader.core.naming import column_name
from loader.core.samples import WalkRules
from loader.normalize.exact.reader import ExactMessage, ExactReader, ObjectPlace, Refusal

PLACE = ObjectPlace(date(2026, 3, 1), datetime(2026, 3, 9, 12, tzinfo=UTC))
AT = "2026-03-01T10:00:00.000000Z"


NO_RULES = WalkRules()


def a_reader(rules=NO_RULES, reserved=frozenset(), excluded=frozenset()):
    return ExactReader(rules, 255, frozenset(reserved), frozenset(excluded))


def read(line, is_cut=False, reader=None, key="k", place=PLACE):
    raw = line if isinstance(line, bytes) else line.encode("utf-8")
    return (reader or a_reader()).read(key, place, raw, is_cut)


def track(members="", **fields):
    """The text of a track call; `members` is JSON text that is added as it is, fields replace (None leaves out)."""
    known = {"type": '"track"', "messageId": '"m"', "event": '"E"', "receivedAt": f'"{AT}"', "timestamp": f'"{AT}"'}
    known |= fields
    listed = [f'"{key}":{value}' for key, value in known.items() if value is not None]
    return "{" + ",".join([*listed, *([members] if members else [])]) + "}"


def one(line, **kwargs):
    found = read(line, **kwargs)
    assert len(found) == 1, found
    assert isinstance(found[0], ExactMessage), found
    return found[0]


def parsed(message):
    return json.loads(message.text)


def losses(message):
    return [(loss.reason, ".".join(loss.path), loss.value_json) for loss in message.losses]


def refusals(found):
    return [(item.item, item.reason) for item in found if isinstance(item, Refusal)]


@pytest.mark.parametrize(
    ("line", "reason", "offset"),
    [
        ('{"a":1,}', "bad_json", 7),
        ("{'a':1}", "bad_json", 1),
        ('{"a":01}', "bad_json", 6),
        ("stray", "bad_json", 0),
        ('{"ä€":x}', "bad_json", 9),
        ('{"a":1} x', "bad_json", 8),
        (b'{"\xff\xff":x}', "bad_json", 6),
    ],
)
def test_c01_malformed_json_is_refused_with_its_byte_offset(line, reason, offset):
    [refusal] = read(line)
    assert (refusal.item, refusal.reason, refusal.byte_offset) == (0, reason, offset)


def test_c02_a_line_cut_mid_object_is_truncated():
    assert refusals(read('{"type":"track","ev', is_cut=True)) == [(0, "truncated_line")]
    assert refusals(read('{"type":"track","ev')) == [(0, "bad_json")]
    assert refusals(read('{"a":1} x', is_cut=True)) == [(0, "bad_json")]


def test_a_blank_line_holds_nothing():
    assert read(" \t\v ") == []


def test_c09_line_separators_inside_strings_are_data():
    assert parsed(one(track('"properties":{"a":"x\u2028y"}')))["properties"] == {"a": "x\u2028y"}


def test_c10_raw_control_characters_are_kept_and_told():
    message = one(track('"properties":{"a":"x\ty\x00"}'))
    assert '"x\\ty\\u0000"' in message.text
    assert losses(message) == [("control_char", "", None)]
    assert losses(one(track('"properties":\t{"a":"x\\ty"}'))) == []


def test_c11_c12_invalid_utf8_is_replaced_in_values_and_keys():
    raw = track('"properties":{"a":"?","b":1}').encode().replace(b'"?"', b'"\xff"').replace(b'"b"', b'"b\xfe"')
    message = one(raw)
    assert parsed(message)["properties"] == {"a": "\ufffd", "b\ufffd": 1}
    assert losses(message) == [("invalid_utf8", "", json.dumps(base64.b64encode(raw).decode()))]


def test_c13_lone_surrogates_are_replaced_in_values_and_keys():
    message = one(track(r'"properties":{"a":"x\ud800","\udc00":[{"\ud801":"\ud802"}],"b":"\ud83d\ude00"}'))
    assert parsed(message)["properties"] == {"a": "x\ufffd", "\ufffd": [{"\ufffd": "\ufffd"}], "b": "😀"}
    assert losses(message) == [
        ("lone_surrogate", "properties.a", r'"x\ud800"'),
        ("lone_surrogate", "properties.\ufffd", r'"\udc00"'),
        ("lone_surrogate", "properties.\ufffd", r'"\ud801"'),
        ("lone_surrogate", "properties.\ufffd", r'"\ud802"'),
    ]


def test_c14_nul_in_a_value_stays_escaped():
    message = one(track(r'"properties":{"a":"x\u0000y"}'))
    assert r'"a":"x\u0000y"' in message.text
    assert losses(message) == []


def test_c15_nul_in_ids_is_removed():
    message = one(track(r'"userId":"u\u0000"', messageId=r'"m\u00001"'))
    assert (parsed(message)["messageId"], parsed(message)["userId"]) == ("m1", "u")
    assert losses(message) == [
        ("nul_byte", "messageId", r'"m\u00001"'),
        ("nul_byte", "userId", r'"u\u0000"'),
    ]


def test_c16_the_last_of_repeated_keys_wins():
    message = one(track('"properties":{"a":{"x":1.50},"b":2,"a":3}'))
    assert list(parsed(message)["properties"].items()) == [("b", 2), ("a", 3)]
    assert losses(message) == [("duplicate_key", "properties.a", '{"x":1.5}')]


def test_c16_inside_arrays_repeated_keys_stay():
    message = one(track('"properties":{"a":[{"x":1,"x":2},{},[]]}'))
    assert '"a":[{"x":1,"x":2},{},[]]' in message.text
    assert losses(message) == []


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_c17_what_is_no_number_is_null(literal):
    message = one(track(f'"properties":{{"a":{literal},"b":[{literal}]}}'))
    assert parsed(message)["properties"] == {"a": None, "b": [None]}
    assert losses(message) == [
        ("non_finite", "properties.a", f'"{literal}"'),
        ("non_finite", "properties.b", f'"{literal}"'),
    ]


@pytest.mark.parametrize("literal", ["1e400", "-1e400", "9" * 39, "-" + "9" * 39, "9" * 5000])
def test_c18_c19_c20_numbers_out_of_range_are_removed(literal):
    message = one(track(f'"context":{{"n":{literal}}},"properties":{{"a":{literal},"b":1}}'))
    assert (parsed(message)["context"], parsed(message)["properties"]) == ({}, {"b": 1})
    assert losses(message) == [
        ("number_out_of_range", "context.n", literal),
        ("number_out_of_range", "properties.a", literal),
    ]
    assert message.specials == {}


def test_c19_integers_beyond_64_bits_stand_beside_the_message():
    message = one(
        track(
            '"properties":{"a":9223372036854775807,"b":-9223372036854775808,"c":9223372036854775808,"d/e":{"f":%s}}'
            % ("-" + "1" * 38)
        )
    )
    assert parsed(message)["properties"] == {"a": 2**63 - 1, "b": -(2**63), "d/e": {}}
    assert message.specials == {"/properties/c": "d:9223372036854775808", "/properties/d~1e/f": "d:-" + "1" * 38}
    assert losses(message) == []


@pytest.mark.parametrize(
    ("literal", "kept"),
    [
        ("0.1234567890123456789", "0.12345678901234568"),
        ("10000000000000000.5", "10000000000000000.0"),
        ("1e-400", "0.0"),
        ("-1e-99999999999999999999", "-0.0"),
    ],
)
def test_c21_a_float_that_loses_digits_becomes_the_nearest(literal, kept):
    message = one(track(f'"properties":{{"a":{literal}}}'))
    assert f'"properties":{{"a":{kept}}}' in message.text
    assert losses(message) == [("precision", "properties.a", literal)]


@pytest.mark.parametrize(
    ("literal", "spelled"), [("1e3", "1000.0"), ("1.50", "1.5"), ("1e22", "1e22"), ("12e-8", "1.2e-7"), ("-0", "0")]
)
def test_numbers_are_spelled_as_the_engine_does(literal, spelled):
    message = one(track(f'"properties":{{"a":{literal}}}'))
    assert f'"properties":{{"a":{spelled}}}' in message.text
    assert losses(message) == []


@pytest.mark.parametrize(
    ("array", "text"),
    [
        ("[1, 9223372036854775808]", "s:[1,9223372036854775808]"),
        ('[{"a":1e400,"a":1.50}]', 's:[{"a":1e400,"a":1.5}]'),
        ("[0.1234567890123456789]", "s:[0.12345678901234568]"),
        ("[%s]" % ("9" * 5000), "s:[%s]" % ("9" * 5000)),
    ],
)
def test_json_text_with_numbers_that_the_engine_would_change_stands_beside_the_message(array, text):
    message = one(track(f'"properties":{{"a":{array},"b":[1.5]}}'))
    assert parsed(message)["properties"] == {"b": [1.5]}
    assert message.specials == {"/properties/a": text}
    assert losses(message) == []


def nested(depth, inner="1"):
    return '{"k":' * depth + inner + "}" * depth


def test_c22_deep_objects_stay_in_the_text_and_deep_numbers_go_beside_it():
    message = one(track(f'"properties":{nested(12, "1e400")}'))
    assert message.specials == {"/properties" + "/k" * 10: 's:{"k":{"k":1e400}}'}
    assert one(track(f'"properties":{nested(511)}')).text.count('"k"') == 511
    chosen = a_reader(WalkRules(texts=frozenset({("track", "properties", "k")})))
    assert one(track(f'"properties":{nested(2, "1e400")}'), reader=chosen).specials == {
        "/properties/k": 's:{"k":1e400}'
    }


def test_a_deep_message_without_an_id_gets_one():
    assert parsed(one(track(f'"properties":{nested(511)}', messageId=None)))["messageId"].startswith("auto-")


@pytest.mark.parametrize(
    "line", ["[" * 100_000, '{"a":' * 100_000, track(f'"properties":{nested(512)}'), '{"a":"]"}{"b":' + "[" * 513]
)
def test_c23_too_deep(line):
    [refusal] = read(line)
    assert (refusal.item, refusal.reason) == (0, "too_deep")


def test_c23_a_deep_caller_gets_an_answer_too():
    def called(frames):
        return read(nested(400)) if frames == 0 else called(frames - 1)

    assert refusals(called(sys.getrecursionlimit() - 300)) == [(0, "too_deep")]


def test_c23_brackets_in_strings_do_not_nest():
    assert parsed(one(track('"properties":{"a":"%s\\""}' % ("[" * 600))))["properties"]["a"] == "[" * 600 + '"'
    assert refusals(read('{"a":"' + "[" * 600 + "\\")) == [(0, "bad_json")]


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
    place = ObjectPlace(day, PLACE.last_modified)
    reader = a_reader()
    message = one(track(receivedAt='"garbage"', **fields), place=place, reader=reader)
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


# What follows compares with the slow reference.

NUMBERS = st.sampled_from(
    [
        *("0", "-0", "1", "-7", "1.0", "1e3", "1.50", "1e22", "-2.5e-9", "1e400", "-1e400", "1e-400"),
        *("9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809"),
        *("0.1234567890123456789", "1" * 38, "1" * 39, "9" * 4400),
    ]
)
STRINGS = st.sampled_from(
    [
        *('""', '" "', '"a"', r'"b\u0000"', r'"\ud800"', r'"\ud83d\ude00"', '"x\ty"', '"é"', '"007"', '"true"'),
        *('"1.50"', r'"\"[{"', '"2026-03-01T10:00:00Z"', '"2026-03-02 10:00"'),
    ]
)
SCALARS = NUMBERS | STRINGS | st.sampled_from(["null", "true", "false", "NaN", "-Infinity"])
KEYS = st.sampled_from(
    ["a", "b", "A b", "a_b", "aB", "id", "_id", "name", "category", "ip", "", "!", "é", "order", "x.y"]
)


def an_object(values, keys=KEYS, unique=False):
    pairs = st.lists(st.tuples(keys, values), max_size=5, unique_by=(lambda pair: pair[0]) if unique else None)
    return pairs.map(lambda found: "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in found) + "}")


INNER = st.recursive(
    SCALARS,
    lambda value: st.lists(value, max_size=3).map(lambda items: f"[{','.join(items)}]") | an_object(value, unique=True),
    max_leaves=6,
)
OBJECTS = an_object(INNER | an_object(INNER | an_object(INNER)))
TIMES = st.sampled_from(
    [
        *("null", '""', '"x"', "-5", "true", "NaN", '"0001-01-01T00:00:00Z"', '"2026-02-30"', '"2026-03-01"', "[1]"),
        *(
            "1587600000123",
            '"1587600000123"',
            "1587600000123456.75",
            '"2026-03-01T10:00:60Z"',
            '"9999-12-31T00:00:00Z"',
        ),
        *('"2026-03-01T10:00:00.123456789+02:00"', '"2026-03-01T09:59:58,25Z"', f'"{AT}"'),
    ]
)
ENVELOPE_TIMES = TIMES.filter(lambda value: value != "NaN")
TYPES = st.sampled_from(
    ['"track"', '"Track"', '" page"', '"screen"', '"identify"', '"group"', '"alias"', '"import"', "null"]
)


@st.composite
def messages(draw):
    fields = {"type": draw(TYPES)}
    for keys, values in (
        (("messageId", "messageID"), SCALARS | st.just("{}")),
        (("userId", "userid", "anonymousId", "groupId", "previousId"), SCALARS | OBJECTS),
        (("receivedAt", "timestamp", "sentAt", "originalTimestamp", "SentAt"), TIMES),
        (("event", "name", "category", "Name"), SCALARS | OBJECTS),
        (("context", "properties", "traits", "Properties", "context", "properties"), OBJECTS | OBJECTS | SCALARS),
        (("request_ip", "foo", "version", "integrations"), SCALARS | OBJECTS),
    ):
        for key in draw(st.lists(st.sampled_from(keys), max_size=3, unique=True)):
            fields[key] = draw(values)
    pairs = draw(st.permutations([f"{json.dumps(key)}:{value}" for key, value in fields.items()]))
    if pairs and draw(st.booleans()):
        pairs = [*pairs, pairs[0]]
    return "{" + ", ".join(pairs) + "}"


@st.composite
def lines(draw):
    items = draw(st.lists(messages() | messages() | SCALARS, min_size=1, max_size=3))
    listed = ",".join(items)
    context = draw(OBJECTS | st.just("5"))
    ip = draw(st.sampled_from(['"9.9.9.9"', "null"]))
    sent, received = draw(ENVELOPE_TIMES), draw(ENVELOPE_TIMES)
    extra = f'"context":{context},"sentAt":{sent},"receivedAt":{received},"requestIP":{ip},"writeKey":"w"'
    form = draw(st.sampled_from(["plain", "plain", "plain", "array", "batch", "gateway", "beside", "cut"]))
    if form == "plain":
        return items[0], False
    if form == "array":
        return f"[{listed}]", False
    if form == "batch":
        return f'{{"batch":[{listed}],{extra}}}', False
    if form == "gateway":
        return f'{{"payload":{{"batch":[{listed}],{extra}}},"createdAt":{draw(ENVELOPE_TIMES)}}}', False
    if form == "cut":
        return items[0][: draw(st.integers(0, len(items[0])))], draw(st.booleans())
    return "".join(items), False


def special_columns(message, call, root):
    """What the specials say, as (root, column) → canonical text."""
    found = {}
    for place, value in message.specials.items():
        path = tuple(part.replace("~1", "/").replace("~0", "~") for part in place.split("/")[1:])
        assert pointer(path) == place
        text = number_text(Decimal(value[2:])) if value.startswith("d:") else text_of(value[2:])
        found[path[0], column_name(path, call, 255)] = text
    assert {key for key, _ in found} <= {"context", root}
    return found


def told(losses):
    return {
        (loss.reason, tuple(key.encode(errors="replace").decode() for key in loss.path))
        for loss in losses
        if loss.reason != "unknown_top_level"
    }


def assert_same(expected: Message, message: ExactMessage):
    # Strict: no NaN, no raw control characters.
    json.loads(message.text, parse_int=str, parse_constant=lambda name: pytest.fail(name))
    again = read_line(1, message.text.encode(), False)
    [raw] = again.messages
    assert raw.lost == []
    body = raw.body
    # A key that was removed must not be replaced by a variant of its spelling, which set-based SQL does not look for.
    for key in ("userId", "sentAt", "originalTimestamp", "context", "properties", "traits", "name", "category"):
        body.setdefault(key, None)
    found = Reader("again", PLACE.received_day, PLACE.last_modified, Options()).read(1, raw)
    assert isinstance(found, Message), found
    assert (body["type"], body["messageId"]) == (found.call, found.id) == (expected.call, expected.id)
    assert body["receivedAt"] == expected.envelope["received_at"]
    assert body["timestamp"] == expected.envelope["timestamp"]
    assert body.get("sentAt") == expected.envelope["sent_at"]
    assert body.get("originalTimestamp") == expected.envelope["original_timestamp"]
    assert found.envelope == expected.envelope
    root = (
        "traits"
        if expected.call in ("identify", "group", "alias") or not isinstance(body.get("properties"), dict)
        else "properties"
    )
    specials = special_columns(message, expected.call, root)
    assert found.context | {name: v for (key, name), v in specials.items() if key == "context"} == expected.context
    assert found.payload | {name: v for (key, name), v in specials.items() if key != "context"} == expected.payload
    assert set(found.nulls) - {name for _, name in specials} == set(expected.nulls)
    assert told(message.losses) == told(expected.lost)
    known_again = {lost.reason for lost in found.lost if lost.reason not in ("precision", "bad_id")}
    assert known_again == {"unknown_top_level"} & {lost.reason for lost in expected.lost}


@settings(max_examples=250, deadline=None)
@given(lines())
def test_the_reference_agrees(line_and_cut):
    text, is_cut = line_and_cut
    line = read_line(1, text.encode(), is_cut)
    reader = Reader("k", PLACE.received_day, PLACE.last_modified, Options())
    refused = {(refusal.item, refusal.reason) for refusal in line.refusals}
    expected = {}
    for raw in line.messages:
        assert isinstance(raw, RawMessage)
        result = reader.read(1, raw)
        if isinstance(result, str):
            refused.add((raw.item, result))
        else:
            expected[raw.item] = result
    found = read(text, is_cut=is_cut)
    assert [item.item for item in found] == list(range(len(found)))
    assert set(refusals(found)) == refused
    messages_found = {item.item: item for item in found if isinstance(item, ExactMessage)}
    assert set(messages_found) == set(expected)
    for item, message in expected.items():
        assert_same(message, messages_found[item])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='{}[],:"\\ax1e.-\t\v', max_size=40).map(str.encode), st.booleans())
def test_any_bytes_are_judged_as_the_reference_does(raw, is_cut):
    raw = raw.replace(b"\n", b"").removesuffix(b"\r").removeprefix(b"\xef\xbb\xbf")
    line = read_line(1, raw, is_cut)
    found = read(raw, is_cut=is_cut)
    wanted = {(refusal.item, refusal.reason) for refusal in line.refusals} | {
        (m.item, "missing_type") for m in line.messages
    }
    assert set(refusals(found)) == wanted
