"""Cases of types, envelopes, ids and times."""

from factories import (
    ABSENT,
    a_call,
    a_group_call,
    a_page_call,
    a_screen_call,
    a_track_call,
    an_alias_call,
    an_identify_call,
    as_bytes,
    received,
)
from golden.cases import HAPPENED, KEY, OTHER, RECEIVED, Case, auto_id, raw_field
from golden.catalogue.given import GOOD, M1, TABLE


def _time(name, value, wanted, discards=(), field="timestamp", column=None, warnings=()):
    return Case(
        name,
        [a_track_call({"total": 1}, **{field: value})],
        rows={"tracks": {"m1": {column or field: wanted}}},
        discards=[("m1", "bad_timestamp", field)] if discards else [],
        warnings=dict.fromkeys(warnings, 1),
    )


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
