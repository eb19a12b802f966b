"""Objects that are downloaded: errors of the service, of the listing and of the disk, and what is left behind."""

import contextlib
import gzip
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from staged import TWO_LINES, FlatFolder, Staged, noisy_lines

from loader.archive.base import ArchiveObject
from loader.archive.files import FolderArchive
from loader.errors import ConfigError, TerminalError, TransientError
from loader.staging import Stager, StagingLimits
from loader.staging.workspace import Workspace

# Files and downloads ------------------------------------------------------------------------------------------------


class Downloaded:
    """An archive whose objects are downloaded: a key maps to stored bytes, or to what is raised."""

    skipped_objects = 0

    def __init__(self, objects: dict[str, bytes | Exception]) -> None:
        self._objects = objects
        self.paths: list[Path] = []

    def objects(self, start=None, until=None):
        then = datetime(2026, 3, 1, tzinfo=UTC)
        for key, stored in self._objects.items():
            yield ArchiveObject(key, "e", len(stored) if isinstance(stored, bytes) else 1, then, None)

    def local_path(self, obj):
        return None

    def download(self, obj, path, is_cancelled=lambda: False):
        stored = self._objects[obj.key]
        if isinstance(stored, Exception):
            raise stored
        self.paths.append(path)
        path.write_bytes(stored)


def staged_from(archive: Downloaded, work_dir: Path, **limits: int) -> Staged:
    staged = Staged()
    with Stager(archive, archive.objects(), work_dir, StagingLimits(**limits)) as stager:
        for batch in stager.batches():
            staged.add(batch)
    return staged


def test_an_object_that_cannot_be_had_is_failed_and_others_load(tmp_path):
    """Refused or broken off: the part says why, in the order of the listing."""
    denied, cut = TerminalError("denied", "a", "ask"), TransientError("cut", "c", "run again")
    archive = Downloaded({"a": denied, "b": gzip.compress(TWO_LINES), "c": cut, "d": TWO_LINES})
    staged = staged_from(archive, tmp_path / "work")

    assert [(part.obj.key, part.status, part.error) for part in staged.parts] == [
        ("a", "failed", denied),
        ("b", "done", None),
        ("c", "failed", cut),
        ("d", "done", None),
    ]
    assert all(part.is_last for part in staged.parts)
    assert len(staged.lines) == 4


def test_a_service_that_is_gone_ends_the_run(tmp_path):
    """Not every object that is left is tried. What was loaded before stays."""
    cut = TransientError("no connection", "s3://b/k", "run again")
    archive = Downloaded({"a": TWO_LINES} | {f"b{n:03}": cut for n in range(200)})

    with pytest.raises(TransientError, match="64 objects in a row could not be downloaded.*no connection"):
        staged_from(archive, tmp_path / "work")
    assert not list((tmp_path / "work").iterdir())


def test_objects_that_fail_now_and_then_do_not_end_the_run(tmp_path):
    cut = TransientError("cut", "c", "run again")
    archive = Downloaded({f"{n:03}": TWO_LINES if n % 60 == 0 else cut for n in range(150)})
    staged = staged_from(archive, tmp_path / "work")

    assert len(staged.parts) == 150
    assert len(staged.lines) == 6


def test_downloaded_files_are_gone_once_read(tmp_path):
    """A run of any length needs disk for a few objects."""
    archive = Downloaded({f"{n:03}": noisy_lines(20) for n in range(100)})
    work_dir = tmp_path / "work"
    most = 0
    with Stager(
        archive,
        archive.objects(),
        work_dir,
        StagingLimits(download_ahead_bytes=10_000, read_ahead_bytes=1, block_bytes=1),
    ) as stager:
        for batch in stager.batches():
            for _ in batch.blocks():
                most = max(most, sum(path.exists() for path in archive.paths))
    assert len(archive.paths) == 100
    assert most <= 10
    assert not list(work_dir.iterdir())


def test_a_full_disk_ends_the_run(tmp_path):
    """It is not the object's fault: the next one would fail too."""
    archive = Downloaded({"a": OSError(28, "No space left on device"), "b": TWO_LINES})

    with pytest.raises(TerminalError, match="No space left") as caught:
        staged_from(archive, tmp_path / "work")
    assert "work_dir" in caught.value.fix
    assert not list((tmp_path / "work").iterdir())


def test_an_error_of_the_listing_reaches_the_consumer(tmp_path):
    """What was listed before it is handed on first, or not at all, but never taken for everything."""
    archive = Downloaded({"a": TWO_LINES})

    def listing():
        yield from archive.objects()
        raise TransientError("the listing broke off", "s3://b/", "run again")

    with Stager(archive, listing(), tmp_path / "work") as stager, pytest.raises(TransientError, match="broke off"):
        list(next(stager.batches()).blocks())
    assert not list((tmp_path / "work").iterdir())


def test_a_consumer_may_stop_at_any_time(tmp_path):
    """Threads end and files go, in the middle of a large object."""
    archive = Downloaded({f"{n}": noisy_lines(2000) for n in range(20)})
    with Stager(
        archive, archive.objects(), tmp_path / "work", StagingLimits(read_ahead_bytes=1, block_bytes=5000)
    ) as s:
        next(next(s.batches()).blocks())
        s.close()
    assert not list((tmp_path / "work").iterdir())


def test_a_file_rewritten_while_it_is_listed_is_failed(tmp_path, stage):
    """The listing no longer tells what is there."""
    stage({"a.gz": TWO_LINES})
    archive = FolderArchive(tmp_path / "archive", FlatFolder())
    objects = list(archive.objects())
    (tmp_path / "archive" / "a.gz").write_bytes(TWO_LINES * 2)
    staged = Staged()
    with Stager(archive, objects, tmp_path / "work") as stager:
        for batch in stager.batches():
            staged.add(batch)

    assert (staged.part.status, staged.lines) == ("failed", [])
    assert "rewritten" in staged.part.error.what


def test_leftovers_of_a_killed_run_are_removed(tmp_path):
    """Its lock went with its process. What a running process uses stays."""
    code = (
        "import sys, time; from pathlib import Path; from loader.staging.workspace import Workspace\n"
        "w = Workspace(Path(sys.argv[1])); w.new_path().write_bytes(b'x'); print(w.folder, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, tmp_path / "work"], stdout=subprocess.PIPE, text=True)
    with process:
        killed = Path(process.stdout.readline().strip())
        running = Workspace(tmp_path / "work")
        running.new_path().write_bytes(b"x")
        assert killed.is_dir()  # alive, so left alone
        process.kill()
    (tmp_path / "work" / "mine.txt").write_text("not the loader's")

    staged = staged_from(Downloaded({"a": TWO_LINES}), tmp_path / "work")

    assert len(staged.lines) == 2
    left = {path.name for path in (tmp_path / "work").iterdir()}
    assert left == {running.folder.name, f"{running.folder.name}.lock", "mine.txt"}
    running.remove()


def test_a_work_folder_that_cannot_be_used_says_so(tmp_path):
    """Before anything is read."""
    (tmp_path / "file").write_text("")
    archive = Downloaded({"a": TWO_LINES})
    with (
        Stager(archive, archive.objects(), tmp_path / "file" / "work") as stager,
        pytest.raises(ConfigError, match="work folder cannot be used"),
        contextlib.closing(stager.batches()) as batches,
    ):
        next(batches)
