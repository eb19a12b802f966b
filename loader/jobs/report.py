"""The report of a load: counts for people, for `--json` and for the metadata of assets."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from loader.core.plan import SchemaChange
from loader.core.warnings import WarningName, table_growth

MOST_LISTED: Final = 100


@dataclass(slots=True)
class LoadReport:
    """Counts of one load of one source."""

    load_id: str = ""
    objects: int = 0
    """Objects read to their end."""
    skipped_objects: int = 0
    lines: int = 0
    blank: int = 0
    messages: int = 0
    duplicates: int = 0
    conflicts: int = 0
    replaced: int = 0
    """Rows that an earlier copy took over."""
    plain_lines: int = 0
    exact_lines: int = 0
    bytes_read: int = 0
    batches: int = 0
    seconds: float = 0.0
    steps: dict[str, float] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    discards: Counter[str] = field(default_factory=Counter)
    changes: list[SchemaChange] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failed_objects: list[dict[str, str]] = field(default_factory=list)
    warning_counts: Counter[WarningName] = field(default_factory=Counter)
    refused_tables: set[str] = field(default_factory=set)
    """Event tables that the cap kept from being created."""

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the seconds of a step. Steps may be nested."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.steps[step] = self.steps.get(step, 0.0) + time.perf_counter() - began

    @property
    def status(self) -> str:
        """The value of `loads.status`."""
        if self.failed_objects:
            return "failed"
        return "warnings" if self.quarantined or self.warnings else "done"

    def count_table_growth(self, table_cap: int) -> None:
        """Count the new event tables of the whole load, if there are too many."""
        created = {change.table for change in self.changes if change.change == "create_table"}
        self.warning_counts += Counter({"table_growth": table_growth(created, self.refused_tables, table_cap)})

    def exit_code(self, strict: bool = False) -> int:
        """1 if an object could not be read or, with `strict`, if lines went to quarantine."""
        return 1 if self.failed_objects or (strict and self.quarantined) else 0

    def as_dict(self) -> dict[str, Any]:
        """The whole report in JSON types."""
        created = [change.table for change in self.changes if change.change == "create_table"]
        added = [(change.table, column.name) for change in self.changes for column in _added(change)]
        return {
            "load_id": self.load_id,
            "status": self.status,
            "objects": self.objects,
            "skipped_objects": self.skipped_objects,
            "lines": self.lines,
            "blank": self.blank,
            "messages": self.messages,
            "duplicates": self.duplicates,
            "conflicts": self.conflicts,
            "replaced": self.replaced,
            "plain_lines": self.plain_lines,
            "exact_lines": self.exact_lines,
            "bytes_read": self.bytes_read,
            "batches": self.batches,
            "seconds": round(self.seconds, 3),
            "steps": {name: round(seconds, 3) for name, seconds in self.steps.items()},
            "rows": dict(sorted(self.rows.items())),
            "quarantined": dict(self.quarantined),
            "discards": dict(self.discards),
            "warning_counts": dict(sorted(self.warning_counts.items())),
            "new_tables": created,
            "new_columns": [f"{table}.{column}" for table, column in added],
            "schema_changes": [_described(change) for change in self.changes if change.change == "widen_column"],
            "warnings": self.warnings,
            "failed_objects": self.failed_objects[:MOST_LISTED],
        }

    def counters(self) -> Mapping[str, Any]:
        """The value of `loads.counters`."""
        kept = self.as_dict()
        return {name: kept[name] for name in kept if name not in ("new_columns", "warnings", "failed_objects")}


def _added(change: SchemaChange) -> Sequence[Any]:
    return change.columns if change.change == "add_column" else ()


def _described(change: SchemaChange) -> str:
    (column,) = change.columns
    return f"{change.table}.{column.name}: {change.old_type} → {column.sql_type}"
