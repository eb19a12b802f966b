"""Finds out from the engine's errors whether another process has the warehouse file open, and which."""

import re
from typing import Final

import duckdb

_LOCKED: Final = ("could not set lock", "unique file handle conflict", "already attached", "different configuration")
_HOLDER: Final = re.compile(r"PID (\d+)")


def is_locked(error: duckdb.Error) -> bool:
    """Whether the file cannot be opened only because it is open elsewhere."""
    text = str(error).lower()
    return any(mark in text for mark in _LOCKED)


def holder_of(error: duckdb.Error) -> str:
    """The process that has the file open; if it is this process, its other connection."""
    holder = _HOLDER.search(str(error))
    return f"process {holder[1]}" if holder else "another connection"
