"""Every line of the bad-input catalogue (warehouse contract, section 8), from bytes to rows.

The number in a name is that of the line of the catalogue.
"""

import errno
import gzip
from hashlib import sha256

import pytest
from factories import a_key, a_page_call, a_track_call, an_archive_object, as_bytes, received
from golden.cases import KEY, OTHER, Case, with_properties
from golden.catalogue import CASES
from loading import outcome_of_product, outcome_of_reference

from loader.core.days import Days

BY_NAME = [pytest.param(case, id=case.name) for case in CASES]


@pytest.mark.parametrize("case", BY_NAME)
def test_the_catalogue_holds(case: Case, loading):
    """The warehouse has the rows, the quarantine, the discards and the counts that the contract names."""
    case.write(loading)
    loading.load()

    assert case.problems(outcome_of_product(loading)) == []
    assert loading.differences() == []
    if case.status is not None:
        assert loading.statuses() == {KEY: case.status}


@pytest.mark.parametrize("case", BY_NAME)
def test_the_reference_follows_the_catalogue(case: Case, loading):
    """The slow reader, with which other tests compare, has the same rules as the contract."""
    case.write(loading)

    assert case.problems(outcome_of_reference(loading.expected())) == []


def test_3_a_broken_object_does_not_stop_the_others(loading):
    """Other objects of the same load are loaded."""
    body = an_archive_object([a_track_call({"n": 1})])
    loading.write_stored(gzip.compress(body, 0)[:40], body[:25], key=KEY)
    loading.write(a_track_call({"n": 2}, message_id="m2"), key=OTHER)

    loading.load()

    assert set(loading.held().rows("tracks")) == {"m2"}
    assert loading.statuses()[OTHER] == "done"
    assert loading.statuses()[KEY] in ("partial", "failed")


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(b"\x1f\x8b", id="two bytes of a header"),
        pytest.param(b"\x1f\x8b\x08garbage", id="a broken header"),
        pytest.param(gzip.compress(gzip.compress(gzip.compress(b"{}"))), id="gzip three deep"),
    ],
)
def test_3_an_object_that_says_nothing_is_read_again_when_it_changes(loading, stored):
    """The load that finds it fails, later ones do not; only bytes that could not be had are asked for again."""
    loading.write_stored(stored, b"", key=KEY)
    reports = [loading.load_report() for _ in range(2)]
    loading.write(a_track_call(), key=KEY)
    reports.append(loading.load_report())

    assert [(report.objects, report.exit_code(False)) for report in reports] == [(1, 1), (0, 0), (1, 0)]
    assert loading.statuses()[KEY] == "done"


