"""Copies of messages that earlier loads stored are found by the hashes of their ids."""

import duckdb
from factories import a_key, a_track_call

HASHES = "select count(*) from web.tracks where _id_hash = md5_number_lower(id)"


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
    assert loading.query(HASHES) == [(3,)]


def test_another_id_of_the_same_hash_is_another_message(loading):
    """A hash finds candidates; the id decides."""
    load(loading, "m1", name="first")
    change(loading, "update web.tracks set _id_hash = md5_number_lower('m2')")

    report = load(loading, "m2", name="second")

    assert report["duplicates"] == 0
    assert loading.query("select id from web.tracks order by id") == [("m1",), ("m2",)]


def test_a_table_from_before_there_were_hashes_gets_them(loading):
    """The load finds copies by the ids themselves, and adds the column with the hashes of all rows."""
    load(loading, "m1", "m2", name="first")
    change(loading, "alter table web.tracks drop column _id_hash")

    report = load(loading, "m2", "m3", name="second")

    assert report["duplicates"] == 1
    assert loading.query(HASHES) == [(3,)]
    assert loading.differences() == []


def test_a_dry_run_finds_copies_without_hashes_too(loading):
    load(loading, "m1", name="first")
    change(loading, "alter table web.tracks drop column _id_hash")
    loading.write(a_track_call(message_id="m1"), key=a_key(name="second"))

    assert loading.load(dry_run=True)["duplicates"] == 1
