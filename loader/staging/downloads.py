"""Provides objects as files: in place, or downloaded ahead of their use."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loader.errors import TerminalError, TransientError
from loader.staging.records import StagingLimits
from loader.staging.workspace import Workspace

if TYPE_CHECKING:
    from loader.archive.base import Archive, ArchiveObject

MOST_WAITING = 64
"""How many objects are requested ahead of the one that is read."""
MOST_FAILED = 64
"""How many downloads in a row may break off before the load stops, instead of trying every object that is left."""


@dataclass(slots=True)
class Fetched:
    """One object with its file, or with the error why there is none."""

    obj: ArchiveObject
    path: Path | None = None
    error: TerminalError | TransientError | None = None
    future: Future[None] | None = None
    """The download that makes the file; None for a file of a folder."""


class Downloads:
    """Fetches objects in order, several at a time, within a limit of bytes."""

    def __init__(
        self, archive: Archive, workspace: Workspace, limits: StagingLimits, is_cancelled: Callable[[], bool]
    ) -> None:
        self._archive = archive
        self._workspace = workspace
        self._limits = limits
        self._is_cancelled = is_cancelled
        self._pool = ThreadPoolExecutor(limits.downloads, thread_name_prefix="download")
        self._failed = 0
        """Downloads that broke off since the last one that did not."""

    def fetched(self, objects: Iterable[ArchiveObject]) -> Iterator[Fetched]:
        """Every object, in order. A downloaded file is removed when the next object is requested.

        Raises TerminalError if the work folder cannot be written, TransientError if nothing can be downloaded any more.
        """
        waiting: deque[Fetched] = deque()
        ahead_bytes = 0
        for obj in objects:
            while waiting and (
                len(waiting) >= MOST_WAITING or ahead_bytes + obj.size > self._limits.download_ahead_bytes
            ):
                ahead_bytes -= waiting[0].obj.size
                yield from self._finished(waiting.popleft())
            waiting.append(self._begun(obj))
            ahead_bytes += obj.size
        while waiting:
            yield from self._finished(waiting.popleft())

    def close(self) -> None:
        """Cancel downloads that have not begun, and wait for the others."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _begun(self, obj: ArchiveObject) -> Fetched:
        try:
            path = self._archive.local_path(obj)
        except (TerminalError, TransientError) as error:
            return Fetched(obj, error=error)
        if path is not None:
            return Fetched(obj, path)
        path = self._workspace.new_path()
        return Fetched(obj, path, future=self._pool.submit(self._archive.download, obj, path, self._is_cancelled))

    def _finished(self, fetched: Fetched) -> Iterator[Fetched]:
        if fetched.future is None or fetched.path is None:
            yield fetched
            return
        try:
            fetched.future.result()
            self._failed = 0
        except TerminalError as error:
            fetched.error, self._failed = error, 0
        except TransientError as error:
            fetched.error, self._failed = error, self._failed + 1
            if self._failed == MOST_FAILED:
                raise TransientError(
                    f"{MOST_FAILED} objects in a row could not be downloaded; of the last one: {error.what}",
                    error.where,
                    "run again when the service answers; what is loaded stays loaded",
                ) from error
        except OSError as error:
            raise TerminalError(
                f"a downloaded object cannot be written ({os.strerror(error.errno or 0)})",
                str(self._workspace.folder),
                "free some space, or set resources.work_dir to another folder",
            ) from error
        try:
            yield fetched
        finally:
            fetched.path.unlink(missing_ok=True)
