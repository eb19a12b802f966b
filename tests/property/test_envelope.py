"""The compiled scan of envelopes: what it tells of a line is what the slow reader finds there."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
import xxhash
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from reference.messages import Message, Options, Reader
from reference.parsing import read_line

from loader.core.samples import WalkRules
from loader.normalize.scan.structure import CALL_CODES, ODD, SCANNED, USUAL, StructureReader

TEXTS = st.one_of(
    st.sampled_from(["", "a", "twelve bytes", "thirteen byte", "1234567", "12345678", "\x7f", "a/b", "<&>", "é", "😀"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
)
USUAL_INSTANTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31, 23, 59, 59)).map(
    lambda at: at.isoformat() + "Z"
)
INSTANTS = st.one_of(
    USUAL_INSTANTS,
    USUAL_INSTANTS,
    USUAL_INSTANTS,
    st.from_regex(
        r"(?:0001|0002|1969|1970|2000|2024|9998|9999)-(?:01-01|02-29|12-31)[T ](?:00|23):(?:00|59)(?::59(?:\.[0-9]{1,8})?)?"
        r"(?:Z|z|[+-](?:00|05|23|24):?(?:00|30|59|60))?",
        fullmatch=True,
    ),
)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), min_size=1, max_size=40)
IDS = st.one_of(WORDS, WORDS, WORDS, TEXTS, st.integers(-(10**19), 10**19), st.none(), st.booleans())
OBJECTS = st.dictionaries(
    TEXTS,
    st.recursive(
        st.one_of(TEXTS, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.none(), st.booleans()),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
        max_leaves=8,
    ),
    max_size=4,
)
MESSAGES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(CALL_CODES),
        "messageId": st.one_of(st.from_regex(r"[!-\[\]-~]{1,70}", fullmatch=True), TEXTS),
        "receivedAt": INSTANTS,
        "timestamp": INSTANTS,
    },
    optional={
        **dict.fromkeys(["sentAt", "originalTimestamp"], st.one_of(INSTANTS, st.none())),
        **dict.fromkeys(["userId", "anonymousId", "groupId", "previousId", "event", "name", "category"], IDS),
        **dict.fromkeys(["context", "properties", "traits"], OBJECTS),
    },
)
MANY_ARE_UNUSUAL = settings(suppress_health_check=[HealthCheck.filter_too_much])
LAYOUTS = st.fixed_dictionaries(
    {"ensure_ascii": st.booleans(), "separators": st.sampled_from([(",", ":"), (", ", " : "), ("\t,", ":\t")])}
)


def scanned(*lines: str) -> list[dict[str, object]]:
    columns = StructureReader(WalkRules()).read(pa.array(lines, pa.large_string())).columns
    for column in columns:
        column.validate(full=True)
    return pa.Table.from_arrays(columns, schema=SCANNED).to_pylist()


def read_slowly(line: str) -> Message | str:
    (raw,) = read_line(1, line.encode(), False).messages
    return Reader("key", None, datetime(2026, 1, 1, tzinfo=UTC), Options()).read(1, raw)


@MANY_ARE_UNUSUAL
@given(MESSAGES, LAYOUTS)
@example({"type": "track", "messageId": "m", "receivedAt": "2024-02-29T23:59:59.1Z", "timestamp": "x"}, {})
@example(
    {
        "type": "page",
        "messageId": "m" * 13,
        "receivedAt": "2024-02-29T23:59:59.123456+05:30",
        "timestamp": "1969-12-31T23:59:59.9Z",
        "userId": -7,
        "anonymousId": "twelve bytes",
    },
    {},
)
def test_a_usual_envelope_says_what_the_slow_reader_finds(message, layout):
    (found,) = scanned(json.dumps(message, **layout) + "\n")
    assume(found["flags"] & USUAL)

    read = read_slowly(json.dumps(message))

    assert isinstance(read, Message)
    assert (CALL_CODES[found["call_code"] - 1], found["id"]) == (read.call, read.id)
    assert (found["user_id"], found["anonymous_id"]) == (read.envelope["user_id"], read.envelope["anonymous_id"])
    if read.call == "track":
        assert found["event"] == read.envelope.get("event_text")
    for name in ("received_at", "timestamp", "sent_at", "original_timestamp"):
        told = found[name]
        assert (told and told.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")) == read.envelope[name]


@MANY_ARE_UNUSUAL
@given(MESSAGES, LAYOUTS, LAYOUTS)
@example(
    {"type": "track", "context": {"a": '\x1f"\\/<\x08é😀'}, "messageId": "é/", "event": 1.50},
    {},
    {"ensure_ascii": False},
)
def test_the_fingerprint_is_that_of_the_slow_reader_however_the_line_is_laid_out(message, first, second):
    """White space and needless escapes do not count; everything else does."""
    lines = [json.dumps(message, **layout) for layout in (first, second)]
    found = scanned(*lines)
    assume(not any(row["flags"] & ODD for row in found))
    read = read_slowly(lines[0])
    # Whoever gives values up is read the exact way, which fingerprints what is left.
    assume(isinstance(read, Message) and not read.lost)

    assert [row["fingerprint"] for row in found] == [read.fingerprint] * 2


@MANY_ARE_UNUSUAL
@given(MESSAGES, st.sampled_from(["event", "userId", "groupId", "name", "context", "properties", "traits"]), TEXTS)
def test_another_content_has_another_fingerprint(message, key, text):
    changed = {**message, "type": "track", key: {"a": text} if key in ("context", "properties", "traits") else text}
    other = {**changed, key: {"a": text + "b"} if key in ("context", "properties", "traits") else text + "b"}

    one, two = scanned(json.dumps(changed), json.dumps(other))
    assume(not (one["flags"] | two["flags"]) & ODD)

    assert one["fingerprint"] != two["fingerprint"]


@pytest.mark.parametrize("length", [0, 1, 7, 8, 12, 13, 31, 32, 33, 63, 100])
def test_the_fingerprint_is_xxh64_of_the_printed_message(length):
    """Another implementation of the hash agrees, at every length of its blocks."""
    text = "".join(chr(97 + at % 26) for at in range(length))

    (found,) = scanned(json.dumps({"type": "identify", "userId": text}))

    assert found["fingerprint"] == xxhash.xxh64_intdigest(f"identify\x1f\x1f{text}".encode() + b"\x1f" * 8)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        pytest.param("2024-01-01 01:02:03Z", "01:02:03", id="a blank for the T"),
        pytest.param("2024-01-01T01:02:03.123456789Z", "01:02:03.123456", id="nanoseconds"),
        pytest.param("2024-01-01T01:02:03.9999999Z", "01:02:03.999999", id="no rounding to the next second"),
        pytest.param("2024-01-01T01:02:03+0130", "2023-12-31 23:32:03", id="a zone without a colon"),
        pytest.param("2024-01-01T01:02:03-05", "06:02:03", id="a zone of hours"),
        pytest.param("2024-01-01T01:02:03z", "01:02:03", id="a small letter for the zone"),
        pytest.param("2024-01-01 01:02:03.5", "01:02:03.500000", id="no zone"),
        pytest.param("2024-01-01T01:02", "01:02:00", id="no seconds"),
    ],
)
def test_every_spelling_of_a_timestamp_is_usual(text, instant):
    message = {"type": "track", "messageId": "m", "event": "e", "receivedAt": text, "timestamp": text, "sentAt": text}

    (found,) = scanned(json.dumps(message))

    expected = datetime.fromisoformat(instant if " " in instant else f"2024-01-01 {instant}").replace(tzinfo=UTC)
    assert found["flags"] & USUAL
    assert {found[name] for name in ("received_at", "timestamp", "sent_at")} == {expected}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"messageId": " m"}, id="white space before the id"),
        pytest.param({"messageId": ""}, id="an empty id"),
        pytest.param({"messageId": 5}, id="a number for an id"),
        pytest.param({"timestamp": None}, id="no timestamp"),
        pytest.param({"timestamp": "0001-01-01T00:00:00Z"}, id="no instant but a zero"),
        pytest.param({"userId": 1.5}, id="a fraction for a user"),
        pytest.param({"userId": True}, id="a boolean for a user"),
        pytest.param({"userId": 'a"b'}, id="an escape in a user"),
        pytest.param({"type": "Track"}, id="a call in other letters"),
    ],
)
def test_what_is_spelled_another_way_is_not_called_usual(changes):
    message = {"type": "track", "messageId": "m", "receivedAt": "2024-01-01T00:00:00Z", "event": "e"}
    usual = message | {"timestamp": "2024-01-01T00:00:00Z"}

    found = scanned(json.dumps(usual), json.dumps(usual | changes))

    assert [bool(row["flags"] & USUAL) for row in found] == [True, False]
