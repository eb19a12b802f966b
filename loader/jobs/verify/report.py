"""What a verification compared, and what does not fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from loader.jobs.verify.findings import MOST_KEPT, Findings


@dataclass
class VerifyReport:
    """What was compared, and what does not fit."""

    findings: Findings
    objects: int = 0
    lines: int = 0
    blank: int = 0
    messages: int = 0
    rows: int = 0
    copies: int = 0
    quarantined_lines: int = 0
    quarantined_messages: int = 0
    values_checked: int = 0
    not_loaded: int = 0
    """Objects of the archive that no load has read yet."""
    gone: int = 0
    changed: int = 0
    loading: int = 0
    not_verifiable: list[dict[str, str]] = field(default_factory=list)
    """The first recorded versions that cannot be compared, with the reason."""
    failed_objects: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def exit_code(self) -> int:
        """1 on a mismatch, or when an object cannot be read."""
        return 1 if self.findings.count or self.failed_objects else 0

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        return {
            "objects": self.objects,
            "lines": self.lines,
            "blank": self.blank,
            "messages": self.messages,
            "rows": self.rows,
            "copies": self.copies,
            "quarantined_lines": self.quarantined_lines,
            "quarantined_messages": self.quarantined_messages,
            "values_checked": self.values_checked,
            "not_loaded": self.not_loaded,
            "not_verifiable": self.gone + self.changed + self.loading,
            "not_verifiable_objects": self.not_verifiable,
            "mismatch_count": self.findings.count,
            "seconds": round(self.seconds, 3),
            "mismatches": self.findings.kept,
            "warnings": self.warnings,
            "failed_objects": self.failed_objects[:MOST_KEPT],
        }

    def skip(self, key: str, reason: str) -> None:
        """A recorded version that cannot be compared: `gone`, `changed` or `loading`."""
        setattr(self, reason, getattr(self, reason) + 1)
        if len(self.not_verifiable) < MOST_KEPT:
            self.not_verifiable.append({"key": key, "reason": reason})
