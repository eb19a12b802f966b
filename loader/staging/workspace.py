"""The folder of one run for downloaded objects. It is removed at the end or, if the run was killed, by the next run."""

import contextlib
import fcntl
import os
import shutil
import uuid
from pathlib import Path
from typing import BinaryIO

from loader.errors import ConfigError

_PREFIX = "staged-"


class Workspace:
    """A new folder in `work_dir`, marked as in use by a lock that the system releases when the process ends."""

    def __init__(self, work_dir: Path) -> None:
        try:
            work_dir.mkdir(parents=True, exist_ok=True)
            remove_leftovers(work_dir)
            self._marker, self._lock = _locked_marker(work_dir)
            self.folder = self._marker.with_suffix("")
            self.folder.mkdir()
        except OSError as error:
            raise ConfigError(
                f"the work folder cannot be used ({os.strerror(error.errno or 0)})",
                str(work_dir),
                "set resources.work_dir to a folder that can be written",
            ) from error
        self._count = 0

    def new_path(self) -> Path:
        """A path that is not in use."""
        self._count += 1
        return self.folder / f"{self._count:08}"

    def remove(self) -> None:
        """Remove the folder and everything in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._marker.unlink(missing_ok=True)
        self._lock.close()


def remove_leftovers(work_dir: Path) -> None:
    """Remove the folders of processes that have ended. Folders of running processes are locked and stay."""
    for marker in work_dir.glob(f"{_PREFIX}*.lock"):
        with contextlib.suppress(OSError), marker.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(marker.with_suffix(""), ignore_errors=True)
            marker.unlink(missing_ok=True)


def _locked_marker(work_dir: Path) -> tuple[Path, BinaryIO]:
    """Create and hold a lock file. Tries again if another process removed it as a leftover before it was locked."""
    while True:
        marker = work_dir / f"{_PREFIX}{uuid.uuid4().hex}.lock"
        lock = marker.open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        if marker.exists():
            return marker, lock
        lock.close()
