"""Who is loading a source now: a row in the warehouse, which a crashed process on the same machine does not keep."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from loader.errors import BusyError
from loader.warehouses.duckdb import DuckDBWarehouse

_LEASE: Final = timedelta(minutes=15)
"""How long a holder on another machine is believed to be alive."""


class Leases:
    """The lease of one source. The warehouse must be attached."""

    def __init__(self, warehouse: DuckDBWarehouse, source: str) -> None:
        self._engine = warehouse.engine
        self._table = warehouse.state("leases")
        self._source = source

    def take(self, holder: str, now: datetime) -> None:
        """One load per source at a time. Raises BusyError while another one runs; a dead one is taken over."""
        leases, name = self._table, f"load:{self._source}"
        rows = self._engine.execute(
            f"select holder, host, boot_id, pid, acquired_at, expires_at from {leases} where name = ?", [name]
        ).fetchall()
        for row in rows:
            if row[0] == holder or not _is_alive(row, now):
                continue
            raise BusyError(
                f"another load of {self._source!r} is running: process {row[3]} on {row[1]}, since {row[4]:%Y-%m-%d %H:%M} UTC",
                f"source {self._source}",
                "wait until it ends; if it is gone, its lease expires by itself",
            )
        self._engine.execute(f"delete from {leases} where name = ?", [name])
        self._engine.execute(
            f"insert into {leases} values (?, ?, ?, ?, ?, ?, ?)",
            [name, holder, socket.gethostname(), _boot_id(), os.getpid(), now, now + _LEASE],
        )

    def drop(self, holder: str) -> None:
        """The load is over."""
        self._engine.execute(f"delete from {self._table} where holder = ?", [holder])


def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.is_file() else ""


def _is_alive(lease: tuple[Any, ...], now: datetime) -> bool:
    _, host, boot_id, pid, _, expires_at = lease
    if host == socket.gethostname():
        if boot_id != _boot_id():
            return False
        return _is_running(int(pid))
    return bool(expires_at > now)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
