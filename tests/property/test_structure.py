"""The compiled scan of lines: equal signatures mean equal shapes, and what is no JSON is never taken for plain."""

import json
from dataclasses import asdict

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loader.core.samples import WalkRules, shape_of
from loader.core.timestamps import is_day, is_timestamp
from loader.normalize.scan.structure import DOUBTFUL, ODD, StructureReader
from loader.sqlfiles import read_sql

KEYS = st.sampled_from(
    ["type", "name", "category", "properties", "context", "traits", "a", "b", "é", "integrations", ""]
)
TIME_PARTS = st.sampled_from(
    [*"0123456789", "T", " ", ":", "-", "+", "Z", "z", ".", "2020-02-29", "2021-02-29", "0001-01-01", "9999-12-31"]
    + ["00:00", "23:59", ":59", "24:00", ".123456789", "+05:30", "-0100", "+99"]
)
TIMES = st.one_of(
    st.lists(TIME_PARTS, max_size=6).map("".join),
    st.from_regex(
        r"(?:0000|0001|1900|2000|2023|2024|9999)-[01][0-9]-[0-3][0-9](?:[T ][0-2][0-9]:[0-6][0-9]"
        r"(?::[0-6][0-9](?:\.[0-9]{1,10})?)?(?:Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
        fullmatch=True,
    ),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.floats(-2, 2), st.sampled_from(["", "x", '"', "\\", "5\n"]), TIMES
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)
MESSAGES = st.dictionaries(KEYS, VALUES, max_size=5)


def structure(*texts: str, rules: WalkRules | None = None) -> list[tuple[int, int]]:
    found = StructureReader(rules or WalkRules()).read(pa.array(texts, pa.large_string()))
    return list(zip(found.signatures.tolist(), (found.flags & (ODD | DOUBTFUL)).tolist(), strict=True))


def shape(text: str, rules: WalkRules) -> dict[str, object]:
    """Everything that a sample teaches but the text of `event`, and the order of nulls."""
    described = asdict(shape_of(text, rules))
    return described | {"event": None, "call": None, "nulls": sorted(described["nulls"])}


@pytest.fixture(scope="module")
def engine():
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(read_sql("engine/macros.sql"))
        yield connection


@given(st.lists(TIMES, min_size=1, max_size=20))
@example(
    ["9999-12-31T23:59:59-00:01", "9999-12-31T23:59:59+00:01", "0001-01-01T00:00:00+00:01", "0001-01-01T00:00:00Z"]
)
@example(["2020-01-01T00:00:60Z", "2020-01-01T00:00:00.1234567891Z", "2020-01-01T00:00:00.Z", "2020-01-01T00:00 Z"])
def test_scan_samples_and_engine_agree_on_what_a_timestamp_is(engine, texts):
    """Three readers judge every string: the types of columns rest on their saying the same."""
    day, timestamp, other = (
        signature for signature, _ in structure(*map(with_value, ("2020-01-01", "2020-01-01T00:00Z", "x")))
    )
    rows = [
        engine.execute("select timestamp_of(?) is not null, day_of(?) is not null", [t, t]).fetchall()[0] for t in texts
    ]

    scanned = [(s == timestamp, s == day) for s, _ in structure(*map(with_value, texts))]

    assert scanned == rows == [(is_timestamp(text), is_day(text)) for text in texts]
    assert len({day, timestamp, other}) == 3


def with_value(text: str) -> str:
    return json.dumps({"properties": {"a": text}})


@given(MESSAGES, MESSAGES, st.booleans())
@example({"properties": {"name": "a"}, "name": "a"}, {"properties": {"name": "a"}, "name": "b"}, False)
@example({"properties": {"a": {}}}, {"properties": {}}, True)
def test_messages_of_one_signature_have_one_shape(first, second, keeps_text):
    """A sample may speak for all messages of its signature."""
    rules = WalkRules(frozenset({("x", "properties", "a")})) if keeps_text else WalkRules()
    texts = [json.dumps({**message, "type": "x"}) for message in (first, second)]

    one, other = structure(*texts, rules=rules)

    if one[0] == other[0] and not (one[1] | other[1]) & ODD:
        assert shape(texts[0], rules) == shape(texts[1], rules)


