"""`loader verify`: passes after every load, and finds whatever is taken away or changed by hand."""

import gzip
import json
from datetime import timedelta

import pytest
from e2e.small_archive import DUPLICATES, LINES, QUARANTINED
from e2e.verifying import a_project, change, verified
from factories import (
    ABSENT,
    LAST_MODIFIED,
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

from loader.jobs.load import load_source
from loader.jobs.rebuild import rebuild
from loader.jobs.verify.source import verify_source

GOOD = json.dumps(a_track_call())


def test_everything_adds_up_after_a_load(small):
    """With the counts of the archive."""
    report, code = verified(small)

    assert report["mismatches"] == []
    assert code == 0
    assert report["objects"] == 3
    assert report["lines"] == LINES
    assert report["messages"] == LINES - QUARANTINED
    assert report["rows"] == LINES - QUARANTINED - DUPLICATES
    assert report["copies"] == DUPLICATES
    assert report["quarantined_lines"] == QUARANTINED
    assert report["values_checked"] > 40
    assert (report["not_loaded"], report["not_verifiable"], report["warnings"]) == (0, 0, [])


TRACK = "2026-03-02-t1"


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (f"delete from shop.tracks where id = '{TRACK}'", "line 2 item 0"),
        (f"delete from shop.order_completed where id = '{TRACK}'", "rows, by the event of each row of tracks"),
        ("delete from shop.pages", "line 5 item 0"),
        ("delete from shop.users", "rows, by distinct user_id of identifies"),
        ("delete from _loader.copies", "messages = rows + copies + quarantined"),
        ("delete from _loader.quarantine", "line 6 item 0"),
        ("update _loader.objects set lines = lines + 1", "lines"),
        ("update _loader.objects set messages = messages - 1", "messages"),
        (f"update shop.tracks set id = 'other' where id = '{TRACK}'", "line 2 item 0: id"),
        (f"update shop.tracks set _line = 40 where id = '{TRACK}'", "line 40 item 0 in the archive"),
        (f"insert into shop.tracks select * from shop.tracks where id = '{TRACK}'", "rows that repeat an id"),
        ("update shop.tracks set _object = 99", "rows of no recorded object"),
        (
            f"update shop.order_completed set total = 11 where id = '{TRACK}'",
            f"value missing: order_completed.total of {TRACK}",
        ),
        (
            f"update shop.order_completed set currency = null where id = '{TRACK}'",
            f"value missing: order_completed.currency of {TRACK}",
        ),
        (
            f"update shop.tracks set context_ip = '192.0.2.2' where id = '{TRACK}'",
            f"value missing: tracks.context_ip of {TRACK}",
        ),
        ("update shop.identifies set plan = 'x'", "value missing: identifies.plan of 2026-03-01-i"),
        (
            "alter table shop.users alter plan type integer using null",
            "users.plan: type of the column, as identifies has it",
        ),
    ],
)
def test_what_is_changed_by_hand_is_found(small, statement, what):
    """Each loss is named, and the exit code says so; no value of a message is repeated."""
    change(small, statement)

    report, code = verified(small)

    assert what in [mismatch["what"] for mismatch in report["mismatches"]]
    assert code == 1
    assert report["mismatch_count"] >= len(report["mismatches"])
    assert "192.0.2.1" not in json.dumps(report)


@pytest.mark.parametrize(
    ("call", "column"),
    [
        *((call, column) for call in ("tracks", "order_completed") for column in ("event", "event_text", "user_id")),
        *(("pages", column) for column in ("name", "category", "anonymous_id")),
        *(("tracks", column) for column in ("received_at", "timestamp", "sent_at", "original_timestamp")),
        ("groups", "group_id"),
        ("aliases", "previous_id"),
    ],
)
def test_ids_names_and_times_are_those_of_the_message(tmp_path, call, column):
    """In every table that has the message."""
    calls = [a_track_call(), a_page_call(category="Front"), a_group_call(), an_alias_call()]
    config = a_project(tmp_path, {a_key(): calls})
    assert verified(config)[1] == 0
    other = f"{column} + interval 1 hour" if column.endswith(("_at", "timestamp")) else "'other'"

    change(config, f'update shop.{call} set "{column}" = {other}')

    report, code = verified(config)
    found = [mismatch["what"] for mismatch in report["mismatches"]]
    assert f"value missing: {call}.{column} of m1" in found
    assert code == 1


