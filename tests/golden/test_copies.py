"""Copies of messages that earlier loads stored are found by the hashes of their ids."""

import json

import duckdb
import xxhash
from factories import a_key, a_track_call


def has_right_hashes(loading):
    rows = loading.query("select id, _id_hash from web.tracks")
    return [stored for _, stored in rows] == [xxhash.xxh64_intdigest(each.encode()) for each, _ in rows]


def change(loading, statement):
    """Change the warehouse by hand."""
    with duckdb.connect(str(loading.warehouse)) as connection:
        connection.execute(statement)


def load(loading, *ids, name):
    loading.write(*(a_track_call(message_id=each) for each in ids), key=a_key(name=name))
    return loading.load()


def test_a_stored_message_is_not_loaded_again(loading):
    load(loading, "m1", "m2", name="first")

    report = load(loading, "m2", "m3", name="second")

    assert report["duplicates"] == 1
    assert loading.query("select id from web.tracks order by id") == [("m1",), ("m2",), ("m3",)]
    assert has_right_hashes(loading)


def test_every_spelling_of_an_id_has_the_hash_of_the_id(loading):
    """One that is read as it stands, one with an escape, a long one, and one that only the exact way reads."""
    spelled = ['"m1"', '"m\\u0031b"', f'"{"long" * 20}"', "12345"]
    line = json.dumps(a_track_call(message_id="THE ID"))
    loading.write(*(line.replace(json.dumps("THE ID"), each) for each in spelled))
    loading.load()

    assert loading.query("select count(*) from web.tracks") == [(4,)]
    assert has_right_hashes(loading)


def test_another_id_of_the_same_hash_is_another_message(loading):
    """A hash finds candidates; the id decides."""
    load(loading, "m1", name="first")
    change(loading, f"update web.tracks set _id_hash = {xxhash.xxh64_intdigest(b'm2')}")

    report = load(loading, "m2", name="second")

    assert report["duplicates"] == 0
    assert loading.query("select id from web.tracks order by id") == [("m1",), ("m2",)]


def test_a_table_from_before_there_were_hashes_gets_them(loading):
    """The load finds copies by the ids themselves, and adds the column with the hashes of all rows."""
    load(loading, "m1", "m2", name="first")
    change(loading, "alter table web.tracks drop column _id_hash")

    report = load(loading, "m2", "m3", name="second")

    assert report["duplicates"] == 1
    assert has_right_hashes(loading)
    assert loading.differences() == []


def test_a_dry_run_finds_copies_without_hashes_too(loading):
    load(loading, "m1", name="first")
    change(loading, "alter table web.tracks drop column _id_hash")
    loading.write(a_track_call(message_id="m1"), key=a_key(name="second"))

    assert loading.load(dry_run=True)["duplicates"] == 1
