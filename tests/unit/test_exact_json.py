"""The exact way reads JSON leniently: broken lines, repeated keys, strange numbers, depth.

c01 and the like are the cases of the bad-input catalogue.
"""

import base64
import json
import sys

import pytest
from exact_way import a_reader, losses, one, parsed, read, refusals, track

from loader.core.samples import WalkRules


@pytest.mark.parametrize(
    ("line", "reason", "offset"),
    [
        # Python 3.13 names the comma, earlier versions what follows it.
        ('{"a":1,}', "bad_json", 6 if sys.version_info >= (3, 13) else 7),
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
def test_c23_a_line_of_more_than_512_levels_is_refused(line):
    [refusal] = read(line)
    assert (refusal.item, refusal.reason) == (0, "too_deep")


def test_c23_a_deep_caller_gets_an_answer_too():
    def called(frames):
        return read(nested(400)) if frames == 0 else called(frames - 1)

    assert refusals(called(sys.getrecursionlimit() - 300)) == [(0, "too_deep")]


def test_c23_brackets_in_strings_do_not_nest():
    assert parsed(one(track('"properties":{"a":"%s\\""}' % ("[" * 600))))["properties"]["a"] == "[" * 600 + '"'
    assert refusals(read('{"a":"' + "[" * 600 + "\\")) == [(0, "bad_json")]