def test_bad_lines_of_every_kind_add_up(tmp_path):
    """Of every kind that the catalogue of bad input has."""
    objects = {
        a_key(1, "mixed"): [
            GOOD,
            "",
            "   ",
            '{"type": "track", oops',
            "null",
            "[]",
            '{"data": {}, "metadata": {}}',
            json.dumps(a_track_call(message_id="t0", type="import")),
            json.dumps(
                {"batch": [a_track_call(message_id="b1"), 5, a_page_call(message_id="b2")], "sentAt": received()}
            ),
            '{"batch": []}',
            f"[{json.dumps(an_identify_call(message_id='i1'))}, 1]",
            json.dumps(a_screen_call(message_id="s1")) + json.dumps(a_group_call(message_id="g1")) + '{"type":',
            json.dumps(an_alias_call(message_id="al1")) + "junk",
            a_track_call({"a": 1, "A": 2, "b": {"c": 10**30}, "d": "2026-01-01T00:00:00Z"}, message_id="t1"),
            '{"type":"track","messageId":"t2","event":"X","properties":{"n":NaN,"big":1e400,"p":0.1234567890123456789}}',
            json.dumps(a_track_call({"bad": "\ud800", "tab": "\t"}, message_id="t3")).encode(),
            b'{"type":"track","messageId":"t4","event":"X","properties":{"s":"\xff"}}',
            b'{"type":"track","messageId":"t5","event":"X","properties":{"s":"a\x01b"}}',
            a_track_call("text", message_id="t6"),
            a_track_call({"id": 5, "user_id": True}, message_id=ABSENT),
            a_track_call({"id": 5, "user_id": True}, message_id=ABSENT),
            a_track_call({"x": [1, 2.50, {"y": None}], "z": {}}, message_id="t7", traits={"more": 1}, other="1"),
            a_page_call(message_id="p2", traits={"email": None}),
            an_identify_call(message_id="i2", properties={"campaign": {"name": None}, "cart": {}}),
            "[" * 600 + "]" * 600,
            a_page_call({"name": "Home", "category": 4}, message_id="p1"),
            a_track_call({"total": "free"}, message_id="t8"),
            a_track_call({"total": 7}, message_id="t9"),
            *(
                a_track_call(message_id=f"r{n}", request_ip=given)
                for n, given in enumerate(({}, {"k": {"x": 1}}, 5, [1]))
            ),
            a_page_call(message_id="p3", Traits={}),
            a_page_call(message_id="p4", request_ip="192.0.2.9", context={"IP": "192.0.2.8"}),
        ],
        a_key(2, "again"): [GOOD, GOOD],
        a_key(2, "wide"): "\ufeff{}".encode("utf-16-le"),
        a_key(3, "empty"): b"",
    }
    config = a_project(tmp_path, objects)

    report, code = verified(config)

    assert report["mismatches"] == []
    assert code == 0
    assert report["objects"] == 4
    assert report["copies"] == 2


