"""One step at a time at the warehouse file, whatever the pool of writers grants."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_defs.failures import StepContext, failing
from dagster_defs.resources import WRITER_POOL


@contextmanager
def turn(context: StepContext) -> Iterator[None]:
    """Wait until no other step of this Dagster is at the file, however long that takes; then errors are its failure.

    On SQLite Dagster gives the one slot of a pool to two steps that ask for it in the same moment. The system ends the
    turn of a process that is killed.
    """
    with (Path(context.instance.root_directory) / f"{WRITER_POOL}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            context.log.warning("waiting for the warehouse: another run is at the file")
            fcntl.flock(lock, fcntl.LOCK_EX)
        with failing(context):
            yield
