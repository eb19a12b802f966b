"""The warehouse as it is now, to be read at leisure: who wants to write waits for a copy of the file, not for us."""

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
    """A reader of a copy in `folder`; of the warehouse itself, which is then held, where there is no room for one.

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
    """Copy the file while it is open for reading, so that nobody writes it."""
    try:
        if shutil.disk_usage(copy.parent).free >= path.stat().st_size * _ROOM:
            # The log first: closing the file itself gives up the lock that this process has on it.
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
