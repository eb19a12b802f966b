"""Waiting for what another process holds: tried again after short pauses, until a deadline."""

from __future__ import annotations

import time
from typing import Final

PAUSE_SECONDS: Final = 0.25
"""Between two tries."""


class Deadline:
    """The end of a wait that begins now."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    @property
    def has_passed(self) -> bool:
        """Whether there is to be no other try."""
        return time.monotonic() >= self._ends

    def pause(self) -> None:
        """Sleep until the next try, which is at the deadline at the latest."""
        time.sleep(max(0.0, min(PAUSE_SECONDS, self._ends - time.monotonic())))
