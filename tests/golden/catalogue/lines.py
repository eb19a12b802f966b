"""Cases of bytes, lines and numbers."""

import gzip

from factories import a_track_call, an_archive_object, as_bytes
from golden.cases import Case, raw_bytes, raw_field, with_properties
from golden.catalogue.given import CUT, GOOD, PLAIN_STORED, TABLE, THREE, THREE_ROWS

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
