"""Reads one object into lines, and records how its reading ended."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from loader.errors import TerminalError
from loader.staging.batches import BatchWriter
from loader.staging.lines import WIDE_BOMS, LineReader, LongLine, Piece
from loader.staging.records import Part, StagingLimits
from loader.staging.unpack import TornError, Unpacker

if TYPE_CHECKING:
    from collections.abc import Callable

    from loader.archive.base import ArchiveObject


class ObjectReader:
    """Reads one object into batches, up to its end or to where it breaks."""

    def __init__(self, obj: ArchiveObject, path: Path, writer: BatchWriter, limits: StagingLimits) -> None:
        self._obj = obj
        self._writer = writer
        self._limits = limits
        self._unpacker = Unpacker(path, obj.key, limits.block_bytes)
        self._unpacked_bytes = 0
        self._wide: LongLine | None = None
        self._part = Part(obj)
        self._lines = LineReader(writer.begin(self._part), limits.line_bytes)

    def read(self, check: Callable[[ArchiveObject], object]) -> None:
        """Read everything. `check` raises TerminalError if the file changed meanwhile.

        Problems of the object are not raised; they become the error of its last part.
        """
        try:
            with closing(self._unpacker.chunks()) as chunks:
                for chunk in chunks:
                    self._take(chunk)
            if self._wide is None:
                self._keep(0, self._lines.finish())
            check(self._obj)
        except TornError as error:
            self._break_off(error)
        except TerminalError as error:
            self._part.error = error
            self._part.status = "partial" if self._lines.is_finished else "failed"
        except OSError as error:
            self._part.status = "failed"
            self._part.is_withheld = True
            self._part.error = TerminalError(
                f"the object cannot be read ({os.strerror(error.errno or 0)})",
                self._obj.key,
                "give this process permission to read it",
            )
        if self._wide is not None:
            self._refuse_encoding(self._wide)
        self._close_part()
        self._part.is_last = True
        self._part.unterminated_line = self._lines.unterminated_line
        self._part.trailing_bytes = self._unpacker.trailing_bytes

    def _take(self, chunk: bytes) -> None:
        if self._unpacked_bytes == 0 and chunk.startswith(WIDE_BOMS):
            self._wide = LongLine()
        self._unpacked_bytes += len(chunk)
        self._guard()
        if self._wide is not None:
            self._part.bytes_read += len(chunk)
            self._wide.add(chunk)
            return
        if self._writer.is_full:
            self._continue_in_next_batch()
        self._keep(len(chunk), self._lines.feed(chunk))

    def _keep(self, unpacked_bytes: int, piece: Piece | None) -> None:
        self._part.bytes_read += unpacked_bytes
        odd, self._lines.odd = self._lines.odd, []
        self._writer.add(self._lines.part, unpacked_bytes, piece, odd)

    def _guard(self) -> None:
        limits, unpacked = self._limits, self._unpacked_bytes
        if unpacked > limits.object_bytes:
            raise TerminalError(
                f"the object unpacks to more than {limits.object_bytes} bytes",
                self._obj.key,
                "split it, or raise the limit if it is really that large",
            )
        if unpacked > limits.block_bytes and unpacked > limits.ratio * self._unpacker.stored_bytes:
            raise TerminalError(
                f"the object unpacks to more than {limits.ratio} times its size",
                self._obj.key,
                "check that it is not a decompression bomb; if it is not, upload it with less compression",
            )

    def _continue_in_next_batch(self) -> None:
        self._close_part()
        self._part = Part(self._obj, first_line=self._lines.next_line)
        self._lines.part = self._writer.begin(self._part)
        self._lines.blank = 0

    def _close_part(self) -> None:
        self._part.lines = self._lines.next_line - self._part.first_line
        self._part.blank = self._lines.blank

    def _break_off(self, error: TornError) -> None:
        self._part.error = error
        self._part.status = "partial" if self._lines.next_line > 1 else "failed"
        self._lines.tear()
        self._keep(0, None)

    def _refuse_encoding(self, whole: LongLine) -> None:
        odd = whole.odd(self._lines.part, 1, "bad_encoding")
        self._writer.add(self._lines.part, 0, None, [odd])
        self._lines.next_line = 2
        self._part.status = "failed"
        self._part.error = TerminalError(
            "the object is UTF-16 or UTF-32, not UTF-8", self._obj.key, "upload it again as UTF-8"
        )
