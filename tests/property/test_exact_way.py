"""The exact way agrees with the slow reference on any line."""

import json
from decimal import Decimal

import pytest
from canonical import number_text, text_of
from exact_way import AT, DATES, read, refusals
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.messages import Message, Options, Reader
from reference.parsing import RawMessage, read_line

from loader.core.dialect import pointer
from loader.core.naming import column_name
from loader.normalize.exact.reader import ExactMessage

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
    found = Reader("again", DATES.received_day, DATES.last_modified, Options()).read(1, raw)
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
def test_any_line_gives_what_the_reference_gives(line_and_cut):
    text, is_cut = line_and_cut
    line = read_line(1, text.encode(), is_cut)
    reader = Reader("k", DATES.received_day, DATES.last_modified, Options())
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
