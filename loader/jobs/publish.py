"""Publishes a copy of the warehouse for readers. It is replaced in one step, so nobody opens half a file."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from loader.config import Config
from loader.core.dialect import literal
from loader.errors import BusyError, ConfigError, TerminalError
from loader.reading import busy, require_warehouse
from loader.waiting import Deadline
from loader.warehouses.locks import is_locked
from loader.warehouses.resources import shortage

WAIT_SECONDS = 5.0


@dataclass(frozen=True)
class PublishReport:
    """The published copy."""

    path: Path
    bytes: int
    seconds: float

    def as_dict(self) -> dict[str, object]:
        """What the command prints."""
        return {"path": str(self.path), "bytes": self.bytes, "seconds": round(self.seconds, 3)}


def publish(config: Config) -> PublishReport:
    """Replace the read-only copy. A process that has the old copy open continues to read it.

    Raises ConfigError without `publish.path` or warehouse, BusyError when a load or another publish holds on for longer
    than WAIT_SECONDS, TerminalError when the copy cannot be written.
    """
    started = time.monotonic()
    target = _target(config)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(target):
            size = _replace(config, target)
    except OSError as error:
        raise TerminalError(
            f"the copy cannot be written ({os.strerror(error.errno or 0)})",
            str(target),
            "free some space, or set publish.path to a folder that can be written",
        ) from error
    return PublishReport(target, size, time.monotonic() - started)


def _target(config: Config) -> Path:
    if config.publish is None:
        raise ConfigError(
            "publish.path is not set", "publish.path", "add publish: {path: ./published.duckdb} to loader.yaml"
        )
    warehouse, target = config.warehouse.path, config.publish.path
    require_warehouse(warehouse)
    if target.resolve() == warehouse.resolve():
        raise ConfigError(
            "the copy would replace the warehouse", "publish.path", "use another file than warehouse.path"
        )
    if target.is_dir():
        raise ConfigError("publish.path is a folder, not a file", str(target), "add a file name to publish.path")
    return target


@contextlib.contextmanager
def _only_one(target: Path) -> Iterator[None]:
    """Lock the folder of the copy. The system releases the lock when the process ends, even if it is killed."""
    folder = os.open(target.parent, os.O_RDONLY)
    deadline = Deadline(WAIT_SECONDS)
    try:
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if deadline.has_passed:
                    raise BusyError(
                        "another process is publishing into the same folder", str(target), "try again when it is done"
                    ) from None
                deadline.pause()
        yield
    finally:
        os.close(folder)


def _replace(config: Config, target: Path) -> int:
    """Write the copy beside the old one, make it durable, and put it in place. Returns its size."""
    prefix = f".{target.name}.publishing-"
    _remove(target.parent, prefix)  # left by runs that were killed: the lock keeps others out
    copy = target.parent / f"{prefix}{os.getpid()}"
    try:
        _copy(config, copy)
        if target.exists():
            shutil.copymode(target, copy)
        _sync(copy)
        # The log of a process that wrote to the old copy. It must not be read as part of the new one.
        target.with_name(f"{target.name}.wal").unlink(missing_ok=True)
        copy.replace(target)
        _sync(target.parent)
    finally:
        _remove(target.parent, prefix)
    return target.stat().st_size


def _remove(folder: Path, prefix: str) -> None:
    for path in folder.iterdir():
        if path.name.startswith(prefix):
            path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy(config: Config, copy: Path) -> None:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{config.resources.memory_bytes}B",
        "temp_directory": f"{copy}.tmp",
        "preserve_insertion_order": True,
    }
    if config.resources.threads is not None:
        settings["threads"] = config.resources.threads
    try:
        with duckdb.connect(":memory:", config=settings) as connection:
            _attach(connection, config.warehouse.path)
            (tags,) = connection.execute(
                "select tags from duckdb_databases() where database_name = 'source'"
            ).fetchall()[0]
            # The same storage format as the warehouse, so the same versions of DuckDB can read it.
            version = str(tags.get("storage_version", "latest")).rstrip("+")
            connection.execute(f"attach {literal(str(copy))} as copied (storage_version {literal(version)})")
            connection.execute("copy from database source to copied")
            connection.execute("detach copied")
    except duckdb.Error as error:
        raise shortage(error) or TerminalError(
            f"the warehouse cannot be copied: {str(error).splitlines()[0]}",
            str(config.warehouse.path),
            "read the message of the engine; the old copy is still in place",
        ) from None
    finally:
        shutil.rmtree(f"{copy}.tmp", ignore_errors=True)


def _attach(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    deadline = Deadline(WAIT_SECONDS)
    while True:
        try:
            connection.execute(f"attach {literal(str(path))} as source (read_only)")
        except duckdb.Error as error:
            if not is_locked(error):
                raise
            if deadline.has_passed:
                raise busy(error, path) from None
            deadline.pause()
        else:
            return
