"""Cases of payloads."""

from factories import ABSENT, a_call, a_track_call, an_identify_call
from golden.cases import RECEIVED, Case
from golden.catalogue.given import TABLE

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
