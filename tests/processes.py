"""The command line as a process, as a user runs it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ran:
    """What one process printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on standard output."""
        return json.loads(self.out)


def run(folder: Path, *arguments: str, typed: str = "", **environ: str) -> Ran:
    """Run `loader` with the arguments in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "loader", *arguments],
        cwd=folder,
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environ},
    )
    return Ran(done.returncode, done.stdout, done.stderr)
