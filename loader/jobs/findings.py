"""Collects what a verification found wrong: it counts everything and keeps the first mismatches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MOST_KEPT: Final = 100


@dataclass
class Findings:
    """Mismatches of one source. None of them holds a value of a message."""

    count: int = 0
    kept: list[dict[str, object]] = field(default_factory=list)

    def add(self, key: str, what: str, expected: object, found: object) -> None:
        """Add one mismatch of an object, or of a table if `key` names one."""
        self.count += 1
        if len(self.kept) < MOST_KEPT:
            self.kept.append({"key": key, "what": what, "expected": expected, "found": found})

    def compare(self, key: str, what: str, expected: object, found: object) -> None:
        """Add a mismatch unless both values are the same."""
        if expected != found:
            self.add(key, what, expected, found)
