"""Run a command as a process of its own and take its wall time, CPU time and peak memory.

This module and what imports it stay small: on Linux a child starts with the peak memory of the process that started
it, so a runner that held an archive in memory would be what is measured.
"""

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Run:
    """One measured process. `wall_seconds` and `cpu_seconds` (user + system) include the processes it waited for."""

    variant: str
    wall_seconds: float
    cpu_seconds: float
    peak_mib: float
    events: int
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def events_per_second(self) -> float:
        return self.events / self.wall_seconds

    def as_json(self) -> dict[str, Any]:
        """The run as it is kept in `bench/results`."""
        kept = {**asdict(self), "events_per_second": round(self.events_per_second)}
        return {name: _without_names(value) for name, value in kept.items()}


@dataclass(frozen=True, slots=True)
class Result:
    """All runs of a scenario, the variant that ratios are to, and remarks measured on the way."""

    runs: list[Run]
    base: str
    notes: list[str]


def _without_names(value: Any) -> Any:
    """A report without the names of new tables and columns, of which there may be thousands."""
    if isinstance(value, dict):
        names = {"new_tables", "new_columns"}
        return {key: _without_names(below) for key, below in value.items() if key not in names}
    return value


class CommandFailedError(Exception):
    """A measured command did not end with exit code 0; its output is the message."""


def run_process(
    variant: str,
    command: Sequence[str],
    events: int,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run `command` in `folder` and measure it; its standard output must be one JSON object, or nothing."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder or ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output, problems = (_text_of(stream) for stream in (out, err))
    if process.returncode:
        raise CommandFailedError(f"{' '.join(command)}\nexit code {process.returncode}\n{output}\n{problems[-4000:]}")
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Run(variant, wall_seconds, cpu_seconds, usage.ru_maxrss / 1024, events, _report(output))


def alternate(rounds: int, *steps: Callable[[], Run]) -> list[Run]:
    """Every step once in each round, in turn."""
    runs = []
    for at in range(rounds):
        for step in steps:
            run = step()
            print(
                f"  {at + 1}/{rounds} {run.variant}: {run.wall_seconds:.1f} s wall, {run.cpu_seconds:.1f} s CPU, "
                f"{run.peak_mib:,.0f} MiB",
                flush=True,
            )
            runs.append(run)
    return runs


def _text_of(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")


def _report(output: str) -> dict[str, Any]:
    start = output.find("{")
    report: dict[str, Any] = json.loads(output[start:]) if start >= 0 else {}
    return report


def median(runs: Iterable[Run], what: str) -> float:
    """The median of one measured attribute, such as `wall_seconds`."""
    return float(statistics.median(getattr(run, what) for run in runs))


def table(runs: Sequence[Run], base: str) -> str:
    """The medians of every variant as a text table; ratios are to the variant `base`."""
    variants = list(dict.fromkeys(run.variant for run in runs))
    of = {variant: [run for run in runs if run.variant == variant] for variant in variants}
    base_wall, base_cpu = (median(of[base], what) for what in ("wall_seconds", "cpu_seconds"))
    lines = [f"{'':<28}{'runs':>5}{'wall s':>10}{'CPU s':>10}{'events/s':>12}{'peak MiB':>10}{'wall ×':>9}{'CPU ×':>9}"]
    for variant in variants:
        wall, cpu, peak = (median(of[variant], what) for what in ("wall_seconds", "cpu_seconds", "peak_mib"))
        rate = median(of[variant], "events_per_second")
        lines.append(
            f"{variant:<28}{len(of[variant]):>5}{wall:>10.2f}{cpu:>10.2f}{rate:>12,.0f}{peak:>10,.0f}"
            f"{wall / base_wall:>9.2f}{cpu / base_cpu:>9.2f}"
        )
    return "\n".join(lines)
