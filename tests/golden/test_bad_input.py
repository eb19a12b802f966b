"""Every line of the bad-input catalogue (warehouse contract, section 8), from bytes to rows."""

import errno
import gzip
import json
from hashlib import sha256

import pytest
from factories import ABSENT, a_call, a_key, a_page_call, a_track_call, an_archive_object, as_bytes, received
from golden.cases import KEY, OTHER, Case, with_properties
from golden.catalogue import CASES
from loading import outcome_of_product, outcome_of_reference

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


def test_76_a_table_that_a_user_dropped_is_created_again(loading):
    """The next load makes it anew for the messages it reads."""
    loading.write(a_track_call({"n": 1}))
    loading.load()
    loading.change('drop table web."order_completed"')
    loading.write(a_track_call({"n": 2}, message_id="m2"), key=OTHER)

    loading.load()

    assert loading.held().rows("order_completed")["m2"]["n"] == "2"


def test_76_a_column_that_a_user_dropped_is_created_again(loading):
    """Values of later messages have a column."""
    loading.write(a_track_call({"n": 1}))
    loading.load()
    loading.change('alter table web."order_completed" drop column n')
    loading.write(a_track_call({"n": 2}, message_id="m2"), key=OTHER)

    loading.load()

    rows = loading.held().rows("order_completed")
    assert (rows["m1"].get("n"), rows["m2"]["n"]) == (None, "2")


def test_76_the_type_that_a_user_chose_is_respected(loading):
    """A column that was made text stays text; one made narrower sends what does not fit to a variant."""
    loading.write(a_track_call({"a": 1, "b": 1}))
    loading.load()
    loading.change('alter table web."order_completed" alter a type varchar')
    loading.change('alter table web."order_completed" alter b type smallint')
    loading.write(a_track_call({"a": 2, "b": 70_000}, message_id="m2"), key=OTHER)

    loading.load()

    types = loading.types("order_completed")
    assert (types["a"], types["b"]) == ("VARCHAR", "SMALLINT")
    row = loading.held().rows("order_completed")["m2"]
    assert (row["a"], row["b"]) == ("2", "70000")


def test_76_columns_and_tables_of_users_are_left_alone(loading):
    """What nobody asked us to change stays."""
    loading.write(a_track_call({"n": 1}))
    loading.load()
    loading.change("create table web.mine as select 1 as id")
    loading.change("alter table web.\"order_completed\" add column note varchar default 'mine'")
    loading.write(a_track_call({"n": 2}, message_id="m2"), key=OTHER)

    loading.load()

    assert loading.query("select id from web.mine") == [(1,)]
    assert ("m1", "mine") in loading.query('select id, note from web."order_completed"')


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

    loading.load(start=date(2026, 3, 2), until=date(2026, 3, 3))

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


def test_38_an_empty_object_is_no_value_of_a_shared_column(loading):
    """`{"a":{"b":{}}}` beside `a.b` says nothing, also where another message has a value there."""
    loading.write(a_track_call({"a": {"b": {}}, "a.b": [1]}), a_track_call({"a": {"b": 1}}, message_id="m2"))

    loading.load()

    assert loading.held().rows("order_completed")["m1"]["a_b"] == "[1]"
    assert loading.differences() == []


@pytest.mark.parametrize(
    "call",
    [
        *(a_call("track", **{"event": "Paid", key: {}}) for key in ("userId", "anonymousId", "event")),
        {**a_track_call(), "messageId": {}},
        *(a_call("track", event="Paid", **{key: {}}) for key in ("receivedAt", "timestamp", "sentAt")),
        *(a_call("track", event="Paid", **{key: {}}) for key in ("originalTimestamp", "request_ip", "batch")),
        a_call("group", groupId={}),
        a_call("alias", previousId={}),
        a_page_call(name={}),
        a_page_call(category={}),
        a_page_call({"name": "Home"}, name=["Home"]),
        a_page_call({"name": ["Home"]}, name=ABSENT),
        a_page_call({"name": {}, "category": {}}, name=ABSENT),
        a_page_call({"name": {"first": 1}}, name=ABSENT),
        a_page_call(name=ABSENT, Name={}),
    ],
    ids=lambda call: "{} {}".format(
        call["type"], "+".join(key for key in call if call[key] == {} and key != "integrations")
    ),
)
def test_an_object_is_no_text_even_when_it_is_empty(loading, call):
    """Where a text or an instant belongs, it is as wrong as any other object, and as a list."""
    loading.write(call, a_page_call(message_id="other"), a_track_call(message_id="another"))

    loading.load()

    assert loading.differences() == []


