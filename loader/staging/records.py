"""The results of staging (stretches of objects, and odd lines), and its limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from loader.archive.base import ArchiveObject
    from loader.errors import TerminalError, TransientError

MIB = 1024 * 1024
GIB = 1024 * MIB

EXCERPT_BYTES = 64 * 1024
"""How much of a line or object is kept if it is not kept whole."""

Problem = Literal["line_too_long", "truncated_line", "bad_encoding"]


@dataclass(frozen=True)
class StagingLimits:
    """Limits of memory, disk and waiting. All sizes are in bytes."""

    batch_bytes: int = 256 * MIB
    """Unpacked bytes after which a batch ends, at the next block."""
    first_batch_bytes: int | None = None
    """The same for the first batch, for which the consumer has nothing else to do."""
    batch_objects: int = 20_000
    """Objects after which a batch ends, however small they are."""
    odd_bytes: int = 32 * MIB
    """Bytes of odd lines after which a batch ends, because they are held until its end."""
    block_bytes: int = 4 * MIB
    """Unpacked bytes of a block."""
    line_bytes: int = 16 * MIB
    """The longest line that is kept whole."""
    object_bytes: int = 20 * GIB
    """Most unpacked bytes of one object."""
    ratio: int = 1000
    """Most unpacked bytes for one stored byte; checked once a block has been unpacked."""
    downloads: int = 4
    """Objects downloaded at the same time."""
    read_ahead_bytes: int = 32 * MIB
    """Blocks in memory that the consumer has not taken yet."""
    download_ahead_bytes: int = 256 * MIB
    """Stored bytes on disk that are not unpacked yet, beyond one object."""


@dataclass
class Part:
    """The stretch of one object in one batch."""

    obj: ArchiveObject
    first_line: int = 1
    """Number in the object of the first line of this stretch, from 1."""
    lines: int = 0
    """Lines of this stretch: those in blocks, the odd ones and the blank ones."""
    blank: int = 0
    bytes_read: int = 0
    """Unpacked bytes of this stretch."""
    is_last: bool = False
    """The object ends in this batch."""
    unterminated_line: int | None = None
    """Number of a last line without a line feed, in an object whose bytes are intact."""
    error: TerminalError | TransientError | None = None
    status: Literal["done", "partial", "failed"] = "done"
    """The status of the object so far. partial: torn after complete lines; failed: no complete line could be read, the
    encoding is wrong, or a limit was reached."""
    is_withheld: bool = False
    """The bytes could not be accessed, so the next load tries again."""
    trailing_bytes: int = 0
    """Padding or junk after the last gzip member."""


@dataclass(frozen=True)
class OddLine:
    """A line that failed a byte check, without its line feed, without a byte order mark, CR LF taken as LF."""

    part: int
    """Index into the parts of the batch."""
    line: int
    """Number of the line in its object, from 1."""
    raw: bytes
    """The line, or its first 64 KiB where `length` is larger."""
    problem: Problem | None
    """None if the exact parser can read it (control bytes, invalid UTF-8); otherwise why it is not a line."""
    length: int
    """Bytes of the whole line."""
    sha256: str
    """Of the whole line."""
