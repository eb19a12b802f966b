"""The stager turns objects into batches; fetching and unpacking run ahead in the background."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING

import pyarrow as pa

from loader.staging.batches import BatchContent, BatchItem, BatchWriter
from loader.staging.channel import Channel, StoppedError
from loader.staging.downloads import Downloads
from loader.staging.reading import ObjectReader
from loader.staging.records import OddLine, Part, StagingLimits
from loader.staging.workspace import Workspace

if TYPE_CHECKING:
    from loader.archive.base import Archive, ArchiveObject


class StagedBatch:
    """Lines of one or more objects, or of a stretch of a large one."""

    def __init__(self, channel: Channel[BatchItem], first: BatchItem) -> None:
        self._channel = channel
        self._next: BatchItem | None = first
        self.parts: list[Part] = []
        """Stretches of objects, complete once `blocks()` is exhausted."""
        self.odd: list[OddLine] = []
        """Lines that failed a byte check, by part and line, complete once `blocks()` is exhausted."""
        self.is_exhausted = False

    def blocks(self) -> Iterator[pa.RecordBatch]:
        """Blocks of (part int32, line int64, text large_string) in order of part and line, each once.

        Text is valid UTF-8 with exactly one line feed, at its end, and no other control byte but tab.
        Raises everything that listing raises, and TerminalError if the work folder cannot be written.
        """
        while not self.is_exhausted:
            item = self._next if self._next is not None else self._channel.get()
            self._next = None
            if item is None:
                return  # closed meanwhile
            if isinstance(item, BatchContent):
                self.parts, self.odd = item.parts, item.odd
                self.is_exhausted = True
            else:
                yield item


class Stager:
    """Stages the objects of one run. A context manager; closing it stops threads and removes files.

    `objects` is iterated in a background thread, ahead of the consumer.
    """

    def __init__(
        self,
        archive: Archive,
        objects: Iterable[ArchiveObject],
        work_dir: Path,
        limits: StagingLimits | None = None,
    ) -> None:
        self._archive = archive
        self._objects = objects
        self._work_dir = work_dir
        self._limits = limits or StagingLimits()
        self._channel: Channel[BatchItem] = Channel(self._limits.read_ahead_bytes)
        self._thread: Thread | None = None

    def __enter__(self) -> Stager:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def batches(self) -> Iterator[StagedBatch]:
        """Batches, in order, until the objects end. Read each to its end before you request the next.

        Raises ConfigError if `work_dir` cannot be used, and everything that listing the objects raises.
        """
        workspace = Workspace(self._work_dir)
        self._thread = Thread(target=self._stage, args=(workspace,), name="stage", daemon=True)
        try:
            self._thread.start()
            while (first := self._channel.get()) is not None:
                batch = StagedBatch(self._channel, first)
                yield batch
                if not batch.is_exhausted:
                    raise RuntimeError("the blocks of a batch must be read to their end before the next batch")
        finally:
            self.close()

    def close(self) -> None:
        """Stop and clean up. May be called at any time, and more than once."""
        self._channel.stop()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join()

    def _stage(self, workspace: Workspace) -> None:
        downloads = Downloads(self._archive, workspace, self._limits, self._channel.is_stopped)
        error: BaseException | None = None
        try:
            writer = BatchWriter(self._channel, self._limits)
            for fetched in downloads.fetched(self._objects):
                if self._channel.is_stopped():
                    raise StoppedError
                if fetched.path is None or fetched.error is not None:
                    part = Part(fetched.obj, is_last=True, error=fetched.error, status="failed", is_withheld=True)
                    writer.begin(part)
                else:
                    ObjectReader(fetched.obj, fetched.path, writer, self._limits).read(self._archive.local_path)
            writer.end_batch()
        except StoppedError:
            pass
        except BaseException as caught:  # noqa: BLE001 - raised again in the consumer's thread
            error = caught
        finally:
            downloads.close()
            workspace.remove()
            self._channel.finish(error)
