"""The bad-input catalogue of the warehouse contract, section 8, as cases. Expectations are written from the contract."""

import gzip

from factories import (
    ABSENT,
    a_call,
    a_group_call,
    a_page_call,
    a_screen_call,
    a_track_call,
    an_alias_call,
    an_archive_object,
    an_identify_call,
    as_bytes,
    received,
)
from golden.cases import HAPPENED, KEY, OTHER, RECEIVED, Case, auto_id, eight, raw_bytes, raw_field, with_properties

M1 = {"m1": {"user_id": "u-1", "event_text": "Order Completed"}}
GOOD = a_track_call({"total": 1}, message_id="good")
TABLE = "order_completed"
THREE = an_archive_object(a_track_call({"n": n}, message_id=f"m{n}") for n in (1, 2, 3))
CUT = THREE[: THREE.rindex(b'"messageId"') + 20]
PLAIN_STORED = gzip.compress(THREE, 0, mtime=0)
THREE_ROWS = {TABLE: {f"m{n}": {"n": str(n)} for n in (1, 2, 3)}}
NAMELESS = f"event_{eight('')}"
LONG = "a" * 300
LONG_TABLE = f"{'a' * 237}_{eight(LONG)}"
BROKEN_GZIP = [
    Case(
        "#3 gzip ends inside the third line",
        CUT,
        stored=PLAIN_STORED[: len(CUT) + 15],
        rows={TABLE: {"m1": {"n": "1"}, "m2": {"n": "2"}}},
        quarantine=[(3, 0, "truncated_line")],
        counts={"lines": 3},
        status="partial",
    ),
    Case(
        "#3 gzip without its trailer",
        THREE,
        stored=gzip.compress(THREE, mtime=0)[:-8],
        rows=THREE_ROWS,
        status="partial",
    ),
    Case(
        "#3 gzip whose CRC fails",
        THREE,
        stored=gzip.compress(THREE, mtime=0)[:-8] + b"\0\0\0\0" + gzip.compress(THREE, mtime=0)[-4:],
        rows=THREE_ROWS,
        status="partial",
    ),
]


