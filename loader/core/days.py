"""A range of received days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final


@dataclass(frozen=True, slots=True)
class Days:
    """Received days: from `start` on, before `until`. Objects without a received day belong to every range."""

    start: date | None = None
    until: date | None = None

    def condition(self) -> str:
        """The SQL that holds for objects of these days."""
        bounds = ["true"]
        bounds += [] if self.start is None else [f"received_day >= date '{self.start}'"]
        bounds += [] if self.until is None else [f"received_day < date '{self.until}'"]
        return f"(received_day is null or ({' and '.join(bounds)}))"


ALL_DAYS: Final = Days()