@given(MESSAGES)
def test_order_of_keys_and_white_space_do_not_matter(message):
    """The same message, however it is laid out, has one signature."""
    turned = dict(reversed(message.items()))

    signatures = {s for s, _ in structure(json.dumps(message), json.dumps(turned, indent=1), json.dumps(turned) + "\n")}

    assert len(signatures) == 1


@given(
    MESSAGES,
    st.integers(0, 200),
    st.sampled_from(["", '"', "{", "}", "[", "]", ",", ":", "-", ".", "e", "\\", "\t", "1"]),
)
@example({"a": 1}, 6, ",")
@example({"a": [1]}, 7, ",")
def test_what_is_no_json_object_is_odd(message, at, piece):
    """Plain means that a strict reader accepts it. The other way round the scan may be too careful."""
    text = json.dumps(message)
    for injured in (text[:at] + piece + text[at:], text[:at] + piece + text[at + 1 :]):
        ((_, flags),) = structure(injured)
        assert flags & ODD or is_object(injured)


def is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text, parse_constant=refuse), dict)
    except ValueError:
        return False


def refuse(constant: str) -> None:
    raise ValueError(constant)


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        pytest.param('{"a":"\\ud83d\\ude00"}', 0, id="an emoji as a pair of escapes"),
        pytest.param('{"a":"\\ud83d"}', ODD, id="half a character"),
        pytest.param('{"a":"\\ude00\\ud83d"}', ODD, id="a pair the wrong way round"),
        pytest.param('{"a":' + "[" * 511 + "]" * 511 + "}", 0, id="nested as deep as it may be"),
        pytest.param('{"a":' + "[" * 512 + "]" * 512 + "}", ODD, id="nested too deep"),
        pytest.param('{"a":123456789012345}', 0, id="fifteen digits"),
        pytest.param('{"a":1234567890123456}', DOUBTFUL, id="sixteen digits"),
        pytest.param('{"a":[1e100]}', 0, id="a large exponent"),
        pytest.param('{"a": 0.30000000000000004, "b": 1.50}', 0, id="a sum of doubles, with white space"),
        pytest.param('{"a":0.12345678901234567890}', ODD, id="more digits than a double has"),
        pytest.param('{"a":01}', ODD, id="a leading zero"),
        pytest.param('{"a":NaN}', ODD, id="NaN"),
        pytest.param('{"a":"\t"}', ODD, id="a control character in a string"),
        pytest.param('{"a":"\\u0000"}', ODD, id="a NUL behind an escape"),
        pytest.param('{"a":"\\\\u0000"}', 0, id="a backslash before what would be a NUL"),
        pytest.param('{"a":"0123456789abcde\n"}', ODD, id="a control character far into a string"),
        pytest.param('{"a":1} {"a":1}', ODD, id="two messages on a line"),
        pytest.param('[{"a":1}]', ODD, id="an array"),
        pytest.param('{"properties":{"a":"2020-01-01T00:00\\u005a"}}', ODD, id="a timestamp behind an escape"),
        pytest.param('{"properties":{"a":"\\u0032020-01-01T00:00Z"}}', ODD, id="an escape at the beginning of it"),
        pytest.param('{"properties":{"a":"2020-01-01T00:00Z\\n"}}', 0, id="an escape that no timestamp has"),
        pytest.param('{"properties":{"a":"1\\/2 price"}}', 0, id="a digit and an escaped slash"),
        pytest.param('{"properties":{"a":"5 \\u00d7 3"}}', 0, id="a digit and an escaped sign"),
        pytest.param("", ODD, id="nothing"),
    ],
)
def test_what_the_engine_would_misread_is_marked(text, flags):
    """Odd lines take the exact way; columns with large integers get a second look."""
    assert [found for _, found in structure(text)] == [flags]
