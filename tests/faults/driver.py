"""Loads or rebuilds the only source of a project and dies where it is told to. Run as a process, by path.

With `CUT_OBJECTS` in the environment, an object takes several batches.
"""

import os
import signal
import sys
from datetime import date

from loader.config import load_config
from loader.core.days import Days
from loader.jobs import load as job
from loader.jobs import rebuild
from loader.staging import StagingLimits

SMALL = StagingLimits(batch_objects=2)
CUT = StagingLimits(batch_bytes=3_000, block_bytes=1_000)


def main(config_file: str, name: str, occurrence: int, *days: str) -> None:
    """Load in small batches, or rebuild these days; at the given occurrence of a step, be gone without a trace."""
    passed: list[str] = []

    def step(reached: str) -> None:
        passed.append(reached)
        if reached == name and passed.count(name) == occurrence:
            os.kill(os.getpid(), signal.SIGKILL)

    job.step = rebuild.step = step  # type: ignore[assignment]
    config = load_config(config_file)
    if days:
        rebuild.rebuild(config, config.sources[0], None, Days(*map(date.fromisoformat, days)))
    else:
        job.load_source(config, config.sources[0], limits=CUT if "CUT_OBJECTS" in os.environ else SMALL)
    print(" ".join(passed))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