def _digits(count: int) -> str:
    return ("1234567890" * (count // 10 + 1))[:count]


def _nested(depth: int) -> str:
    return '{"k":' * depth + "1" + "}" * depth


def _ladder(depth: int) -> str:
    return "".join(f'{{"k{n}":' for n in range(1, depth + 1)) + "1" + "}" * depth


def _event(event, message_id="m1", **fields):
    return a_track_call({"total": 1}, event=event, message_id=message_id, **fields)


def _named(name, event, *tables, event_column=None):
    """A track call with an odd event name: its table, `event` and `event_text`."""
    wanted = {"event_text": event, "event": event_column, "total": "1"}
    return Case(name, [_event(event)], rows={tables[0]: {"m1": wanted}, "tracks": {"m1": wanted | {"total": None}}})


def _time(name, value, wanted, discards=(), field="timestamp", column=None, warnings=()):
    return Case(
        name,
        [a_track_call({"total": 1}, **{field: value})],
        rows={"tracks": {"m1": {column or field: wanted}}},
        discards=[("m1", "bad_timestamp", field)] if discards else [],
        warnings=dict.fromkeys(warnings, 1),
    )


BYTES_AND_LINES = [
    Case(
        "#1 malformed JSON",
        ['{"a":1,}', "{'a':1}", '{"a":01}', "stray text", '{"type":"track"', '{"a":1} x', GOOD],
        rows={"tracks": {"good": {}}},
        quarantine=[(line, 0, "bad_json") for line in range(1, 6)] + [(6, 0, "bad_json")],
        offsets={(2, 0): 1, (3, 0): 6, (4, 0): 0, (5, 0): 15, (6, 0): 8},
        counts={"lines": 7, "messages": 1, "blank": 0},
    ),
    Case(
        "#1 a whole message with a comma too many, a leading zero, a plus sign, a bare word",
        [with_properties(text) for text in ('{"x":1,}', '{"x":01}', '{"x":+1}', '{"x":nope}', '{"x":.5}', '{"x":5.}')],
        quarantine=[(line, 0, "bad_json") for line in range(1, 7)],
        no_tables=["tracks"],
    ),
    Case(
        "#2 last line cut",
        as_bytes(GOOD) + b'\n{"type":"track","messageId":"cu',
        rows={"tracks": {"good": {}}},
        quarantine=[(2, 0, "truncated_line")],
        offsets={(2, 0): 28},
        counts={"lines": 2},
        status="done",
    ),
    Case("#2 last line without a line feed is whole", as_bytes(GOOD), rows={"tracks": {"good": {}}}),
    *BROKEN_GZIP,
    Case("#4 plain text named .gz", THREE, stored=THREE, rows=THREE_ROWS, status="done"),
    Case("#4 gzip in gzip", THREE, stored=gzip.compress(gzip.compress(THREE)), rows=THREE_ROWS, status="done"),
    Case(
        "#5 several members",
        THREE,
        stored=b"".join(gzip.compress(line) for line in THREE.splitlines(keepends=True)),
        rows=THREE_ROWS,
        status="done",
    ),
    Case(
        "#5 a member ends inside a line",
        THREE,
        stored=gzip.compress(THREE[:100]) + gzip.compress(THREE[100:]),
        rows=THREE_ROWS,
    ),
    Case(
        "#5 zero padding",
        THREE,
        stored=gzip.compress(THREE) + b"\0" * 512,
        rows=THREE_ROWS,
        warnings={"trailing_bytes": 512},
        status="done",
    ),
    Case(
        "#5 junk behind the last member",
        THREE,
        stored=gzip.compress(THREE) + b"junk",
        rows=THREE_ROWS,
        warnings={"trailing_bytes": 4},
        status="done",
    ),
    Case(
        "#6 byte order marks",
        b"".join(b"\xef\xbb\xbf" + line for line in THREE.splitlines(keepends=True)),
        rows=THREE_ROWS,
        counts={"lines": 3},
    ),
    *(
        Case(
            f"#7 {encoding}",
            mark + an_archive_object([GOOD]).decode().encode(encoding),
            no_tables=["tracks"],
            quarantine=[(1, 0, "bad_encoding")],
            counts={"lines": 1},
            status="failed",
        )
        for encoding, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"))
    ),
    Case(
        "#8 CR LF, blank lines, lines of spaces",
        THREE.replace(b"\n", b"\r\n") + b"\n\r\n   \n\t\n\x0b\x0c\n" + an_archive_object([GOOD]),
        rows={TABLE: {**THREE_ROWS[TABLE], "good": {}}},
        counts={"lines": 9, "blank": 5},
    ),
    Case(
        "#9 separators of Unicode inside strings",
        [a_track_call({"x": "a\u2028b\u2029c\u0085d\u00a0"})],
        rows={TABLE: {"m1": {"x": "a\u2028b\u2029c\u0085d\u00a0"}}},
        counts={"lines": 1},
    ),
    Case(
        "#10 raw control bytes inside strings",
        [with_properties('{"x":"a\tb\x01c\rd\x0be"}')],
        rows={TABLE: {"m1": {"x": "a\tb\x01c\rd\x0be"}}},
        discards=[("m1", "control_char", "")],
    ),
    Case(
        "#10 a line feed inside a string makes two bad lines",
        [with_properties('{"x":"a\nb"}'), GOOD],
        rows={"tracks": {"good": {}}},
        quarantine=[(1, 0, "bad_json"), (2, 0, "bad_json")],
    ),
    Case(
        "#11 invalid UTF-8 in a value",
        [raw_bytes(a_track_call({"x": "a?b", "y": "ü"}), "a?b", b"a\xffb"), GOOD],
        rows={TABLE: {"m1": {"x": "a\ufffdb", "y": "ü"}, "good": {}}},
        discards=[("m1", "invalid_utf8", "")],
    ),
    Case(
        "#12 invalid UTF-8 in a key",
        [raw_bytes(a_track_call({"caf?": 1}), "caf?", b"caf\xe9")],
        rows={TABLE: {"m1": {"caf": "1"}}},
        discards=[("m1", "invalid_utf8", "")],
    ),
    Case(
        "#13 lone surrogate",
        [with_properties(r'{"x":"a\ud800b","y":"\ud83d\ude00"}')],
        rows={TABLE: {"m1": {"x": "a\ufffdb", "y": "😀"}}},
        discards=[("m1", "lone_surrogate", "properties.x")],
    ),
    Case(
        "#14 NUL in a value",
        [with_properties(r'{"x":"a\u0000b"}')],
        rows={TABLE: {"m1": {"x": "a\0b"}}},
    ),
    Case(
        "#15 NUL in ids",
        [a_track_call({"total": 1}, message_id="m\0001", userId="u\0")],
        rows={"tracks": {"m1": {"user_id": "u"}}},
        discards=[("m1", "nul_byte", "messageId"), ("m1", "nul_byte", "userId")],
    ),
    Case(
        "#16 repeated keys",
        [with_properties('{"x":1,"x":2,"n":{"y":"a","y":"b"}}')],
        rows={TABLE: {"m1": {"x": "2", "n_y": "b"}}},
        discards=[("m1", "duplicate_key", "properties.x"), ("m1", "duplicate_key", "properties.n.y")],
    ),
    Case(
        "#16 repeated top-level key",
        [raw_field("userId", '"first","userId":"last"')],
        rows={"tracks": {"m1": {"user_id": "last"}}},
        discards=[("m1", "duplicate_key", "userId")],
    ),
    Case(
        "#16 repeated key below a key that is left out",
        [raw_field("integrations", '{"All":true,"X":{"k":1,"k":2}}')],
        rows={"tracks": {"m1": {}}},
    ),
    Case(
        "#16 the same in a message that is read the exact way",
        [raw_field("integrations", '{"X":{"k":1,"k":2}},"userId":"first","userId":"last"')],
        rows={"tracks": {"m1": {"user_id": "last"}}},
        discards=[("m1", "duplicate_key", "userId")],
    ),
    Case(
        "#16 the same where the key is wanted",
        [raw_field("integrations", '{"X":{"k":1,"k":2}}')],
        options={"envelope_columns": ["integrations"]},
        rows={"tracks": {"m1": {"integrations_x_k": "2"}}},
        discards=[("m1", "duplicate_key", "integrations.X.k")],
    ),
    Case(
        "#25 a line of 17 MiB",
        [with_properties('{"x":"' + "y" * (17 * 2**20) + '"}'), GOOD],
        rows={"tracks": {"good": {}}},
        quarantine=[(1, 0, "line_too_long")],
    ),
]
NUMBERS = [
    Case(
        "#17 not finite",
        [with_properties('{"x":NaN,"y":Infinity,"z":-Infinity,"k":1}')],
        rows={TABLE: {"m1": {"x": None, "y": None, "z": None, "k": "1"}}},
        discards=[("m1", "non_finite", f"properties.{key}") for key in "xyz"],
    ),
    Case(
        "#18 floats out of range",
        [with_properties('{"x":1e400,"y":-1e400,"z":1e-400,"k":1e308}')],
        rows={TABLE: {"m1": {"x": None, "y": None, "k": "1" + "0" * 308}}},
        discards=[("m1", "number_out_of_range", f"properties.{key}") for key in "xy"]
        + [("m1", "precision", "properties.z")],
    ),
    Case(
        "#19 integers around 64 bits",
        [
            with_properties(
                '{"a":9223372036854775807,"b":9223372036854775808,"c":-9223372036854775809,'
                f'"d":{_digits(38)},"e":{_digits(39)},"k":1}}'
            )
        ],
        rows={
            TABLE: {
                "m1": {
                    "a": "9223372036854775807",
                    "b": "9223372036854775808",
                    "c": "-9223372036854775809",
                    "d": _digits(38),
                    "e": None,
                }
            }
        },
        discards=[("m1", "number_out_of_range", "properties.e")],
    ),
    Case(
        "#20 an integer of 5,000 digits",
        [with_properties(f'{{"x":{_digits(5000)},"k":1}}')],
        rows={TABLE: {"m1": {"x": None, "k": "1"}}},
        discards=[("m1", "number_out_of_range", "properties.x")],
    ),
    Case(
        "#21 more digits than a float has",
        [with_properties('{"x":0.1234567890123456789,"y":10000000000000000.5,"z":0.1,"e":1e3}')],
        rows={TABLE: {"m1": {"x": "0.12345678901234568", "y": "10000000000000000", "z": "0.1", "e": "1000"}}},
        discards=[("m1", "precision", "properties.x"), ("m1", "precision", "properties.y")],
    ),
    Case(
        "#22 nesting of 12 levels",
        [with_properties(_ladder(12))],
        rows={TABLE: {"m1": {"_".join(f"k{n}" for n in range(1, 11)): '{"k11":{"k12":1}}'}}},
    ),
    Case(
        "#22 nesting of 512 levels",
        [with_properties(_nested(511))],
        rows={TABLE: {"m1": {"_".join("k" * 10): _nested(501)}}},
    ),
    Case(
        "#23 nesting of 513 levels",
        [with_properties(_nested(512)), GOOD],
        rows={"tracks": {"good": {}}},
        quarantine=[(1, 0, "too_deep")],
    ),
    Case(
        "#23 100,000 brackets",
        ["[" * 100_000, with_properties("[" * 50_000 + "]" * 50_000), GOOD],
        rows={"tracks": {"good": {}}},
        quarantine=[(1, 0, "too_deep"), (2, 0, "too_deep")],
        offsets={(1, 0): 512},
    ),
]
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
TYPES_AND_ENVELOPES = [
    *(
        Case(
            f"#42 type {name}",
            [a_call("track", type=value), GOOD],
            rows={"tracks": {"good": {}}},
            quarantine=[(1, 0, "missing_type")],
        )
        for name, value in (("missing", ABSENT), ("null", None), ("a number", 5), ("an object", {"type": "track"}))
    ),
    Case(
        "#43 type in capitals, with spaces",
        [a_track_call(type="Track"), a_page_call(type=" page ", message_id="m2")],
        rows={"tracks": M1, "pages": {"m2": {"name": "Home"}}},
    ),
    *(
        Case(
            f"#44 type {kind}",
            [a_call(kind), GOOD],
            rows={"tracks": {"good": {}}},
            quarantine=[(1, 0, "unknown_type")],
        )
        for kind in ("import", "delete", "merge", "extract", "pixel", "")
    ),
    Case(
        "#45 a batch with an item that is none",
        [
            {
                "batch": [
                    a_track_call({"n": 1}, context={"ip": "198.51.100.1", "app": {"name": "shop"}}),
                    5,
                    a_track_call({"n": 2}, message_id="m2", context=ABSENT, sentAt=ABSENT),
                ],
                "context": {"ip": "203.0.113.9", "app": {"name": "other", "version": "3"}},
                "sentAt": "2026-03-01T09:59:59.500Z",
            },
            GOOD,
        ],
        rows={
            "tracks": {
                "m1": {
                    "context_ip": "198.51.100.1",
                    "context_app_name": "shop",
                    "context_app_version": "3",
                    "sent_at": "2026-03-01T09:59:59.000000Z",
                },
                "m2": {
                    "context_ip": "203.0.113.9",
                    "context_app_name": "other",
                    "sent_at": "2026-03-01T09:59:59.500000Z",
                },
                "good": {},
            }
        },
        quarantine=[(1, 1, "not_an_object")],
        counts={"lines": 2, "messages": 4},
    ),
    Case(
        "#45 the archive of a RudderStack gateway",
        [
            {
                "userId": "<<>>u-1",
                "payload": {
                    "batch": [a_track_call({"n": 1}, receivedAt=ABSENT, context=ABSENT)],
                    "requestIP": "203.0.113.9",
                    "writeKey": "k",
                    "receivedAt": "2026-03-01T10:00:07Z",
                },
                "createdAt": "2026-03-01T10:00:09Z",
                "messageId": "outer",
            }
        ],
        rows={"tracks": {"m1": {"context_ip": "203.0.113.9", "received_at": "2026-03-01T10:00:07.000000Z"}}},
    ),
    Case(
        "#45 an array of messages",
        [[a_track_call({"n": 1}), a_track_call({"n": 2}, message_id="m2"), None]],
        rows={TABLE: {"m1": {"n": "1"}, "m2": {"n": "2"}}},
        quarantine=[(1, 2, "not_an_object")],
    ),
    Case(
        "#45 lines of warehouse staging are refused",
        [{"data": {"id": 1}, "metadata": {"table": "tracks", "columns": {}}}],
        quarantine=[(1, 0, "unsupported_envelope")],
        no_tables=["tracks"],
    ),
    Case(
        "#46 an empty batch",
        [{"batch": []}, {"batch": [], "sentAt": received()}],
        no_tables=["tracks"],
        counts={"lines": 2, "blank": 0, "messages": 0},
        warnings={"empty_batch": 2},
    ),
    Case(
        "#47 lines that are no object",
        ["5", "null", "[]", '"text"', "true", "[1,2]", "-1.5e3", "[[]]", GOOD],
        rows={"tracks": {"good": {}}},
        quarantine=[(line, 0, "not_an_object") for line in range(1, 9)],
        counts={"lines": 9, "messages": 1},
    ),
    Case(
        "#48 two objects on one line",
        [as_bytes(a_track_call({"n": 1})) + as_bytes(a_track_call({"n": 2}, message_id="m2"))],
        rows={TABLE: {"m1": {"n": "1"}, "m2": {"n": "2"}}},
        counts={"lines": 1, "messages": 2},
        warnings={"concatenated_json": 1},
    ),
    Case(
        "#48 a good object and a broken one on one line",
        [as_bytes(a_track_call({"n": 1})) + b'{"type":"track",', GOOD],
        rows={TABLE: {"m1": {"n": "1"}, "good": {}}},
        quarantine=[(1, 1, "bad_json")],
        offsets={(1, 1): len(as_bytes(a_track_call({"n": 1}))) + len('{"type":"track",')},
        counts={"lines": 2, "messages": 3},
    ),
]
IDS = [
    Case(
        "#49 neither userId nor anonymousId",
        [a_track_call({"n": 1}, userId=ABSENT, anonymousId=None)],
        rows={"tracks": {"m1": {"user_id": None, "anonymous_id": None}}},
        warnings={"no_identity": 1},
    ),
    Case(
        "#50 userId is a number, a long text",
        [
            a_track_call({"n": 1}, userId=42),
            raw_field("userId", "4.50", message_id="m2"),
            a_track_call({"n": 1}, userId="u" * 5000, message_id="m3"),
        ],
        rows={"tracks": {"m1": {"user_id": "42"}, "m2": {"user_id": "4.50"}, "m3": {"user_id": "u" * 5000}}},
    ),
    Case(
        "#50 userId is a bool, an object, an array",
        [
            a_track_call({"n": 1}, userId=True),
            a_track_call({"n": 1}, userId={"id": 1}, message_id="m2"),
            a_track_call({"n": 1}, anonymousId=["a"], message_id="m3"),
        ],
        rows={"tracks": {"m1": {"user_id": None}, "m2": {"user_id": None}, "m3": {"anonymous_id": None}}},
        discards=[("m1", "bad_id", "userId"), ("m2", "bad_id", "userId"), ("m3", "bad_id", "anonymousId")],
    ),
    Case(
        "#51 identify without userId, group without groupId, alias without previousId",
        [
            an_identify_call(user_id=ABSENT),
            an_identify_call(user_id="  ", message_id="m2"),
            a_group_call(group_id=None, message_id="m3"),
            an_alias_call(previous_id=ABSENT, message_id="m4"),
        ],
        rows={
            "identifies": {"m1": {"plan": "pro"}, "m2": {"user_id": "  "}},
            "groups": {"m3": {"seats": "5", "group_id": None}},
            "aliases": {"m4": {"previous_id": None}},
        },
        no_tables=["users", "accounts"],
        warnings={"identify_without_user": 2, "group_without_group": 1, "alias_without_previous": 1},
    ),
    Case(
        "#52 messageId is a number, long, in spaces",
        [
            a_track_call({"n": 1}, message_id=17),
            raw_field("messageId", "1.50"),
            a_track_call({"n": 1}, message_id="m" * 300),
            a_track_call({"n": 1}, message_id="  in spaces "),
        ],
        rows={"tracks": {"17": {}, "1.50": {}, "m" * 300: {}, "in spaces": {}}},
        warnings={"long_message_id": 1},
    ),
    *(
        Case(
            f"#52 messageId {name}",
            [call := a_track_call({"n": 1}, message_id=value)],
            rows={"tracks": {auto_id(call): {}}, TABLE: {auto_id(call): {"n": "1"}}},
            discards=[(auto_id(call), "bad_message_id", "messageId")] if is_odd else [],
        )
        for name, value, is_odd in (
            ("missing", ABSENT, False),
            ("null", None, False),
            ("blank", "  ", False),
            ("a bool", True, True),
            ("an object", {"id": "m1"}, True),
            ("an array", [1], True),
        )
    ),
    Case(
        "#53 one id twice in a file",
        [a_track_call({"n": 1}), a_track_call({"n": 1})],
        rows={"tracks": {"m1": {}}, TABLE: {"m1": {"n": "1"}}},
        counts={"messages": 2, "duplicates": 1, "conflicts": 0},
    ),
    Case(
        "#53 one id in two files",
        objects={KEY: [a_track_call({"n": 1})], OTHER: [a_track_call({"n": 1}, receivedAt=received(1, 5))]},
        rows={"tracks": {"m1": {"received_at": RECEIVED}}, TABLE: {"m1": {"n": "1"}}},
        counts={"duplicates": 1, "conflicts": 0},
    ),
    Case(
        "#53 one id a year apart",
        [a_track_call({"n": 1}), a_track_call({"n": 1}, receivedAt=received(366))],
        rows={"tracks": {"m1": {"received_at": RECEIVED}}},
        counts={"duplicates": 1, "conflicts": 0},
    ),
    Case(
        "#53 one id under several types",
        [a_track_call(), a_page_call(), an_identify_call(), a_group_call(), an_alias_call(), a_screen_call()],
        rows={table: {"m1": {}} for table in ("tracks", "pages", "identifies", "groups", "aliases", "screens")},
        counts={"duplicates": 0},
    ),
    Case(
        "#54 one id with two contents: the earliest wins",
        [
            a_track_call({"n": 2}, receivedAt=received(1, 2), event="Late"),
            a_track_call({"n": 1}, receivedAt=received(1, 1), event="Early"),
            a_track_call({"n": 3}, receivedAt=received(1, 3), event="Late"),
        ],
        rows={"tracks": {"m1": {"event": "early"}}, "early": {"m1": {"n": "1"}}},
        no_tables=["late"],
        counts={"duplicates": 2, "conflicts": 2},
    ),
    Case(
        "#55 one message without an id in two files",
        objects={KEY: [call := a_track_call({"n": 1}, message_id=ABSENT)], OTHER: [call]},
        rows={"tracks": {auto_id(call): {}}},
        counts={"duplicates": 1},
    ),
    Case(
        "#55 one message without an id twice in one file",
        [call := a_track_call({"n": 1}, message_id=ABSENT), call, call],
        rows={"tracks": {auto_id(call): {}, f"{auto_id(call)}-2": {}, f"{auto_id(call)}-3": {}}},
        counts={"duplicates": 0},
    ),
]
TIMES = [
    Case(
        "#56 receivedAt missing: the day of the key",
        [a_track_call({"n": 1}, receivedAt=ABSENT)],
        rows={"tracks": {"m1": {"received_at": "2026-03-01T00:00:00.000000Z"}}},
        warnings={"received_at_imputed": 1},
    ),
    Case(
        "#56 receivedAt is garbage",
        [a_track_call({"n": 1}, receivedAt="garbage")],
        rows={"tracks": {"m1": {"received_at": "2026-03-01T00:00:00.000000Z"}}},
        discards=[("m1", "bad_timestamp", "receivedAt")],
        warnings={"received_at_imputed": 1},
    ),
    *(
        _time(f"#57 timestamp is {value!r}", value, "2020-04-23T00:00:00.000000Z")
        for value in (
            1587600000,
            1587600000000,
            "1587600000",
            "1587600000000",
            "1587600000000000",
            "1587600000000000000",
            "2020-04-23",
            "2020-04-23T00:00:00,000Z",
        )
    ),
    _time("#58 unset", "0001-01-01T00:00:00Z", HAPPENED),
    _time("#58 empty", "", HAPPENED),
    _time("#58 last day", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z", warnings=["timestamp_future"]),
    _time("#58 year of five digits", "+10000-01-01T00:00:00Z", HAPPENED, discards=True),
    _time("#58 February 30", "2020-02-30T00:00:00Z", HAPPENED, discards=True),
    _time("#58 hour 24", "2020-02-01T24:00:00Z", HAPPENED, discards=True),
    _time("#58 leap second", "2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
    _time("#58 bool", True, HAPPENED, discards=True),
    _time("#58 unset sentAt", "0001-01-01T00:00:00Z", None, field="sentAt", column="sent_at"),
    Case(
        "#59 the formula leaves the calendar",
        [
            a_track_call(
                {"n": 1}, timestamp=ABSENT, sentAt="9999-12-31T23:59:59Z", originalTimestamp="1900-01-01T00:00Z"
            )
        ],
        rows={"tracks": {"m1": {"timestamp": RECEIVED, "sent_at": "9999-12-31T23:59:59.000000Z"}}},
        discards=[("m1", "bad_timestamp", "timestamp")],
    ),
    _time("#60 ten years ahead", "2036-03-01T10:00:00Z", "2036-03-01T10:00:00.000000Z", warnings=["timestamp_future"]),
    _time("#60 a day ahead is a time zone, not a wrong clock", "2026-03-02T10:00:00Z", "2026-03-02T10:00:00.000000Z"),
    _time("#61 nanoseconds", "2026-03-01T10:00:25.862826965Z", "2026-03-01T10:00:25.862826Z"),
    _time("#61 offset", "2026-03-01T10:00:00.5+02:30", "2026-03-01T07:30:00.500000Z"),
    _time("#61 offset without a colon", "2026-03-01 10:00-0100", "2026-03-01T11:00:00.000000Z"),
]
PAYLOADS = [
    *(
        Case(
            f"#62 properties is {name}",
            [a_track_call(value)],
            rows={TABLE: {"m1": {"user_id": "u-1"}}},
            discards=[("m1", "not_an_object", "properties")],
        )
        for name, value in (("a string", "x"), ("a number", 5), ("an array", [{"a": 1}]), ("a bool", False))
    ),
    Case(
        "#62 traits and context are no objects",
        [an_identify_call("x"), a_track_call({"n": 1}, context=5, message_id="m2")],
        rows={
            "identifies": {"m1": {"user_id": "u-1"}},
            "tracks": {"m2": {"context_ip": None}},
            "users": {"u-1": {"context_ip": "192.0.2.7"}},
        },
        discards=[("m1", "not_an_object", "traits"), ("m2", "not_an_object", "context")],
    ),
    *(
        Case(
            f"#63 properties {name}",
            [a_track_call(value) if value is None else a_call("track", event="Order Completed")],
            rows={TABLE: {"m1": {"user_id": "u-1", "event": TABLE}}},
        )
        for name, value in (("missing", ABSENT), ("null", None))
    ),
    Case(
        "#64 arrays are JSON text",
        [
            a_track_call(
                {
                    "products": [{"sku": "a", "n": 1}, {"sku": "b ü"}],
                    "mixed": [1, "x", None, True, {"k": [2.5]}],
                    "long": list(range(10_000)),
                    "empty": [],
                    "nothing": {},
                }
            )
        ],
        rows={
            TABLE: {
                "m1": {
                    "products": '[{"sku":"a","n":1},{"sku":"b ü"}]',
                    "mixed": '[1,"x",null,true,{"k":[2.5]}]',
                    "long": f"[{','.join(map(str, range(10_000)))}]",
                    "empty": "[]",
                    "nothing": None,
                }
            }
        },
    ),
    Case(
        "#65 object here, scalar there",
        [a_track_call({"plan": {"name": "pro"}}), a_track_call({"plan": "pro"}, message_id="m2")],
        rows={TABLE: {"m1": {"plan_name": "pro", "plan": None}, "m2": {"plan": "pro", "plan_name": None}}},
    ),
    Case(
        "#66 int, float, text, bool",
        [a_track_call({"x": x}, message_id=f"m{n}") for n, x in enumerate((1, 2.5, "three", True))],
        rows={TABLE: {"m0": {"x": "1"}, "m1": {"x": "2.5"}, "m2": {"x": "three"}, "m3": {"x": "true"}}},
    ),
    Case(
        "#67 numeric strings are text",
        [a_track_call({"a": "007", "b": "1,200", "c": "+1 555", "d": "0x1F", "e": "true"})],
        rows={TABLE: {"m1": {"a": "007", "b": "1,200", "c": "+1 555", "d": "0x1F", "e": "true"}}},
    ),
    Case(
        "#68 dates",
        [
            a_track_call(
                {"a": "2024-01-31", "b": "01/31/2024", "c": "2024-01-31 10:00", "d": "2024-01-31T10:00:00+01:00"}
            )
        ],
        rows={
            TABLE: {
                "m1": {
                    "a": "2024-01-31",
                    "b": "01/31/2024",
                    "c": "2024-01-31T10:00:00.000000Z",
                    "d": "2024-01-31T09:00:00.000000Z",
                }
            }
        },
    ),
    Case(
        "#69 long strings",
        [a_track_call({"a": "x" * 513, "b": "ü" * 70_000})],
        rows={TABLE: {"m1": {"a": "x" * 513, "b": "ü" * 70_000}}},
    ),
    Case(
        "#70 traits with HTML, quotes, backslashes",
        [an_identify_call({"bio": (bio := '<p class="a">\\copy $$ \\\\ "x" \'y\' ; -- \n\t</p>' * 80)})],
        rows={"identifies": {"m1": {"bio": bio}}, "users": {"u-1": {"bio": bio}}},
    ),
    Case(
        "#71 texts that look like nothing",
        [a_track_call({"a": "\\N", "b": "NULL", "c": "null", "d": "", "e": " ", "f": None})],
        rows={TABLE: {"m1": {"a": "\\N", "b": "NULL", "c": "null", "d": "", "e": " ", "f": None}}},
    ),
    Case(
        "#74 an object in the folder of another source",
        [a_track_call({"n": 1}, projectId="another0001")],
        rows={"tracks": {"m1": {}}},
        warnings={"source_mismatch": 1},
    ),
    Case(
        "2.2 unknown top-level keys are one discard",
        [a_track_call({"n": 1}, extra=1, more={"x": 2}, nothing=None)],
        rows={"tracks": {"m1": {}}},
        discards=[("m1", "unknown_top_level", "")],
    ),
    Case(
        "2.2 traits beside properties are unknown, though all of them are null",
        [a_track_call({"n": 1}, traits={"plan": None}), a_track_call({"n": 1}, traits={}, message_id="m2")],
        rows={"tracks": {"m1": {}, "m2": {}}},
        discards=[("m1", "unknown_top_level", "")],
    ),
    Case(
        "1.4 envelope keys in lower case",
        [{key.lower(): value for key, value in a_track_call({"n": 1}).items()}],
        rows={"tracks": {"m1": {"user_id": "u-1", "received_at": RECEIVED}}, TABLE: {"m1": {"n": "1"}}},
        warnings={"key_case": 1},
    ),
    Case(
        "1.4 keys that are left out, in lower case",
        [{key.lower() if key == "projectId" else key: value for key, value in a_track_call({"n": 1}).items()}],
        rows={"tracks": {"m1": {"user_id": "u-1"}}},
        warnings={"key_case": 1},
    ),
]
CASES = [
    *BYTES_AND_LINES,
    *NUMBERS,
    *EVENT_NAMES,
    *PROPERTY_NAMES,
    *TYPES_AND_ENVELOPES,
    *IDS,
    *TIMES,
    *PAYLOADS,
]
