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
    """A store as folders and files. Folders are relative to the root, "" or ending in a slash."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the folders that lead to the root, the root last."""

    def entries(self, folder: str) -> Iterator[str | StoredFile]:
        """What lies directly in a folder: names of folders, and files."""

    def files(self, folder: str) -> Iterator[StoredFile]:
        """Every file below a folder at any depth, in the order of the bytes of their keys."""


class ArchiveOptions(Protocol):
    """What an archive needs to know; the `archive` section of the configuration file has this shape."""

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
    """The answer of a caller that does not cancel downloads."""
    return False


class Archive(Protocol):
    """The raw history of one source."""

    @property
    def skipped_objects(self) -> int:
        """Seen by the latest `objects()` so far and not data: markers, dummy objects; an ignored folder counts once."""

    def objects(self, start: date | None = None, until: date | None = None) -> Iterator[ArchiveObject]:
        """Every data object of the layout, oldest received day first, streamed; `until` is exclusive.

        Objects without a received day come whatever `start` and `until` say.
        Raises ConfigError where the layout or the source cannot be told, TerminalError or TransientError on access.
        """

    def local_path(self, obj: ArchiveObject) -> Path | None:
        """The file itself where the archive is a folder, None where it has to be downloaded.

        Raises TerminalError when it is gone or was rewritten since it was listed.
        """

    def download(self, obj: ArchiveObject, path: Path, is_cancelled: Callable[[], bool] = never) -> None:
        """Copy the stored bytes to `path`, checked by length, version, and MD5 where the ETag is one.

        Leaves no file behind when it fails. Raises TerminalError (denied, gone, rewritten since it was listed) or
        TransientError (after its own retries, or when `is_cancelled` turned true).
        """