def test_torn_and_doubly_packed_objects_add_up(tmp_path):
    """A truncated object is loaded up to where it breaks."""
    config = a_project(tmp_path, {a_key(1, "whole"): [GOOD]})
    folder = (tmp_path / "archive" / a_key(1, "whole")).parent
    body = an_archive_object([a_track_call(message_id=f"m{n * 7919 % 10007}") for n in range(1000)])
    packed = gzip.compress(body)
    (folder / "torn.gz").write_bytes(packed[: len(packed) // 2])
    (folder / "twice.gz").write_bytes(gzip.compress(gzip.compress(an_archive_object([GOOD])) + b"\0\0"))
    load_source(config, config.sources[0])

    report, code = verified(config)

    assert report["mismatches"] == []
    assert code == 0
    assert report["objects"] == 3
    assert report["quarantined_lines"] == 1


def test_options_of_the_load_are_respected(tmp_path):
    """Columns left out, subtrees kept whole, days as timestamps; and the options of then, not those of now."""
    messages = [a_track_call({"cart": {"id": 1}, "day": "2026-05-01", "secret": "s"}), an_identify_call(message_id="i")]
    options = {
        "exclude": ["secret", "identifies.plan"],
        "json_paths": ["track.properties.cart"],
        "date_only": "timestamp",
    }
    config = a_project(tmp_path, {a_key(): messages}, **options)

    report, _ = verified(config)
    assert report["mismatches"] == []

    today = config.model_copy(
        update={"sources": (config.sources[0].model_copy(update={"load": type(config.sources[0].load)()}),)}
    )
    assert verified(today)[0]["mismatches"] == []


def test_equal_messages_without_an_id_are_kept_whole(tmp_path):
    """The second one has a number in its id, there too."""
    message = a_track_call({"n": 2**64}, message_id=ABSENT)
    config = a_project(tmp_path, {a_key(): [message, message]}, raw_events=True)

    assert verified(config)[0]["mismatches"] == []


def test_keys_of_the_envelope_in_another_case_add_up(tmp_path):
    """Where their usual spelling is absent, they are read as it."""
    page = a_page_call(type=" Page", channel=ABSENT, Channel="web", Request_IP="192.0.2.9", context={})
    config = a_project(tmp_path, {a_key(): [page]}, envelope_columns=["channel", "type"])

    assert verified(config)[0]["mismatches"] == []


def test_events_beyond_the_table_cap_add_up(tmp_path):
    """With properties, without any, and with some that are no object."""
    payloads = ({"a": 1}, {"a": 2**64}, {"a": [2**64, 1.5]}, {}, 5, None)
    calls = [a_track_call(payload, f"Event {n}", f"t{n}") for n, payload in enumerate(payloads)]
    config = a_project(tmp_path, {a_key(): calls}, table_cap=1)

    report, code = verified(config)

    assert (report["mismatches"], code) == ([], 0)


def test_a_key_with_a_dot_is_no_path(tmp_path):
    """`cart.id` in json_paths is the key `id` of `cart`; the key `cart.id` is taken apart, as the load does."""
    message = a_track_call({"cart.id": {"n": 1}, "cart": {"id": {"n": 2}, "of": {"n": 3}}})
    config = a_project(tmp_path, {a_key(): [message]}, json_paths=["track.properties.cart.id"])

    assert verified(config)[0]["mismatches"] == []


def test_objects_that_cannot_be_compared_are_named(tmp_path):
    """Gone, changed and new objects are no errors."""
    config = a_project(tmp_path, {a_key(1): [GOOD], a_key(2): [a_track_call(message_id="m2")], a_key(3): []})
    (tmp_path / "archive" / a_key(1)).unlink()
    later = LAST_MODIFIED + timedelta(days=1)
    write_archive(tmp_path / "archive", {a_key(2): [a_track_call(message_id="m3")], a_key(4): [GOOD]}, later)

    report, code = verified(config)

    assert report["mismatches"] == []
    assert code == 0
    assert report["objects"] == 1
    assert report["not_verifiable"] == 2
    assert report["not_verifiable_objects"] == [
        {"key": a_key(2), "reason": "changed"},
        {"key": a_key(1), "reason": "gone"},
    ]
    assert report["not_loaded"] == 2
    assert len(report["warnings"]) == 3


def test_an_object_that_cannot_be_read_fails(small, tmp_path, monkeypatch):
    """Exit code 1, and the others are compared."""
    from loader.archive.files import FolderArchive
    from loader.errors import TerminalError

    there = FolderArchive.local_path

    def denied(self, obj):
        if "1772323200000" in obj.key:
            raise TerminalError("access denied", obj.key, "allow it")
        return there(self, obj)

    monkeypatch.setattr(FolderArchive, "local_path", denied)
    report, code = verified(small)

    assert code == 1
    assert report["objects"] == 2
    assert report["failed_objects"] == [
        {"key": "segment-logs/k2V9xqPw7r/1772323200000/first.gz", "error": "access denied"}
    ]


def test_a_large_object_is_compared_in_stretches(tmp_path, monkeypatch):
    """Places are asked for some lines at a time, and values are checked for some messages only."""
    monkeypatch.setattr("loader.jobs.verify.source.WINDOW_LINES", 100)
    monkeypatch.setattr("loader.jobs.verify.places.WINDOW_LINES", 100)
    monkeypatch.setattr("loader.jobs.verify.source.MESSAGES", 50)
    config = a_project(tmp_path, {a_key(): [a_track_call(message_id=f"m{n}") for n in range(450)]})

    report, code = verified(config)
    assert (report["mismatches"], code, report["rows"]) == ([], 0, 450)
    assert report["values_checked"] == 50 * (1 + 2 * (4 + 8))

    change(config, "delete from shop.tracks where id in ('m99', 'm100', 'm449')")
    change(config, "update shop.tracks set _line = 9999 where id = 'm7'")
    report, code = verified(config)
    whats = {mismatch["what"] for mismatch in report["mismatches"]}
    assert {"line 8 item 0", "line 100 item 0", "line 101 item 0", "line 450 item 0"} <= whats
    assert "line 9999 item 0 in the archive" in whats


def test_the_whole_archive_is_looked_into_where_that_is_wanted(tmp_path, monkeypatch):
    """Values of some messages of a large object are checked; with `--whole` those of all, their fingerprints as well."""
    monkeypatch.setattr("loader.jobs.verify.source.MESSAGES", 10)
    config = a_project(tmp_path, {a_key(): [a_track_call(message_id=f"m{n}") for n in range(100)]})
    change(config, "update shop.order_completed set total = 1 where id = 'm50'")
    change(config, "update shop.tracks set _fingerprint = 1 where id = 'm60'")

    assert verified(config)[0]["mismatches"] == []
    report = verify_source(config, config.sources[0], is_whole=True).as_dict()

    whats = [mismatch["what"] for mismatch in report["mismatches"]]
    assert "value missing: order_completed.total of m50" in whats
    assert "not what follows from the message: tracks._fingerprint of m60" in whats


def test_a_mismatch_says_where_it_is_and_what_to_do(small):
    """Object, line, table and column, and the command that makes it right."""
    change(small, f"update shop.order_completed set total = 11 where id = '{TRACK}'")

    (mismatch, *_) = verified(small)[0]["mismatches"]

    assert mismatch == {
        "key": "segment-logs/k2V9xqPw7r/1772409600000/first.gz",
        "line": 2,
        "what": f"value missing: order_completed.total of {TRACK}",
        "expected": "a number",
        "found": "another value",
        "fix": "loader rebuild shop.order_completed",
    }


def test_users_of_no_one_rule_are_not_compared(tmp_path):
    """Loads under other options made some of them; a rebuild makes all of them by one rule."""
    config = a_project(tmp_path, {a_key(1): [an_identify_call(message_id="i1")]})
    write_archive(tmp_path / "archive", {a_key(2): [an_identify_call({"plan": None}, message_id="i2")]})
    source = config.sources[0]
    kept = source.model_copy(update={"load": source.load.model_copy(update={"null_traits": "keep"})})
    load_source(config, kept)

    report, code = verified(config)
    assert (report["mismatches"], code) == ([], 0)
    assert report["warnings"] == [
        "users was made under several options, so its values are not compared: run `loader rebuild shop`"
    ]

    rebuild(config, source, None)
    assert verified(config)[0]["warnings"] == []
