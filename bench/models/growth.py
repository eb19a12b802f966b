"""The same models over a warehouse and over one of ten times the rows: whether cost grows faster than they do."""

import shutil
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.load.measure import Result, Run, alternate, median
from bench.models.options import Options
from bench.models.project import model_seconds

TARGET: Final = 12.0
"""Times as much that ten times the rows may take: a little more than linear."""
_SLOWEST: Final = 3

OneRun = Callable[[], Run]
Write = Callable[[Path, int, str], None]
Measure = Callable[[Path, str, int], Run]


@dataclass(frozen=True, slots=True)
class Again:
    """What is measured after a first run of each warehouse: its name, what happens in between, and the run."""

    name: str
    change: Callable[[Path, int], None]
    measure: Measure


def over_sizes(
    options: Options, rows: int, word: str, write: Write, measure: Measure, again: Again | None = None
) -> Result:
    """Write both warehouses, measure them in turn, and compare."""
    sizes = {f"{size:,} {word}": size for size in (rows, rows * options.factor)}
    with TemporaryDirectory() as temporary:
        folders = {variant: Path(temporary) / str(size) for variant, size in sizes.items()}
        for variant, size in sizes.items():
            write(folders[variant], size, options.memory)
        steps: list[OneRun] = [
            lambda variant=variant, size=size: measure(folders[variant], variant, size)  # type: ignore[misc]
            for variant, size in sizes.items()
        ]
        if again is not None:
            steps += [_prepared(again, folders[variant], variant, size) for variant, size in sizes.items()]
        runs = alternate(options.runs, *steps)
    small, large = ([run for run in runs if run.variant == variant] for variant in sizes)
    notes = [_ratio(options, small, large), *(_slowest(each) for each in (small, large))]
    if again is not None:
        notes += [_share(again, runs, variant) for variant in sizes]
    return Result(runs, next(iter(sizes)), notes)


def _prepared(again: Again, folder: Path, variant: str, size: int) -> OneRun:
    after = folder.with_name(f"{folder.name}-after")
    shutil.copytree(folder, after)
    again.change(after, size)
    return lambda: again.measure(after, f"{variant}, {again.name}", size)


def _share(again: Again, runs: list[Run], variant: str) -> str:
    full, after = (
        median([run for run in runs if run.variant == name], "cpu_seconds")
        for name in (variant, f"{variant}, {again.name}")
    )
    return (
        f"{variant}, then {again.name}: {after:.1f} s of CPU, {after / full:.0%} of a full run; both with their start"
    )


def _ratio(options: Options, small: list[Run], large: list[Run]) -> str:
    cpu = median(large, "cpu_seconds") / median(small, "cpu_seconds")
    wall = _whole(large) / _whole(small)
    peak = max(run.peak_mib for run in large)
    return (
        f"{options.factor} x the rows take {cpu:.1f} x the CPU and {wall:.1f} x the time of the models "
        f"(target: at most {TARGET:g}); peak {peak:,.0f} MiB with resources.memory {options.memory}"
    )


def _whole(runs: list[Run]) -> float:
    return statistics.median(sum(model_seconds(run).values()) for run in runs)


def _slowest(runs: list[Run]) -> str:
    seconds = sorted(model_seconds(runs[-1]).items(), key=lambda item: -item[1])[:_SLOWEST]
    return f"{runs[-1].variant}: " + ", ".join(f"{name} {taken:.1f} s" for name, taken in seconds)
