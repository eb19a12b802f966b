"""What an archive is: objects that are listed, and read from disk or downloaded."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ArchiveObject:
    """One immutable version of one archived file."""

    key: str
    """S3: the full key. Folder: the path relative to its root, with forward slashes."""
    etag: str
    """S3: the ETag without quotes. Folder: `<size>-<modification time in ns>`, both hexadecimal."""
    size: int
    """Bytes as stored."""
    last_modified: datetime
    """Aware, UTC."""
    received_day: date | None
    """From the key, where the layout has one."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as the store lists it, before any layout looked at its key."""

    key: str
    etag: str
    size: int
    last_modified: datetime


class Tree(Protocol):
    """A store as folders and files. A folder is relative to the root, and is "" or ends in a slash."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the folders from the top to the root; the root is the last one."""

    def entries(self, folder: str) -> Iterator[str | StoredFile]:
        """The folders and files directly in a folder."""

    def files(self, folder: str) -> Iterator[StoredFile]:
        """Every file below a folder at any depth, in the order of the bytes of their keys."""


class ArchiveOptions(Protocol):
    """The settings of an archive; the `archive` section of the configuration file has this shape."""

    @property
    def uri(self) -> str: ...
    @property
    def layout(self) -> str: ...
    @property
    def source_id(self) -> str | None: ...
    @property
    def endpoint_url(self) -> str | None: ...
    @property
    def region(self) -> str | None: ...
    @property
    def profile(self) -> str | None: ...
    @property
    def role_arn(self) -> str | None: ...
    @property
    def anonymous(self) -> bool: ...
    @property
    def recent_days(self) -> int | None: ...


def never() -> bool:
    """For callers that never cancel a download."""
    return False


class Archive(Protocol):
    """The raw history of one source."""

    @property
    def skipped_objects(self) -> int:
        """How many files the latest `objects()` has skipped so far because they are not data; a folder counts once."""

    def objects(self, start: date | None = None, until: date | None = None) -> Iterator[ArchiveObject]:
        """Stream every data object of the layout, oldest received day first; `until` is exclusive.

        `start` and `until` do not apply to objects without a received day.
        Raises ConfigError if the layout or the source is ambiguous, TerminalError or TransientError if access fails.
        """

    def local_path(self, obj: ArchiveObject) -> Path | None:
        """The path of the file if the archive is a folder, None if the file must be downloaded.

        Raises TerminalError when it is gone or was rewritten since it was listed.
        """

    def download(self, obj: ArchiveObject, path: Path, is_cancelled: Callable[[], bool] = never) -> None:
        """Copy the stored bytes to `path`, and check length, version, and MD5 if the ETag is one.

        Leaves no file behind when it fails. Raises TerminalError (denied, gone, rewritten since it was listed) or
        TransientError (after its own retries, or when `is_cancelled` turned true).
        """
