"""Waits for something that another process holds, by trying again after short pauses until a deadline."""

from __future__ import annotations

import time
from typing import Final

PAUSE_SECONDS: Final = 0.25
"""Seconds between two tries."""


class Deadline:
    """The end of a wait that begins now."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    @property
    def has_passed(self) -> bool:
        """Whether there should be no further try."""
        return time.monotonic() >= self._ends

    def pause(self) -> None:
        """Sleep until the next try, at most until the deadline."""
        time.sleep(max(0.0, min(PAUSE_SECONDS, self._ends - time.monotonic())))
