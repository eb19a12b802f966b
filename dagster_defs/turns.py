"""Lets one step at a time use the warehouse file, even if the pool of writers admits two."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_defs.failures import StepContext, failing
from dagster_defs.resources import WRITER_POOL


@contextmanager
def turn(context: StepContext) -> Iterator[None]:
    """Wait until no other step of this Dagster uses the file, then run the block and handle its errors.

    On SQLite, Dagster may give the single slot of a pool to two steps that ask at the same moment. If a process is
    killed, the system releases its lock.
    """
    with (Path(context.instance.root_directory) / f"{WRITER_POOL}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            context.log.warning("waiting for the warehouse: another run is at the file")
            fcntl.flock(lock, fcntl.LOCK_EX)
        with failing(context):
            yield
