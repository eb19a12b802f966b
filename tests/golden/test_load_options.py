"""The options of a source's `load` section, and its caps."""

import json

import duckdb
import pytest
from factories import a_group_call, a_key, a_page_call, a_track_call, an_identify_call
from loading import discards_of

from loader.config import load_config
from loader.errors import TerminalError
from loader.jobs.verify.source import verify_source


def test_json_paths_keep_a_subtree_as_text(loading):
    """One column of JSON instead of one per key."""
    loading.with_options(json_paths=["track.properties.cart", "track.context.app"])
    loading.write(a_track_call({"cart": {"id": 1, "lines": [{"n": 1.5}]}}, context={"app": {"name": "x"}}))

    loading.load()

    row = loading.held().rows("order_completed")["m1"]
    assert (row["cart"], row["context_app"]) == ('{"id":1,"lines":[{"n":1.5}]}', '{"name":"x"}')
    assert loading.differences() == []


def test_exclude_leaves_columns_out(loading):
    """Everywhere, or in one table; nothing is discarded."""
    loading.with_options(exclude=["context_ip", "secret", "identifies.plan"])
    loading.write(
        a_track_call({"secret": 1, "plan": "a"}),
        an_identify_call({"plan": "pro", "age": 3, "secret": "x"}, message_id="m2"),
    )

    loading.load()

    held = loading.held()
    assert not any("context_ip" in row or "secret" in row for table in held.tables for row in held.rows(table).values())
    assert (held.rows("order_completed")["m1"]["plan"], "plan" in held.rows("identifies")["m2"]) == ("a", False)
    assert held.discards == {}


def test_what_is_left_out_of_a_table_is_no_discard(loading):
    """Where another key of the message has its column, or where digits are lost."""
    loading.with_options(exclude=["identifies.plan", "identifies.weight", "identifies.rank"])
    line = json.dumps(an_identify_call({"plan": "a", "Plan": "b", "weight": "@", "rank": None}))
    loading.write(line.replace('"@"', "0.1234567890123456789"))

    loading.load()

    assert loading.held().discards == {}
    assert loading.differences() == []


def test_what_is_left_out_of_tracks_is_in_the_table_of_the_event(loading):
    """Each table is left out by its own name; a value that lost its column there is a discard, and verify says so."""
    loading.with_options(exclude=["tracks.context_ip", "tracks.total", "order_completed.context_locale"])
    loading.write(a_track_call({"total": 7}, context={"IP": "192.0.2.1", "ip": "192.0.2.2", "locale": "en"}))

    loading.load()

    held = loading.held()
    call, event = held.rows("tracks")["m1"], held.rows("order_completed")["m1"]
    assert ("context_ip" in call, event["context_ip"]) == (False, "192.0.2.2")
    assert (call["context_locale"], "context_locale" in event) == ("en", False)
    assert event["total"] == "7"
    assert discards_of(held) == {("m1", "name_collision", "context.IP")}
    assert loading.differences() == []
    config = load_config(loading.config_file, {})
    assert verify_source(config, config.sources[0]).findings.kept == []

    loading.change("alter table web.order_completed drop total")
    loading.change("alter table web.order_completed drop context_ip")

    missing = [each["what"] for each in verify_source(config, config.sources[0]).findings.kept]
    assert missing == [f"value missing: order_completed.{name} of m1" for name in ("context_ip", "total")]


def test_envelope_columns_load_what_is_left_out(loading):
    """Fields of the exclusion list become columns of every table of the call."""
    loading.with_options(envelope_columns=["channel", "project_id", "version", "integrations"])
    loading.write(a_track_call({"n": 1}, integrations={"All": False, "Some Tool": True}))

    loading.load()

    for table in ("tracks", "order_completed"):
        row = loading.held().rows(table)["m1"]
        assert (row["channel"], row["project_id"], row["version"]) == ("client", "8kz3Vq1bXw", "2")
        assert (row["integrations_all"], row["integrations_some_tool"]) == ("false", "true")
    assert loading.differences() == []


@pytest.mark.parametrize("sent", ["track", "Track", " TRACK\t", "track\u00a0"], ids=ascii)
def test_the_column_of_the_type_says_which_call_it_is(loading, sent):
    """However the type is spelled."""
    loading.with_options(envelope_columns=["type"])
    loading.write(a_track_call({"n": 1}, type=sent))

    loading.load()

    assert [loading.held().rows(table)["m1"]["type"] for table in ("tracks", "order_completed")] == ["track"] * 2
    assert loading.differences() == []
    config = load_config(loading.config_file, {})
    assert verify_source(config, config.sources[0]).findings.kept == []


def test_envelope_columns_are_of_calls_and_payload_keys_get_out_of_their_way(loading):
    """Of `users` and `accounts` they say nothing. A trait of the same name has an underscore, also below an object."""
    loading.with_options(envelope_columns=["channel", "metadata"])
    traits = {"channel": "mail", "metadata": {"bundled": 1, "x": 2}}
    loading.write(
        an_identify_call(traits, _metadata={"bundled": ["a"]}), a_group_call(traits, _metadata={"bundled": ["a"]})
    )

    loading.load()

    for table, row_id in (("identifies", "m1"), ("users", "u-1"), ("groups", "m1"), ("accounts", "g-1")):
        row = loading.held().rows(table)[row_id]
        assert (row["_channel"], row["_metadata_bundled"], row["_metadata_x"]) == ("mail", "1", "2")
        is_of_a_call = table in ("identifies", "groups")
        assert (row.get("channel"), row.get("metadata_bundled")) == (
            ("client", '["a"]') if is_of_a_call else (None, None)
        )
    assert loading.differences() == []


