"""Generated archives: few ids, few names, values that meet in one column; and a sample of a real archive."""

import gzip
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from factories import a_key, an_archive_object
from hypothesis import strategies as st

EXAMPLES = Path(__file__).parents[2] / "examples" / "data" / "sdk-archive"
REAL_SOURCES = ("9nTs803scCpErML4mXYjy6", "LQ7hIEFqmv")
IDS = ("m1", "m2", "m3", "m4", "m5", "m6")
KEYS = ("a", "b", "A", "plan", "total", "id", "a.b", "Order Id")
EVENTS = ("Paid", "paid", "Users", "", "Order Completed", "購入")
RAW_NUMBERS = (
    "1e400",
    "NaN",
    "-0",
    "1e3",
    "0.1234567890123456789",
    "123456789012345678901234567890123456789012",
    "1.50",
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**37, 0.5, 2.0, 1e300, 1e-7]),
    st.sampled_from(
        ["", "x", "12", "012", "1.5", "true", "2024-01-31", "2024-01-31T10:00:00Z", "2024-01-31 10:00+0130"]
    ),
    st.sampled_from([f"@raw:{number}@" for number in RAW_NUMBERS]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=2),
    max_leaves=4,
)
PAYLOADS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3)
PLAIN_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.sampled_from(
        [2**53 + 1, 2**63 - 1, -(2**63), 0.5, 2.0, 0.0625, 0.1 + 0.2, 1e-7, 1e300, "@raw:1.50@", "@raw:1e3@"]
    ),
    st.sampled_from(["", "x", "12", "2024-01-31T10:00:00Z", 'line\n"quoted" ü😀', '12" ü']),
)
PLAIN_PAYLOADS = st.dictionaries(
    st.sampled_from(("a", "plan", "total", "deep", "orderId")),
    PLAIN_SCALARS | st.lists(PLAIN_SCALARS, max_size=2) | st.dictionaries(st.sampled_from(("x", "y")), PLAIN_SCALARS),
    max_size=4,
)


def _at(second: int) -> str:
    return f"2026-03-01T10:00:0{second}.000Z"


@st.composite
def messages(draw: st.DrawFn, payloads: st.SearchStrategy = PAYLOADS, is_plain: bool = False) -> dict:
    """A message of any call. Ids and times are few, so that copies and ties are frequent."""
    call = draw(
        st.sampled_from(("track", "track", "track", "identify", "identify", "page", "group", "alias", "screen"))
    )
    message = {
        "type": call,
        "messageId": draw(st.sampled_from(IDS)),
        "receivedAt": _at(draw(st.integers(0, 4))),
        "timestamp": _at(draw(st.integers(0, 2))),
        "context": {"ip": draw(st.sampled_from(("192.0.2.1", "192.0.2.2")))},
    }
    users = ("u1", "u2", 7) if is_plain else ("u1", "u2", None, " ", 7)
    message["userId"] = draw(st.sampled_from(users))
    root = "traits" if call in ("identify", "group", "alias") else "properties"
    message[root] = draw(payloads)
    if call == "track":
        message["event"] = draw(st.sampled_from(EVENTS[:1] if is_plain else EVENTS))
    if call == "group":
        message["groupId"] = draw(st.sampled_from(("g1", "g2")))
    if call == "alias":
        message["previousId"] = "p1"
    if not is_plain:
        if draw(st.integers(0, 9)) == 0:
            del message["messageId"]
        if draw(st.integers(0, 9)) == 0:
            del message["receivedAt"]
        if draw(st.integers(0, 9)) == 0:
            message["context"] = draw(st.sampled_from((None, 5, {"traits": {"plan": "c"}})))
    return message


@st.composite
def identifies(draw: st.DrawFn) -> dict:
    """An identify call of one of two people, with few traits, some of them null, and few times."""
    values = st.none() | st.integers(1, 9) | st.sampled_from(("x", "y"))
    return {
        "type": "identify",
        "messageId": draw(st.sampled_from(IDS)),
        "receivedAt": _at(draw(st.integers(0, 5))),
        "timestamp": _at(draw(st.integers(0, 2))),
        "userId": draw(st.sampled_from(("u1", "u2"))),
        "traits": draw(st.dictionaries(st.sampled_from(("plan", "rank", "age")), values, max_size=3)),
        "context": {"traits": draw(st.dictionaries(st.sampled_from(("plan", "city")), values, max_size=2))},
    }


def spelled(message: object, is_minified: bool = True) -> str:
    """A line, minified or with blanks and escapes; marked numbers stand as they were chosen."""
    separators = (",", ":") if is_minified else (", ", ": ")
    text = json.dumps(message, ensure_ascii=not is_minified, separators=separators)
    for number in RAW_NUMBERS:
        text = text.replace(f'"@raw:{number}@"', number)
    return text


LINES = st.one_of(
    *[messages().map(spelled)] * 8,
    st.lists(messages(), min_size=1, max_size=3).map(lambda batch: spelled({"batch": batch})),
    st.sampled_from(["", "{", "[]", '{"type":"x"}', "null", '{"type":"track","messageId":"m1"}{']),
)


@st.composite
def archives(draw: st.DrawFn, lines: st.SearchStrategy = LINES, most_objects: int = 4) -> dict[str, list[str]]:
    """Objects by key, over two days."""
    count = draw(st.integers(1, most_objects))
    return {
        a_key(1 + index % 2, f"part-{index}"): draw(st.lists(lines, min_size=1, max_size=6)) for index in range(count)
    }


@cache
def real_objects(source_id: str, most: int = 4, most_lines: int = 60) -> dict[str, bytes]:
    """The beginnings of a few objects of one source that real client libraries wrote, under their keys."""
    paths = sorted((EXAMPLES / "segment-logs" / source_id).rglob("*.gz"))
    assert paths, f"there are no objects of {source_id} in {EXAMPLES}"
    chosen = paths[:: max(1, len(paths) // most)][:most]
    return {path.relative_to(EXAMPLES).as_posix(): _head(path, most_lines) for path in chosen}


def _head(path: Path, most_lines: int) -> bytes:
    return b"".join(gzip.decompress(path.read_bytes()).splitlines(keepends=True)[:most_lines])


def real_lines() -> list[bytes]:
    """Lines of the real archive; the smaller ones, and some of the generated kind beside them."""
    lines = [
        line
        for source in REAL_SOURCES
        for body in real_objects(source).values()
        for line in body.splitlines()
        if len(line) < 4000
    ]
    return lines[:120]


def synthetic_object(count: int) -> bytes:
    """An object of plain messages with one event per message, in order of arrival."""
    start = datetime(2026, 3, 1, 10, tzinfo=UTC)
    lines = (
        {
            "type": ("track", "identify", "page")[n % 3],
            "messageId": f"s{n}",
            "receivedAt": start.replace(minute=n // 60 % 60, second=n % 60).isoformat().replace("+00:00", ".000Z"),
            "timestamp": start.isoformat().replace("+00:00", ".000Z"),
            "userId": f"u{n % 7}",
            "event": f"Event {n % 4}",
            "name": "Home",
            "context": {"ip": "192.0.2.1"},
            "properties": {"n": n, "plan": "pro" if n % 2 else None},
            "traits": {"n": n, "plan": "pro" if n % 2 else None},
        }
        for n in range(count)
    )
    return an_archive_object(lines)
