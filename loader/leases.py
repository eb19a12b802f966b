"""Leases: a row in the warehouse says who is writing. A process that crashed on this machine loses its lease."""

from __future__ import annotations

import os
import socket
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from loader.errors import BusyError
from loader.warehouses.duckdb import DuckDBWarehouse

_LEASE: Final = timedelta(minutes=15)
"""How long a holder on another machine is believed to be alive."""
_CLOCK_SECONDS: Final = 5.0
"""How far the clock may have been set meanwhile."""
_ENDED: Final = "Z"
"""The state of a process that has ended but was not collected by its parent, which may never happen in a container."""
_BEGAN: Final = 18
"""When a process began, in ticks since the machine did: the place in `/proc/PID/stat` after the state."""
_LOAD: Final = "load:"
_MODELS: Final = "models"


class Lease:
    """Keeps other writers out. The warehouse must be attached.

    Loads of different sources may run at the same time. A run of models runs alone, because it reads all sources.
    """

    def __init__(self, warehouse: DuckDBWarehouse, source: str | None) -> None:
        """`source` is the loaded source, or None for a run of models."""
        self._engine = warehouse.engine
        self._table = warehouse.state("leases")
        self._name = _MODELS if source is None else f"{_LOAD}{source}"
        self._where = "the models" if source is None else f"source {source}"

    def take(self, holder: str, now: datetime) -> None:
        """Take the lease; take over that of a dead process. Raises BusyError while a conflicting writer is running."""
        rows = self._engine.execute(
            f"select name, holder, host, boot_id, pid, acquired_at, expires_at from {self._table}"
        ).fetchall()
        for row in rows:
            name, other = str(row[0]), str(row[1])
            if other == holder or not self._excludes(name):
                continue
            if _is_alive(row[2:], now):
                raise BusyError(
                    f"{_described(name)} is running: process {row[4]} on {row[2]}, since {row[5]:%Y-%m-%d %H:%M} UTC",
                    self._where,
                    "wait until it ends; if it was killed, its lease expires by itself",
                )
            self.drop(other)
        self.drop(holder)
        self._engine.execute(
            f"insert into {self._table} values (?, ?, ?, ?, ?, ?, ?)",
            [self._name, holder, socket.gethostname(), _boot_id(), os.getpid(), now, now + _LEASE],
        )

    def renew(self, holder: str, now: datetime) -> None:
        """Renew the lease. Raises BusyError if another writer took over because the lease had expired."""
        (renewed,) = self._engine.execute(
            f"update {self._table} set expires_at = ? where holder = ?", [now + _LEASE, holder]
        ).fetchall()
        if renewed == (0,):
            raise BusyError(
                f"another process took over the lease, because this one did not renew it for {_LEASE.seconds // 60} minutes",
                self._where,
                "run again when the other process has ended; what is committed stays",
            )

    def drop(self, holder: str) -> None:
        """Give the lease back."""
        self._engine.execute(f"delete from {self._table} where holder = ?", [holder])

    def _excludes(self, other: str) -> bool:
        return self._name == other or _MODELS in (self._name, other)


def _described(name: str) -> str:
    return "a run of models" if name == _MODELS else f"another load of {name.removeprefix(_LOAD)!r}"


def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.is_file() else ""


def _is_alive(lease: tuple[Any, ...], now: datetime) -> bool:
    host, boot_id, pid, acquired_at, expires_at = lease
    if host == socket.gethostname():
        if boot_id != _boot_id():
            return False
        return _is_running(int(pid), (now - acquired_at).total_seconds())
    return bool(expires_at > now)


def _is_running(pid: int, seconds: float) -> bool:
    """Whether this process is running and old enough to have taken a lease so many seconds ago.

    Numbers of processes come again: in a container that is started anew, at once.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return True
    if state == _ENDED:
        return False
    began = int(rest[_BEGAN]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - began > seconds - _CLOCK_SECONDS
