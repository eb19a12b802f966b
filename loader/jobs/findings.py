"""What a verification found wrong: all of it counted, the first of it kept."""

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
        """One mismatch of an object, or of a table where `key` is one."""
        self.count += 1
        if len(self.kept) < MOST_KEPT:
            self.kept.append({"key": key, "what": what, "expected": expected, "found": found})

    def compare(self, key: str, what: str, expected: object, found: object) -> None:
        """A mismatch unless both are the same."""
        if expected != found:
            self.add(key, what, expected, found)
