"""Collects what a verification found wrong: it counts everything and keeps the first mismatches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MOST_KEPT: Final = 100


@dataclass
class Findings:
    """Mismatches of one source. None of them holds a value of a message."""

    source: str
    count: int = 0
    kept: list[dict[str, object]] = field(default_factory=list)

    def add(
        self, key: str, what: str, expected: object, found: object, table: str | None = None, line: int | None = None
    ) -> None:
        """One mismatch of an object, or of a table where `key` is one. A rebuild of `table` alone puts it right."""
        self.count += 1
        if len(self.kept) < MOST_KEPT:
            fix = f"loader rebuild {self.source if table is None else f'{self.source}.{table}'}"
            place = {"key": key} if line is None else {"key": key, "line": line}
            self.kept.append({**place, "what": what, "expected": expected, "found": found, "fix": fix})

    def compare(self, key: str, what: str, expected: object, found: object, table: str | None = None) -> None:
        """A mismatch unless both are the same."""
        if expected != found:
            self.add(key, what, expected, found, table)
