"""One command for every comparison of models; it prints a table of medians and can keep the runs.

python -m bench.models.run sessions --events 1000000
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Final

from bench.load.measure import CommandFailedError, Result
from bench.load.run import show
from bench.models.attribution import attribution
from bench.models.ltv import ltv
from bench.models.options import Options
from bench.models.resolvers import identity
from bench.models.sessions import sessions

SCENARIOS: Final[dict[str, Callable[[Options], Result]]] = {
    "identity": identity,
    "sessions": sessions,
    "attribution": attribution,
    "ltv": ltv,
}


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = vars(_parser().parse_args(arguments))
    scenario, name = chosen.pop("scenario"), chosen.pop("save")
    options = Options(**chosen)
    print(f"{scenario}: {SCENARIOS[scenario].__doc__}", flush=True)
    try:
        result = SCENARIOS[scenario](options)
    except CommandFailedError as error:
        print(error)
        return 1
    show(scenario, asdict(options), result, name)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.models.run",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{name:<14} {function.__doc__}" for name, function in SCENARIOS.items()),
    )
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--users", type=int, default=100_000, help="users of identity (default 100,000)")
    parser.add_argument("--events", type=int, default=1_000_000, help="page calls of sessions (default 1,000,000)")
    parser.add_argument("--touches", type=int, default=1_000_000, help="touches of attribution (default 1,000,000)")
    parser.add_argument("--customers", type=int, default=1_000_000, help="people fitted by ltv (default 1,000,000)")
    parser.add_argument("--scored", type=int, default=10_000_000, help="people scored by ltv (default 10,000,000)")
    parser.add_argument("--factor", type=int, default=10, help="rows of the larger warehouse (default 10 times)")
    parser.add_argument("--memory", default="1500MB", help="resources.memory (default 1500MB)")
    parser.add_argument("--runs", type=int, default=3, help="rounds of all variants, alternating (default 3)")
    parser.add_argument("--save", metavar="NAME", help="keep every run in bench/results/NAME.json")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
