"""Cases of names of events and properties."""

from factories import ABSENT, a_track_call
from golden.cases import HAPPENED, RECEIVED, Case, eight
from golden.catalogue.given import LONG, LONG_TABLE, NAMELESS, TABLE


def _event(event, message_id="m1", **fields):
    return a_track_call({"total": 1}, event=event, message_id=message_id, **fields)


def _named(name, event, *tables, event_column=None):
    """A track call with an odd event name: its table, `event` and `event_text`."""
    wanted = {"event_text": event, "event": event_column, "total": "1"}
    return Case(name, [_event(event)], rows={tables[0]: {"m1": wanted}, "tracks": {"m1": wanted | {"total": None}}})


EVENT_NAMES = [
    *(
        Case(
            f"#26 event name {name}",
            [_event(value)],
            rows={
                "tracks": {"m1": {"event": text, "event_text": text}},
                NAMELESS: {"m1": {"event": text, "event_text": text, "total": "1"}},
            },
            warnings={"empty_event": 1},
        )
        for name, value, text in (
            ("missing", ABSENT, None),
            ("null", None, None),
            ("empty", "", ""),
            ("blank", "   ", "   "),
        )
    ),
    *(
        Case(
            f"#27 event name is {name}",
            [_event(value)],
            rows={"tracks": {"m1": {"event": None, "event_text": None}}, NAMELESS: {"m1": {"total": "1"}}},
            discards=[("m1", "bad_event_name", "event")],
            warnings={"empty_event": 1},
        )
        for name, value in (("an object", {"name": "x"}), ("an array", ["Signed Up"]))
    ),
    Case(
        "#27 event name is a number or a bool: its JSON text",
        [_event(7), _event(True, "m2")],
        rows={
            "_7": {"m1": {"event": "7", "event_text": "7"}},
            "_true": {"m2": {"event": "true", "event_text": "true"}},
        },
    ),
    _named("#28 event name is SQL", "'; DROP TABLE users;--", "drop_table_users", event_column="drop_table_users"),
    *(
        _named(f"#29 event name {event}", event, f"event_{eight(event)}", event_column=f"event_{eight(event)}")
        for event in ("😀", "購入完了", "???")
    ),
    _named("#30 event name of 300 characters", LONG, LONG_TABLE, event_column=LONG),
    *(
        _named(f"#{number} event name {event}", event, table, event_column=slug)
        for number, event, table, slug in (
            (31, "Users", "_users", "users"),
            (31, "IDENTIFIES", "_identifies", "identifies"),
            (31, "Page s", "page_s", "page_s"),
            (32, "select", "_select", "select"),
            (32, "Order", "_order", "order"),
            (32, "1st Visit", "_1st_visit", "1st_visit"),
            (32, "_wl_files", "wl_files", "wl_files"),
        )
    ),
    Case(
        "#31 event name tracks",
        [_event("tracks")],
        rows={"_tracks": {"m1": {"event": "tracks", "total": "1"}}, "tracks": {"m1": {"total": None}}},
    ),
    Case(
        "#33 three spellings, one table",
        [_event("Sign Up"), _event("sign_up", "m2"), _event("signUp", "m3")],
        rows={
            "sign_up": {
                "m1": {"event": "sign_up", "event_text": "Sign Up"},
                "m2": {"event": "sign_up", "event_text": "sign_up"},
                "m3": {"event": "sign_up", "event_text": "signUp"},
            }
        },
    ),
]
PROPERTY_NAMES = [
    Case(
        "#35 properties named like columns of the envelope",
        [
            a_track_call(
                {
                    "id": "p",
                    "user_id": "q",
                    "timestamp": "r",
                    "event": "s",
                    "received_at": "t",
                    "uuid_ts": "v",
                    "context_ip": "w",
                    "uuid": "x",
                    "anonymousId": "y",
                }
            )
        ],
        rows={
            TABLE: {
                "m1": {
                    "_id": "p",
                    "_user_id": "q",
                    "_timestamp": "r",
                    "_event": "s",
                    "_received_at": "t",
                    "_uuid_ts": "v",
                    "_context_ip": "w",
                    "_uuid": "x",
                    "_anonymous_id": "y",
                    "user_id": "u-1",
                    "anonymous_id": "a-1",
                    "timestamp": HAPPENED,
                    "received_at": RECEIVED,
                    "event": TABLE,
                    "context_ip": "192.0.2.7",
                }
            }
        },
    ),
    Case(
        "#36 id and _id: the key that is the column's name wins",
        [a_track_call({"_id": 1, "id": 2})],
        rows={TABLE: {"m1": {"_id": "1"}}},
        discards=[("m1", "name_collision", "properties.id")],
    ),
    Case(
        "#37 names without letters",
        [a_track_call({"": 1, "   ": 2, "!!!": 3, "日本語": 4})],
        rows={TABLE: {"m1": {f"x{eight(key)}": str(n) for n, key in enumerate(("", "   ", "!!!", "日本語"), 1)}}},
    ),
    Case(
        "#38 a dotted and a nested name: the last wins",
        [a_track_call({"a.b": 1, "a": {"b": 2}})],
        rows={TABLE: {"m1": {"a_b": "2"}}},
        discards=[("m1", "name_collision", "properties.a.b")],
    ),
    Case(
        "#38 equal values are one",
        [a_track_call({"a.b": 2, "a": {"b": 2}})],
        rows={TABLE: {"m1": {"a_b": "2"}}},
    ),
    Case(
        "#38 the flat exact name wins over the nested one",
        [a_track_call({"a_b": 1, "a": {"b": 2}})],
        rows={TABLE: {"m1": {"a_b": "1"}}},
        discards=[("m1", "name_collision", "properties.a.b")],
    ),
    Case(
        "#39 two spellings in one message: the exact one wins, wherever it stands",
        [a_track_call({"a_b": 1, "A b": 2}), a_track_call({"A b": 2, "a_b": 1}, message_id="m2")],
        rows={TABLE: {"m1": {"a_b": "1"}, "m2": {"a_b": "1"}}},
        discards=[(row, "name_collision", "properties.A b") for row in ("m1", "m2")],
    ),
    Case(
        "#39 two spellings in two messages are one column",
        [a_track_call({"productId": 1}), a_track_call({"product_id": 2}, message_id="m2")],
        rows={TABLE: {"m1": {"product_id": "1"}, "m2": {"product_id": "2"}}},
    ),
    Case(
        "#39 names that differ by case alone",
        [a_track_call({"Plan": "a", "PLAN": "b"})],
        rows={TABLE: {"m1": {"plan": "b"}}},
        discards=[("m1", "name_collision", "properties.Plan")],
    ),
    Case(
        "#40 keyword, digit, long name",
        [a_track_call({"order": 1, "1abc": 2, "n" * 100: 3, "n" * 300: 4})],
        rows={
            TABLE: {
                "m1": {"_order": "1", "_1abc": "2", "n" * 100: "3", f"{'n' * 237}_{eight('n' * 300)}": "4"},
            }
        },
    ),
    Case(
        "#41 long names with one beginning are two columns",
        [
            a_track_call(
                {"n" * 290 + "0123456789": 1, "n" * 290 + "x": 2, "p" * 70 + "0123456789": 3, "p" * 70 + "x": 4}
            )
        ],
        rows={
            TABLE: {
                "m1": {
                    f"{'n' * 237}_{eight('n' * 290 + '0123456789')}": "1",
                    f"{'n' * 237}_{eight('n' * 290 + 'x')}": "2",
                    "p" * 70 + "0123456789": "3",
                    "p" * 70 + "x": "4",
                }
            }
        },
    ),
]
