"""Two sources that have it all: every call, users and accounts, copies, quarantine and discards for many reasons."""

import json
from datetime import date, datetime
from pathlib import Path

from factories import (
    ABSENT,
    a_group_call,
    a_key,
    a_page_call,
    a_screen_call,
    a_track_call,
    an_alias_call,
    an_archive_object,
    an_identify_call,
    received,
    write_archive,
)

from loader.config import Config
from loader.jobs.load import load_source

NOT_PROVEN = {
    "objects": {"key", "etag", "size", "layout", "exact_lines", "error", "finished_at"},
    "loads": {"finished_at", "counters"},
    "quarantine": {"quarantined_at"},
    "names": {"first_seen"},
}
"""Columns of state tables that are proven in part or not at all."""
_CONTEXT = {"ip": "192.0.2.7"}
_SMALL = {"context": _CONTEXT, "integrations": ABSENT, "version": ABSENT, "projectId": ABSENT}
_CUT = json.dumps(a_track_call(message_id="cut"))[:60]


def _odd_text(message_id: str, properties: str) -> str:
    """A track call whose properties are spelled as given."""
    times = f'"receivedAt":"{received(2)}","timestamp":"{received(2)}"'
    return (
        f'{{"type":"track","messageId":"{message_id}","event":"Paid","userId":"u-1",{times},'
        f'"context":{json.dumps(_CONTEXT)},"properties":{properties}}}'
    )


FIRST = [
    a_track_call({"total": 5, "currency": "EUR", "is_gift": True}, "Paid", "t1", **_SMALL),
    a_track_call({"total": "free", "at": "2026-03-01T10:00:00Z", "cart": [1, 2.50]}, "Paid", "t2", **_SMALL),
    a_track_call({"total": 7}, "Paid", "t3", **_SMALL, request_ip="192.0.2.9"),
    an_identify_call({"plan": "pro", "age": 30, "city": "Bern"}, "u-1", "i1", **_SMALL),
    an_identify_call({"plan": None, "age": "old"}, "u-1", "i2", **_SMALL, receivedAt=received(1, 5)),
    an_identify_call({"plan": "free"}, "u-2", "i3", **_SMALL),
    an_identify_call({"plan": "anonymous"}, None, "i4", **_SMALL),
    a_group_call({"seats": 5, "name": "Ada & Co"}, "g-1", "g1", **_SMALL),
    a_group_call({"seats": None, "name": "Ada"}, "g-1", "g2", **_SMALL, receivedAt=received(1, 5)),
    a_group_call({"seats": 9}, "g-2", "g3", **_SMALL),
    a_page_call({"url": "https://shop.example/"}, "Home", "p1", **_SMALL, category="Front"),
    a_page_call({"name": "Inner", "title": "Shop"}, "Home", "p2", **_SMALL),
    a_screen_call({"step": 1}, "Cart", "s1", **_SMALL),
    an_alias_call("a-0", "al1", **_SMALL),
]
SECOND = [
    FIRST[0],
    {**FIRST[1], "receivedAt": received(1, 1), "properties": {"total": "another"}},
    {**FIRST[3], "receivedAt": received(1, 9)},
    "",
    '{"type": "track", oops',
    "null",
    '{"data": {}, "metadata": {}}',
    json.dumps({"messageId": "q1", "userId": "u-9", "anonymousId": "a-9", "receivedAt": received(2)}),
    json.dumps(a_track_call(message_id="q2", type="import")),
    "[" * 600 + "]" * 600,
    b'\xff{"type": "track", oops',
    json.dumps({"batch": [a_track_call({}, "Paid", "b1", **_SMALL), 5], "sentAt": received(2)}),
    _odd_text("o1", '{"huge":1e400,"digits":0.1234567890123456789,"none":NaN,"a":1,"a":2}'),
    _odd_text("o2", '{"orderId":1,"order_id":2,"half":"\\ud800"}'),
    b'{"type":"track","messageId":"o3","event":"Paid","properties":{"s":"\xff"}}',
    b'{"type":"track","messageId":"o4","event":"Paid","properties":{"s":"a\x01b"}}',
    a_track_call({"n": 1}, {"no": "name"}, {"no": "id"}, **_SMALL, userId=["no id"], sentAt="never"),
    a_track_call("no object", "Paid", "o5", **_SMALL, context_more=1, more={"a": [1, "x"]}),
    a_page_call({"url": "x"}, {"no": "name"}, "o6", **_SMALL, userId="u\0-1"),
    {"type": "identify", "userId": "u-3", "traits": {"age": 1}},
]
GATEWAY = [
    a_track_call({"a": 1, "cart": {"id": 7}, "secret": "s"}, "Paid", "r1", **_SMALL, channel="web"),
    a_track_call({"a": "text", "nested": {"b": 2}}, "Paid", "r2", **_SMALL),
    a_track_call({"a": 3}, "Paid", "r8", **_SMALL),
    a_track_call({"size": 3, "note": "x"}, "Paused", "r3", **_SMALL),
    a_page_call({f"p{n}": n for n in range(60)}, "Wide", "r4", **_SMALL),
    an_identify_call({"plan": "pro"}, "u-1", "r5", **{**_SMALL, "context": {"traits": {"city": "Bern", "plan": 5}}}),
    an_identify_call({"age": 7}, "u-1", "r6", **{**_SMALL, "context": {"traits": {"plan": "x"}}}),
    a_group_call({"seats": 1}, "g-1", "r7", **_SMALL),
    '{"type": "track", oops',
]


def write_hostile(folder: Path) -> Config:
    """Both archives, one of each layout, loaded: `shop` with the usual options, `web` with the others."""
    objects = {
        a_key(1, "first"): FIRST,
        a_key(2, "second"): an_archive_object(SECOND) + _CUT.encode(),
        a_key(2, "wide"): "\ufeff{}".encode("utf-16-le"),
        a_key(3, "empty"): b"",
    }
    write_archive(folder / "segment", objects)
    second = int(datetime.fromisoformat("2026-03-01T00:00:00+00:00").timestamp())
    day = date(2026, 3, 1).isoformat()
    name = f"rudder-logs/2Abc/{day}/{second}.2Abc.7f3c.json.gz"
    write_archive(folder / "rudder", {name: GATEWAY})
    options = {
        "exclude": ["secret"],
        "json_paths": ["track.properties.cart"],
        "envelope_columns": ["channel"],
        "raw_events": True,
        "null_traits": "keep",
        "users_from_context_traits": True,
        "on_conflict": "discard",
        "column_cap": 50,
        "table_cap": 1,
    }
    config = Config.model_validate(
        {
            "warehouse": {"path": "warehouse.duckdb"},
            "sources": [
                {"name": "shop", "archive": {"uri": "segment", "layout": "segment"}},
                {"name": "web", "archive": {"uri": "rudder", "layout": "rudderstack"}, "load": options},
            ],
        },
        context={"base": folder},
    )
    for source in config.sources:
        load_source(config, source)
    return config
