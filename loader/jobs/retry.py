"""Reads objects that have lines in quarantine once more. Lines that today's rules accept become rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from loader.config import Config, SourceSettings
from loader.jobs.load import load_source
from loader.jobs.report import LoadReport
from loader.reading import open_reader


@dataclass(slots=True)
class RetryReport:
    """What a retry loaded, and what remains in quarantine."""

    load: LoadReport | None
    before: int
    after: int
    objects: int

    def exit_code(self) -> int:
        """The exit code of the load."""
        return 0 if self.load is None else self.load.exit_code()

    def as_dict(self) -> dict[str, Any]:
        """Counts for people and for `--json`."""
        found = self.load.as_dict() if self.load is not None else {}
        return {
            "objects": self.objects,
            "quarantined_before": self.before,
            "quarantined_after": self.after,
            "rows": found.get("rows", {}),
            "quarantined": found.get("quarantined", {}),
            "warning_counts": found.get("warning_counts", {}),
            "warnings": found.get("warnings", []),
            "failed_objects": found.get("failed_objects", []),
        }


def retry_quarantine(config: Config, source: SourceSettings) -> RetryReport:
    """Read every object of a source that has quarantined lines again. Lines that have a row stay as they are.

    Raises everything that a load raises. An object that is gone from the archive keeps its quarantine.
    """
    keys, before = _quarantined(config, source)
    if not keys:
        return RetryReport(None, 0, 0, 0)
    load = load_source(config, source, again=keys)
    _, after = _quarantined(config, source)
    return RetryReport(load, before, after, len(keys))


def _quarantined(config: Config, source: SourceSettings) -> tuple[list[str], int]:
    with open_reader(config) as reader:
        rows = reader.report("quarantined_objects", {"source": source.name}).records()
    return [str(row["key"]) for row in rows], sum(int(str(row["lines"])) for row in rows)
