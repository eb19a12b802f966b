"""Identity resolution by both resolvers, each beside scipy's connected components.

`python -m bench.models.identity` measures; here it is run as a process, and what it prints is kept.
"""

import sys
from typing import Final

from bench.load.measure import Result, Run, alternate, run_process
from bench.models.options import Options

RESOLVERS: Final = ("components", "unify")


def identity(options: Options) -> Result:
    """Both resolvers, each beside scipy's connected components on the same calls."""
    steps = [lambda name=name: _measure(name, options) for name in RESOLVERS]
    runs = alternate(options.runs, *steps)
    return Result(runs, RESOLVERS[0], [_said(run) for run in runs])


def _measure(resolver: str, options: Options) -> Run:
    command = [sys.executable, "-m", "bench.models.identity", "--users", str(options.users), "--resolver", resolver]
    return run_process(resolver, command, options.users)


def _said(run: Run) -> str:
    """What it printed: numbers that are its own, whatever they are called."""
    return f"{run.variant}: " + ", ".join(f"{name} {value}" for name, value in run.report.items())
