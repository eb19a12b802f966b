"""The memory limit of an engine, and errors because of too little memory or disk space."""

import errno
import os
import re
from typing import Final

import duckdb

from loader.errors import TerminalError

_UNWRITTEN: Final = re.compile(r'Could not \w+ file "([^"]+)": ([^\n]+)')
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_UNITS: Final = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def memory_limit(engine: duckdb.DuckDBPyConnection) -> float:
    """The memory limit of an engine in bytes, which it reports in rounded units."""
    number, unit = str(engine.execute("select current_setting('memory_limit')").fetchall()[0][0]).split()
    return float(number) * _UNITS[unit]


def shortage(error: Exception, work: str = "the engine") -> TerminalError | None:
    """Our error for an error of the engine or the system because of too little memory or disk space; None for any other.

    `work` says what needed the resources.
    """
    if isinstance(error, duckdb.OutOfMemoryException):
        return TerminalError(
            f"{work} needs more memory than resources.memory allows: {str(error).splitlines()[0]}",
            "resources.memory",
            "raise resources.memory, or lower resources.threads, and run again; what is committed stays",
        )
    if isinstance(error, duckdb.IOException | duckdb.TransactionException):
        failed = _UNWRITTEN.search(str(error))
        if failed is not None:
            return _unwritten(failed[2], failed[1])
    if isinstance(error, OSError) and error.errno in _FULL:
        return _unwritten(os.strerror(error.errno), str(error.filename or "standard output"))
    return None


def _unwritten(reason: str, where: str) -> TerminalError:
    return TerminalError(
        f"a file cannot be written: {reason}",
        where,
        "free some space and run again; what is committed stays",
    )
