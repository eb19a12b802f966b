"""Archives in a local folder."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from loader.archive.base import ArchiveObject, ArchiveOptions, StoredFile, never
from loader.archive.layouts import Walk
from loader.errors import ConfigError, TerminalError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FolderArchive:
    """An archive in a folder of this machine."""

    def __init__(self, root: Path, settings: ArchiveOptions) -> None:
        if not root.is_dir():
            what = "is not a folder" if root.exists() else "does not exist"
            raise ConfigError(f"the archive folder {what}", str(root), "set archive.uri to an existing folder")
        self._root = root.absolute()
        self._tree = FolderTree(self._root)
        self._walk = Walk(self._tree, settings)

    @property
    def skipped_objects(self) -> int:
        """As `Archive.skipped_objects`."""
        return self._walk.skipped + self._tree.unusable

    def objects(self, start: date | None = None, until: date | None = None) -> Iterator[ArchiveObject]:
        """As `Archive.objects`."""
        self._tree.unusable = 0
        return self._walk.objects(start, until)

    def local_path(self, obj: ArchiveObject) -> Path | None:
        """As `Archive.local_path`."""
        path = self._root / obj.key
        try:
            stat = path.stat()
        except OSError as error:
            gone = isinstance(error, FileNotFoundError)
            raise TerminalError(
                "the file is gone" if gone else f"the file cannot be read ({os.strerror(error.errno or 0)})",
                str(path),
                "nothing, if it was moved on purpose" if gone else "give this process permission to read it",
            ) from error
        if _version(stat) != obj.etag:
            raise TerminalError(
                "the file was rewritten after it was listed", str(path), "run again: the next run reads the new version"
            )
        return path

    def download(self, obj: ArchiveObject, path: Path, is_cancelled: Callable[[], bool] = never) -> None:
        """Never called: `local_path` always returns a path."""
        raise NotImplementedError("files of a folder are read where they are")


def _version(stat: os.stat_result) -> str:
    return f"{stat.st_size:x}-{stat.st_mtime_ns:x}"


class FolderTree:
    """A folder as a `Tree`. Links are followed, except into a folder that contains them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.unusable = 0
        """Broken links, links to a folder above, names that are not UTF-8, sockets and the like."""

    @property
    def parts(self) -> tuple[str, ...]:
        """As `Tree.parts`."""
        return self._root.parts[1:]

    def entries(self, folder: str) -> Iterator[str | StoredFile]:
        """As `Tree.entries`, in key order."""
        for name, entry in self._sorted(folder):
            yield name.rstrip("/") if name.endswith("/") else self._stored(folder, entry)

    def files(self, folder: str) -> Iterator[StoredFile]:
        """As `Tree.files`."""
        return self._below(folder, ())

    def _below(self, folder: str, above: tuple[tuple[int, int] | None, ...]) -> Iterator[StoredFile]:
        here = _identity(self._root / folder)
        if here in above:
            self.unusable += 1
            return
        for name, entry in self._sorted(folder):
            if name.endswith("/"):
                yield from self._below(f"{folder}{name}", (*above, here))
            else:
                yield self._stored(folder, entry)

    def _sorted(self, folder: str) -> list[tuple[str, "os.DirEntry[str]"]]:
        """Names and entries in the byte order of whole keys, as S3 lists them: `a.gz` before `a/b.gz`.

        Nothing if the folder has gone since it was listed.
        """
        named: list[tuple[str, os.DirEntry[str]]] = []
        try:
            with os.scandir(self._root / folder) as entries:
                for entry in entries:
                    if entry.is_dir():
                        named.append((entry.name + "/", entry))
                    elif not entry.is_file() or not _is_utf8(entry.name):
                        self.unusable += 1
                    elif _is_there(entry):
                        named.append((entry.name, entry))
        except OSError as error:
            if folder and isinstance(error, FileNotFoundError):
                return []
            raise TerminalError(
                f"the folder cannot be listed ({os.strerror(error.errno or 0)})",
                str(self._root / folder),
                "give this process permission to list the folder",
            ) from error
        return sorted(named, key=lambda pair: os.fsencode(pair[0]))

    def _stored(self, folder: str, entry: "os.DirEntry[str]") -> StoredFile:
        stat = entry.stat()
        modified = _EPOCH + timedelta(microseconds=stat.st_mtime_ns // 1000)
        return StoredFile(f"{folder}{entry.name}", _version(stat), stat.st_size, modified)


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from all others; None if it cannot be asked."""
    try:
        stat = folder.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _is_there(entry: "os.DirEntry[str]") -> bool:
    """Whether a file still exists. Reads its attributes, which stay known even if it is deleted later."""
    try:
        entry.stat()
    except FileNotFoundError:
        return False
    return True


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