def test_an_object_whose_bytes_end_in_an_error_of_the_disk_is_read_again(loading, monkeypatch):
    """Lines that came before are loaded; the next load reads all of them, and each is one row."""
    loading.write_stored(as_bytes(a_track_call()) + b"\n" + as_bytes(a_track_call(message_id="m2")), b"", key=KEY)

    def broken(unpacker):
        yield as_bytes(a_track_call()) + b"\n"
        raise OSError(errno.EIO, "input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("loader.staging.unpack.Unpacker._stored", broken)
        first = loading.load_report()
    second = loading.load_report()

    assert [(report.objects, report.exit_code(False)) for report in (first, second)] == [(1, 1), (1, 0)]
    assert sorted(loading.held().rows("tracks")) == ["m1", "m2"]
    assert loading.held().copies == {}


def test_1_quarantine_keeps_the_line_and_its_place(loading):
    """Raw text, its hash and length, and where in the object the line begins."""
    good = a_track_call({"n": 1})
    loading.write(good, "{'a':1}")

    loading.load()

    (row,) = loading.query("select line, item, raw, raw_bytes, sha256, raw_encoding from _loader.quarantine")
    assert row[:5] == (2, 0, "{'a':1}", 7, sha256(b"{'a':1}").hexdigest())


def test_11_quarantine_keeps_bytes_that_are_no_text(loading):
    """A bad line that is not UTF-8 is kept in a form that gives its bytes back."""
    loading.write(b"{\xff}")

    loading.load()

    assert loading.query("select sha256, raw_bytes, raw_encoding from _loader.quarantine") == [
        (sha256(b"{\xff}").hexdigest(), 3, "base64")
    ]


def test_25_of_a_line_too_long_the_beginning_is_kept(loading):
    """64 KiB of it, its length and its hash."""
    line = with_properties('{"x":"' + "y" * (17 * 2**20) + '"}').encode()
    loading.write(line)

    loading.load()

    ((raw, length, digest),) = loading.query("select raw, raw_bytes, sha256 from _loader.quarantine")
    assert (raw, length, digest) == (line[: 64 * 1024].decode(), len(line), sha256(line).hexdigest())


@pytest.mark.slow
def test_24_more_properties_than_columns_are_one_discard(loading):
    """The row loads; the table has as many columns as the cap says, the rest is one discard with a JSON object."""
    loading.with_options(column_cap=100)
    loading.write(a_track_call({f"p{n:04}": n for n in range(5_000)}))

    loading.load()

    assert len(loading.types("order_completed")) <= 100
    assert len(loading.held().rows("order_completed")["m1"]) > 50
    ((row_id, values),) = loading.query(
        "select row_id, json_keys(value_json) from _loader.discards where reason = 'column_cap'"
    )
    stored = [name for name in loading.held().rows("order_completed")["m1"] if name.startswith("p0") or name[:1] == "p"]
    assert row_id == "m1"
    assert len(values) + len(stored) == 5_000


def test_34_more_events_than_tables_keep_their_tracks_row(loading):
    """Beyond the cap a track call is a row of tracks, and its properties are discarded."""
    loading.with_options(table_cap=3)
    loading.write(*(a_track_call({"n": n}, event=f"Ordered Product {n}", message_id=f"m{n}") for n in range(5)))

    loading.load()

    held = loading.held()
    assert len(held.rows("tracks")) == 5
    events = [table for table, rows in held.tables.items() if table.startswith("ordered_product") and rows]
    assert len(events) == 3
    rows = loading.query("select distinct row_id from _loader.discards where reason = 'table_cap'")
    assert len(rows) == 2


def test_72_an_object_with_new_content_is_read_again(loading):
    """New messages load, old ones stay one row, rows of vanished lines stay."""
    loading.write(a_track_call({"n": 1}), a_track_call({"n": 2}, message_id="m2"))
    loading.load()
    loading.write(a_track_call({"n": 2}, message_id="m2"), a_track_call({"n": 3}, message_id="m3"))

    report = loading.load()

    assert report["objects"] == 1
    assert set(loading.held().rows("order_completed")) == {"m1", "m2", "m3"}


def test_72_quarantine_of_the_old_version_is_replaced(loading):
    """A corrected line leaves the quarantine."""
    loading.write("{oops", a_track_call({"n": 1}))
    loading.load()
    loading.write(a_track_call({"n": 9}, message_id="m9"), a_track_call({"n": 1}))

    loading.load()

    assert loading.held().quarantine == {}
    assert set(loading.held().rows("tracks")) == {"m1", "m9"}


def test_73_what_is_not_data_is_left_out(loading):
    """Markers and dummies are no objects; an object of zero bytes has no lines and is done."""
    key = loading.write(a_track_call({"n": 1}))
    folder = (loading.archive / key).parent
    (folder / "_SUCCESS").write_bytes(b"")
    (loading.archive / "segment-logs" / "dummy-object.txt").write_bytes(b"dummy")
    empty = loading.write_stored(b"", b"", key=OTHER)

    report = loading.load()

    assert (report["objects"], report["lines"]) == (2, 1)
    assert loading.statuses() == {key: "done", empty: "done"}


def test_78_quarantine_makes_a_strict_run_fail(loading):
    """A run with bad lines succeeds with its counts; strict, it fails."""
    loading.write("{oops", a_track_call({"n": 1}))

    report = loading.load_report()

    assert report.as_dict()["quarantined"] == {"bad_json": 1}
    assert (report.exit_code(False), report.exit_code(True)) == (0, 1)


def test_78_conflicts_do_not_make_a_strict_run_fail(loading):
    """Copies that differ are counted, no more."""
    loading.write(a_track_call({"n": 1}), a_track_call({"n": 2}, receivedAt=received(1, 1)))

    report = loading.load_report()

    assert (report.as_dict()["conflicts"], report.exit_code(True)) == (1, 0)


def test_the_report_counts_rows_quarantine_and_discards(loading):
    """Counts by table and reason add up to what is in the warehouse."""
    loading.write(
        a_track_call({"n": 1}),
        a_page_call(message_id="m2"),
        with_properties('{"x":1e400}', message_id="m3"),
        "",
        "{oops",
        "[]",
    )

    report = loading.load()

    assert (report["objects"], report["lines"], report["blank"], report["messages"]) == (1, 6, 1, 3)
    assert (report["rows"]["tracks"], report["rows"]["pages"], report["rows"]["order_completed"]) == (2, 1, 2)
    assert report["quarantined"] == {"bad_json": 1, "not_an_object": 1}
    assert report["discards"] == {"number_out_of_range": 1}
    assert report["plain_lines"] + report["exact_lines"] == 5


def test_objects_of_a_day_before_the_start_are_left_out(loading):
    """`start` and `until` bound the received days of a load."""
    from datetime import date

    for day in (1, 2, 3):
        loading.write(a_track_call({"n": day}, message_id=f"m{day}"), key=a_key(day))

    loading.load(days=Days(date(2026, 3, 2), date(2026, 3, 3)))

    assert "m1" not in loading.held().rows("tracks")
    assert "m2" in loading.held().rows("tracks")


def test_13_a_lone_surrogate_in_a_key(loading):
    """The key is repaired, as a value is; the engine's own reader must not see it."""
    loading.write(with_properties(r'{"a\ud800":1,"n":2}'), a_track_call({"n": 3}, message_id="m2"))

    loading.load()

    assert {row_id: row["n"] for row_id, row in loading.held().rows("order_completed").items()} == {
        "m1": "2",
        "m2": "3",
    }
    assert loading.differences() == []


def test_53_a_copy_that_lacks_receivedat_is_no_conflict(loading):
    """Fingerprints leave out what servers set, and do not depend on the way a line took."""
    call = a_track_call({"n": 1})
    loading.write(call, {key: value for key, value in call.items() if key != "receivedAt"})

    report = loading.load()

    assert (report["duplicates"], report["conflicts"]) == (1, 0)
