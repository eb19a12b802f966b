"""Every archive, folder or bucket: what it lists, what it hands out, and how it says that it cannot."""

import gzip
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date

import pytest

from loader.errors import ConfigError, TerminalError
from loader.staging import Stager

DAYS = {"1789344000000": date(2026, 9, 14), "1789430400000": date(2026, 9, 15), "1789516800000": date(2026, 9, 16)}


def segment_key(name="x.gz", day="1789344000000", source="src"):
    return f"segment-logs/{source}/{day}/{name}"


def staged(archive, objects, work_dir):
    """Lines by key, and errors by key."""
    lines, errors = {}, {}
    with Stager(archive, objects, work_dir) as stager:
        for batch in stager.batches():
            blocks = list(batch.blocks())
            for part in batch.parts:
                lines.setdefault(part.obj.key, [])
                if part.error:
                    errors[part.obj.key] = part.error
            for block in blocks:
                for index, text in zip(block["part"].to_pylist(), block["text"].to_pylist(), strict=True):
                    lines[batch.parts[index].obj.key].append(text)
    return lines, errors


def test_objects_come_by_received_day_with_what_identifies_them(store):
    """Key, size, version, modification in UTC and day; markers are counted, not listed."""
    for day in reversed(DAYS):
        store.put(segment_key("b.gz", day), b"12345")
        store.put(segment_key("a.gz", day), b"")
    store.put("segment-logs/dummy-object.txt")
    store.put(segment_key("_SUCCESS"))

    archive = store.open()
    objects = list(archive.objects())

    assert [(obj.key, obj.size, obj.received_day) for obj in objects] == [
        (segment_key(name, day), size, DAYS[day]) for day in DAYS for name, size in (("a.gz", 0), ("b.gz", 5))
    ]
    assert all(obj.etag and '"' not in obj.etag and obj.last_modified.tzinfo is UTC for obj in objects)
    assert archive.skipped_objects == 2


def test_dates_and_recent_days_limit_what_is_listed(store):
    """start is inclusive, until exclusive; recent_days counts days that exist."""
    for day in DAYS:
        store.put(segment_key(day=day))

    def days(archive, **limits):
        return [obj.received_day.day for obj in archive.objects(**limits)]

    assert days(store.open(), start=date(2026, 9, 15)) == [15, 16]
    assert days(store.open(), until=date(2026, 9, 16)) == [14, 15]
    assert days(store.open(recent_days=1)) == [16]
    assert days(store.open("segment-logs/src"), start=date(2026, 9, 16)) == [16]


def test_more_objects_than_a_page_are_listed_once_each(store):
    """1,050 objects: one more page of a bucket than the protocol gives at once."""
    keys = [segment_key(f"{number:04}.gz") for number in range(1050)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: store.put(key, b""), keys))

    assert [obj.key for obj in store.open().objects()] == keys


def test_order_within_a_day_is_the_byte_order_of_keys(store):
    """Folders and buckets agree, also where a folder's name is the start of a file's, and beyond ASCII."""
    names = ["a.gz", "a/b.gz", "a0.gz", "Z.gz", "é.gz", "購.gz"]
    for name in names:
        store.put(segment_key(name))

    listed = [obj.key for obj in store.open().objects()]

    assert listed == sorted(map(segment_key, names), key=str.encode)


def test_a_flat_archive_has_no_days(store):
    """Files are taken by their names, at any depth."""
    for key in ("2026/events.jsonl", "more.json.gz", "notes.txt"):
        store.put(key)

    archive = store.open()

    assert [(obj.key, obj.received_day) for obj in archive.objects()] == [
        ("2026/events.jsonl", None),
        ("more.json.gz", None),
    ]
    assert archive.skipped_objects == 1


def test_two_sources_need_a_choice(store):
    """The error names both; source_id picks one."""
    store.put(segment_key(source="one"))
    store.put(segment_key(source="two"))

    with pytest.raises(ConfigError, match="one, two"):
        list(store.open().objects())
    assert [obj.key for obj in store.open(source_id="two").objects()] == [segment_key(source="two")]


