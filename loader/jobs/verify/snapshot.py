"""Opens a snapshot of the warehouse for long reads. Writers wait only while the file is copied."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from loader.config import Config
from loader.reading import Reader, open_reader

_ROOM: Final = 1.1
"""Free space that is asked for, as a multiple of the file."""

logger = logging.getLogger("loader.snapshot")


@contextmanager
def open_snapshot(config: Config, folder: Path) -> Iterator[Reader]:
    """A reader of a copy in `folder`. Without room for a copy, a reader of the warehouse, which is then held.

    Raises what `open_reader` raises.
    """
    copy = folder / "snapshot.duckdb"
    with ExitStack() as held:
        reader = held.enter_context(open_reader(config))
        if _is_copied(config.warehouse.path, copy):
            held.close()
            reader = held.enter_context(open_reader(config, copy=copy))
        yield reader


def _is_copied(path: Path, copy: Path) -> bool:
    """Copy the file while it is open for reading, so that nobody can write to it. Returns whether there was room."""
    try:
        if shutil.disk_usage(copy.parent).free >= path.stat().st_size * _ROOM:
            # The log first, because closing the file itself releases the lock that this process holds on it.
            for suffix in (".wal", ""):
                given = Path(f"{path}{suffix}")
                if given.exists():
                    shutil.copyfile(given, f"{copy}{suffix}")
            return True
        reason = "there is not enough space"
    except OSError as error:
        for suffix in (".wal", ""):
            Path(f"{copy}{suffix}").unlink(missing_ok=True)
        reason = os.strerror(error.errno or 0)
    logger.warning("loads wait until the end: the warehouse cannot be copied into %s (%s)", copy.parent, reason)
    return False
