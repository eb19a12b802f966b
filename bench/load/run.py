"""One command for every comparison; it prints a table of medians and can keep the runs.

python -m bench.load.run size --events 1000000
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bench.load.measure import CommandFailedError, Result, table
from bench.load.scenarios import PEERS, SCENARIOS, Options

RESULTS: Final = Path(__file__).resolve().parent.parent / "results"
DEFAULT_EVENTS: Final = {"peers": 100_000}


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    options = Options(
        events=chosen.events or DEFAULT_EVENTS.get(chosen.scenario, 1_000_000),
        runs=chosen.runs,
        memory=chosen.memory,
        objects=chosen.objects,
        history=chosen.history,
        without=tuple(chosen.without),
    )
    print(f"{chosen.scenario}: {SCENARIOS[chosen.scenario].__doc__}", flush=True)
    try:
        result = SCENARIOS[chosen.scenario](options)
    except CommandFailedError as error:
        print(error)
        return 1
    show(chosen.scenario, {"events": options.events}, result, chosen.save)
    return 0


def show(scenario: str, sizes: Mapping[str, object], result: Result, name: str | None) -> None:
    """Print medians and remarks; keep everything under a name when there is one."""
    print(f"\n{machine()}\n{table(result.runs, result.base)}")
    print("\n".join(result.notes))
    if name:
        kept = RESULTS / f"{name}.json"
        RESULTS.mkdir(exist_ok=True)
        kept.write_text(json.dumps(as_json(scenario, sizes, result), indent=1) + "\n")
        print(f"kept in {kept}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.load.run",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{name:<14} {function.__doc__}" for name, function in SCENARIOS.items()),
    )
    parser.add_argument("scenario", choices=SCENARIOS, nargs="?", default="size")
    parser.add_argument("--events", type=int, help="lines of the archive; default 1,000,000, peers 100,000")
    parser.add_argument("--runs", type=int, default=3, help="rounds of all variants, alternating (default 3)")
    parser.add_argument("--memory", default="800MB", help="memory setting of the scenario memory (default 800MB)")
    parser.add_argument("--objects", type=int, default=100_000, help="objects of nothing-new (default 100,000)")
    parser.add_argument("--history", type=int, default=10_000_000, help="ids stored in history (default 10,000,000)")
    parser.add_argument("--without", nargs="*", default=[], choices=PEERS, help="peers that are left out")
    parser.add_argument("--save", metavar="NAME", help="keep every run in bench/results/NAME.json")
    return parser


def machine() -> str:
    """What the numbers were measured on."""
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"DuckDB {version('duckdb')}, load average {os.getloadavg()[0]:.1f}"
    )


def as_json(scenario: str, sizes: Mapping[str, object], result: Result) -> dict[str, Any]:
    """Everything about the runs that a quoted number must be checkable with."""
    return {
        "scenario": scenario,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine(),
        **sizes,
        "ratios_to": result.base,
        "notes": result.notes,
        "runs": [run.as_json() for run in result.runs],
    }


if __name__ == "__main__":
    raise SystemExit(main())
