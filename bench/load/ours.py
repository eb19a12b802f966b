"""`loader load` as a user runs it: a `loader.yaml`, a new process, the report of `--json`."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.load.measure import Run, run_process

SCHEMA: Final = "bench"
CALL_TABLES: Final = {
    "track": "tracks",
    "identify": "identifies",
    "page": "pages",
    "screen": "screens",
    "group": "groups",
    "alias": "aliases",
}
THREADS: Final = 2


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with one `loader.yaml`; the warehouse and the working files are in it."""

    folder: Path
    uri: str
    memory: str | None = None
    endpoint_url: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def write(self) -> None:
        """Write the configuration, making the folder when it is not there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [
            "warehouse: {kind: duckdb, path: ./warehouse.duckdb}",
            "sources:",
            f"  - name: {SCHEMA}",
            "    archive:",
            f'      uri: "{self.uri}"',
            "      layout: segment",
        ]
        if self.endpoint_url:
            lines += [f'      endpoint_url: "{self.endpoint_url}"', "      region: us-east-1"]
        lines += ["resources:", f"  threads: {THREADS}"]
        if self.memory:
            lines.append(f'  memory: "{self.memory}"')
        (self.folder / "loader.yaml").write_text("\n".join(lines) + "\n")

    def load(self, variant: str, events: int, program: str = "loader") -> Run:
        """Write the configuration and load what is new with a module that has the command line of `loader`."""
        self.write()
        command = [sys.executable, "-m", program, "load", "--json"]
        return run_process(variant, command, events, self.folder, self.environment)


def step_seconds(report: Mapping[str, Any]) -> dict[str, float]:
    """Seconds per step of a load report, added up over its sources."""
    total: dict[str, float] = {}
    for key, value in report.items():
        if key == "steps" and isinstance(value, dict):
            inner = {name: seconds for name, seconds in value.items() if isinstance(seconds, int | float)}
        elif isinstance(value, dict):
            inner = step_seconds(value)
        elif isinstance(value, list):
            inner = step_seconds({str(at): item for at, item in enumerate(value)})
        else:
            continue
        for name, seconds in inner.items():
            total[name] = total.get(name, 0.0) + seconds
    return total