def test_lines_come_out_as_they_went_in(store, tmp_path):
    """Packed or not, whatever the name says: text, order and number of lines survive."""
    lines = ['{"a": "é"}\n', '{"b":2}\n']
    store.put(segment_key("packed.gz"), gzip.compress("".join(lines).encode()))
    store.put(segment_key("plain.gz"), "".join(lines).encode())

    archive = store.open()

    assert staged(archive, archive.objects(), tmp_path / "work") == (
        {segment_key("packed.gz"): lines, segment_key("plain.gz"): lines},
        {},
    )
    assert list((tmp_path / "work").iterdir()) == []


def test_an_object_rewritten_after_listing_is_refused_and_the_rest_is_read(store, tmp_path):
    """What was listed is what is read, or nothing: the next listing has the new version."""
    for name in ("a.gz", "b.gz", "c.gz"):
        store.put(segment_key(name), b'{"old":1}\n')
    archive = store.open()
    objects = list(archive.objects())
    store.put(segment_key("b.gz"), b'{"new":22}\n')

    lines, errors = staged(archive, objects, tmp_path)

    assert list(errors) == [segment_key("b.gz")]
    assert isinstance(errors[segment_key("b.gz")], TerminalError)
    assert "rewritten after it was listed" in str(errors[segment_key("b.gz")])
    assert [len(found) for found in lines.values()] == [1, 0, 1]
    assert {obj.key: obj.etag for obj in archive.objects()}[segment_key("b.gz")] != objects[1].etag


def test_an_object_that_goes_while_it_is_listed_does_not_stop_the_listing(store):
    """As temporary files of a copy program do, which get another name."""
    for name in ("a.gz", "b.gz", "c.gz"):
        store.put(segment_key(name), b'{"a":1}\n')
    listing = store.open().objects()
    first = next(listing)
    store.delete(segment_key("b.gz"))

    names = [obj.key for obj in (first, *listing)]

    assert (names[0], names[-1]) == (segment_key("a.gz"), segment_key("c.gz"))


@pytest.mark.parametrize("key", [segment_key, "2026-09-{1}/{0}".format], ids=["days", "flat"])
def test_a_folder_that_goes_while_it_is_listed_does_not_stop_the_listing(store, key):
    """As the oldest days of an archive do, when their time is over while a long load runs."""
    keys = [key("x.gz", day) for day in DAYS]
    for each in keys:
        store.put(each, b'{"a":1}\n')
    listing = store.open().objects()
    first = next(listing)
    store.delete_folder(keys[1].rpartition("/")[0])

    names = [obj.key for obj in (first, *listing)]

    assert (names[0], names[-1]) == (keys[0], keys[2])


def test_an_object_gone_after_listing_fails_alone(store, tmp_path):
    """Someone removed it between listing and reading."""
    for name in ("a.gz", "b.gz"):
        store.put(segment_key(name), b'{"a":1}\n')
    archive = store.open()
    objects = list(archive.objects())
    store.delete(segment_key("a.gz"))

    lines, errors = staged(archive, objects, tmp_path)

    assert {key: error.what.endswith("is gone") for key, error in errors.items()} == {segment_key("a.gz"): True}
    assert lines[segment_key("b.gz")] == ['{"a":1}\n']


def test_stopping_early_leaves_no_file_and_no_thread(store, tmp_path):
    """The consumer breaks off in the first of many objects."""
    for number in range(8):
        store.put(segment_key(f"{number}.gz"), b'{"a":1}\n' * 20_000)
    archive = store.open()

    def interrupted():
        with Stager(archive, archive.objects(), tmp_path / "work") as stager:
            for batch in stager.batches():
                next(batch.blocks())
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert list((tmp_path / "work").iterdir()) == []
    assert [t.name for t in threading.enumerate() if t.name.startswith(("stage", "download"))] == []