@pytest.mark.parametrize("name", [["Home"], [], {"first": 1}, {}], ids=str)
def test_a_name_that_is_no_text_is_a_discard(loading, name):
    """The page takes the name of its properties."""
    loading.write(a_page_call({"name": "Start"}, name=name, category=name))

    loading.load()

    row = loading.held().rows("pages")["m1"]
    assert (row["name"], row.get("category")) == ("Start", None)
    assert loading.query("select source_path, reason, value_json from _loader.discards order by all") == [
        (key, "bad_name", json.dumps(name, separators=(",", ":"))) for key in ("category", "name")
    ]


@pytest.mark.parametrize("address", ["192.0.2.9", 5, True, [1], {"v4": "192.0.2.9"}], ids=str)
def test_the_address_of_the_sender_may_be_of_another_kind_than_that_of_the_context(loading, address):
    """It is `context_request_ip`, and `context_ip` where the context has none; the two columns may differ in type."""
    loading.write(
        a_page_call(request_ip=address),
        a_page_call(request_ip=address, context={}, message_id="m2"),
        a_page_call(context={"ip": 4.5}, message_id="m3"),
        a_page_call(context={"ip": "2026-03-01T10:00:00Z"}, message_id="m4"),
    )

    loading.load()

    assert loading.differences() == []


@pytest.mark.parametrize("address", [2**64, [2**64]], ids=str)
def test_the_address_of_the_sender_never_replaces_that_of_the_context(loading, address):
    """Nor one that is a number beyond 64 bits."""
    loading.write(a_page_call(context={"ip": address}, request_ip="192.0.2.9"))

    loading.load()

    assert loading.held().rows("pages")["m1"]["context_ip"] == str(address)
    assert loading.differences() == []


@pytest.mark.parametrize(
    "context", [{"ip": {"v4": "192.0.2.8"}}, {"ip": {}}, {"requestIp": "192.0.2.8"}, {"IP": "192.0.2.8"}], ids=str
)
def test_the_address_of_the_sender_meets_its_columns_in_the_context(loading, context):
    """An object is no missing `ip`; of two keys with one column, the one that is spelled like it wins."""
    loading.write(
        a_page_call(context=context, request_ip="192.0.2.9"), a_page_call(context={"ip": "1"}, message_id="m2")
    )

    loading.load()

    assert loading.held().rows("pages")["m1"]["context_request_ip"] == "192.0.2.9"
    assert loading.differences() == []


def test_a_plain_address_of_the_sender_takes_the_fast_way(loading):
    """Beside an address in the context, or instead of one."""
    loading.write(a_page_call(request_ip="192.0.2.9"), a_page_call(request_ip="192.0.2.9", context={}, message_id="m2"))

    assert loading.load()["exact_lines"] == 0


@pytest.mark.parametrize("other", [5, 1.5, True, "2026-03-01T10:00:00Z", ["Start"]], ids=str)
@pytest.mark.parametrize("name", ["Start", ["Start"], [10**20], 7], ids=str)
def test_a_page_takes_the_name_of_its_properties_whatever_other_pages_have_there(loading, name, other):
    """Beside the name of another page it is a column of its own, `_name`, which may be of any type."""
    loading.write(a_page_call({"name": other}, name="Home"), a_page_call({"name": name}, name=ABSENT, message_id="m2"))

    loading.load()

    rows = loading.held().rows("pages")
    assert (rows["m1"]["name"], "_name" in rows["m1"]) == ("Home", True)
    assert rows["m2"]["name"] == (name if isinstance(name, str) else json.dumps(name))
    assert loading.differences() == []