def test_a_trait_may_be_left_out_of_users_alone(loading):
    """Then it is in `identifies` only."""
    loading.with_options(exclude=["users.plan", "users.context_ip", "accounts.seats"])
    loading.write(an_identify_call({"plan": "pro", "age": 3}), a_group_call({"seats": 5, "name": "Acme"}))

    loading.load()

    held = loading.held()
    assert (held.rows("identifies")["m1"]["plan"], held.rows("groups")["m1"]["seats"]) == ("pro", "5")
    assert not {"plan", "context_ip"} & set(loading.types("users"))
    assert "seats" not in loading.types("accounts")
    assert (held.rows("users")["u-1"]["age"], held.rows("accounts")["g-1"]["name"]) == ("3", "Acme")
    assert loading.differences() == []


def test_without_envelope_columns_they_are_neither_loaded_nor_discarded(loading):
    """The exclusion list is published; it is no loss."""
    loading.write(a_track_call({"n": 1}, writeKey="k", _metadata={"bundled": []}, rudderId="r"))

    loading.load()

    assert not {"channel", "version", "write_key", "rudder_id"} & set(loading.types("tracks"))
    assert loading.held().discards == {}


def test_raw_events_keep_the_whole_message(loading):
    """One JSON text per winner, in the state table raw."""
    loading.with_options(raw_events=True)
    call = a_track_call({"n": 1, "list": [1, {"k": "ü"}]})
    loading.write(call, call, a_page_call(message_id="m2"))

    loading.load()

    raw = dict(loading.query("select id, raw from _loader.raw where source = 'web' and call = 'track'"))
    assert {row_id: json.loads(text) for row_id, text in raw.items()} == {"m1": call}
    assert loading.query("select count(*) from _loader.raw") == [(2,)]


def test_the_column_cap_also_holds_over_several_loads(loading):
    """A full table takes no further columns; known ones are filled."""
    loading.with_options(column_cap=50)
    loading.write(a_track_call({f"p{n}": n for n in range(60)}))
    loading.load()
    before = set(loading.types("order_completed"))
    first = loading.held().rows("order_completed")["m1"]
    known = next(name for name in first if name.startswith("p"))
    loading.write(a_track_call({known: 1, "new_one": 2}, message_id="m2"), key=a_key(name="late"))

    loading.load()

    assert (set(loading.types("order_completed")), len(before) <= 50) == (before, True)
    assert loading.held().rows("order_completed")["m2"][known] == "1"
    rows = loading.query("select distinct row_id from _loader.discards where reason = 'column_cap' order by row_id")
    assert rows == [("m1",), ("m2",)]


@pytest.mark.parametrize("table", ["order_completed", "tracks", "identifies"])
def test_a_new_table_has_no_more_columns_than_the_cap(loading, table):
    """Those that say where a row is from count as well."""
    loading.with_options(column_cap=50)
    values = {f"p{n}": n for n in range(60)}
    loading.write(a_track_call(values, context=values), an_identify_call(values))

    loading.load()

    assert len(loading.types(table)) == 50


def test_a_table_that_is_too_wide_for_the_memory_is_named(loading, monkeypatch):
    """The error says what to raise; nothing of the batch stays, so the next load starts where this one did."""
    loading.write(a_track_call({"a": 1, "b": 2}))

    def too_wide(*_):
        with duckdb.connect(config={"memory_limit": "20MB", "temp_directory": ""}) as engine:
            engine.execute("create table t as select hash(range)::text as n from range(5_000_000)")

    with monkeypatch.context() as patched:
        patched.setattr("loader.jobs.batches.insert_rows", too_wide)
        with pytest.raises(
            TerminalError, match=r"inserting \d+ columns into \w+ needs more memory than resources.memory"
        ):
            loading.load()

    loading.load()

    assert loading.differences() == []


def test_the_table_cap_also_holds_over_several_loads(loading):
    """Known events keep their table; new ones have none."""
    loading.with_options(table_cap=1)
    loading.write(a_track_call({"n": 1}, event="First"))
    loading.load()
    loading.write(
        a_track_call({"n": 2}, event="Second", message_id="m2"),
        a_track_call({"n": 3}, event="First", message_id="m3"),
        key=a_key(name="late"),
    )

    loading.load()

    held = loading.held()
    assert (set(held.rows("first")), "second" in held.tables) == ({"m1", "m3"}, False)
    assert set(held.rows("tracks")) == {"m1", "m2", "m3"}


def test_a_discard_of_the_table_cap_has_every_value_that_is_loaded(loading):
    """By column, with integers of any length, and without what is excluded. A row without properties has one too."""
    loading.with_options(table_cap=0, exclude=["secret"])
    properties = {"n": 1, "cart": {"id": "x"}, "big": 2**64, "list": [2**64], "secret": "s", "nothing": None}
    loading.write(a_track_call(properties), a_track_call({}, message_id="m2"))

    loading.load()

    rows = loading.query("select row_id, value_json from _loader.discards where reason = 'table_cap'")
    values = {row_id: json.loads(value) for row_id, value in rows}
    listed = "[18446744073709551616]"
    assert values == {"m1": {"n": 1, "cart_id": "x", "big": 2**64, "list": listed}, "m2": {}}
