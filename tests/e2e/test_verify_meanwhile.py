"""Loads go on while `loader verify` reads a copy of the warehouse."""

import json
from pathlib import Path

import duckdb
import pytest
from e2e.small_archive import DAYS, write_object
from e2e.verifying import change, verified
from factories import a_track_call

from loader.config import Config
from loader.jobs.load import load_source


def listing_while(config: Config, monkeypatch, then) -> dict:
    """Verify, and do something once the archive is listed; the report."""
    from loader.archive.files import FolderArchive

    objects = FolderArchive.objects

    def listed(archive, *days):
        found = list(objects(archive, *days))
        monkeypatch.setattr(FolderArchive, "objects", objects)
        then()
        return iter(found)

    monkeypatch.setattr(FolderArchive, "objects", listed)
    return verified(config)[0]


def test_a_load_goes_on_while_the_archive_is_recounted(small, tmp_path, monkeypatch):
    """It takes over rows and adds others; what is compared is how things stood at the beginning."""
    before = verified(small)[0]

    def load() -> None:
        write_object(tmp_path / "archive", DAYS[0], [json.dumps(a_track_call(message_id="new"))], "late.gz")
        assert load_source(small, small.sources[0]).objects == 1
        change(small, "delete from shop.users")

    report = listing_while(small, monkeypatch, load)

    assert {**report, "seconds": 0} == {**before, "seconds": 0}
    assert verified(small)[1] == 1


def test_a_warehouse_that_cannot_be_copied_is_held(small, monkeypatch, caplog):
    """There is no room: then loads wait, and the log says why."""
    monkeypatch.setattr("loader.jobs.verify.snapshot._ROOM", 10**12)

    def load() -> None:
        with pytest.raises(duckdb.Error):
            change(small, "delete from shop.users")

    report = listing_while(small, monkeypatch, load)

    assert (report["mismatch_count"], report["objects"] > 0) == (0, True)
    assert "loads wait until the end" in caplog.text


def test_a_copy_that_breaks_off_is_not_read(small, monkeypatch, caplog):
    """The disk filled up meanwhile; what there is of the copy goes."""

    def full(source, target):
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("loader.jobs.verify.snapshot.shutil.copyfile", full)

    assert verified(small)[0]["mismatch_count"] == 0
    assert "No space left" in caplog.text
