"""Keeps other writers out during a run of models (the lease), and records the run in the state tables."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from loader.config import Config, redact
from loader.errors import BusyError, LoaderError
from loader.jobs.state import open_state
from loader.leases import Lease
from loader.model_runs import ModelRuns
from loader.models.run import Finish, RunResult
from loader.waiting import Deadline
from loader.warehouses.duckdb import DuckDBWarehouse

logger = logging.getLogger("loader.models")


@contextmanager
def attached_alone(warehouse: DuckDBWarehouse, config: Config, wait_seconds: float) -> Iterator[str]:
    """Attach the warehouse, bring its state tables up to date, and keep out loads and other runs.

    Yields the holder of the lease. Raises BusyError if another process has the file or a lease for longer than
    `wait_seconds`.
    """
    holder, lease = uuid.uuid4().hex, Lease(warehouse, None)
    deadline, is_told = Deadline(wait_seconds), False
    while True:
        with warehouse.attached(wait_seconds):
            now = datetime.now(UTC)
            open_state(warehouse, config, now)
            try:
                lease.take(holder, now)
            except BusyError as error:
                if deadline.has_passed:
                    raise
                if not is_told:
                    logger.warning("waiting: %s", error.what)
                    is_told = True
            else:
                try:
                    yield holder
                finally:
                    warehouse.roll_back()
                    lease.drop(holder)
                return
        deadline.pause()


@contextmanager
def recorded(warehouse: DuckDBWarehouse, holder: str, as_of: datetime, selection: Sequence[str]) -> Iterator[Finish]:
    """Record a run from start to end. Call the yielded function once, in the transaction that swaps the tables in."""
    runs, now = ModelRuns(warehouse), datetime.now(UTC)
    run_id = f"{now:%Y%m%dT%H%M%S}-{holder[:8]}"
    runs.begin(run_id, as_of, selection, now)
    try:
        yield lambda result: runs.end(run_id, _status(result), not result.failed, _counters(result), datetime.now(UTC))
    except BaseException as error:
        warehouse.roll_back()
        runs.fail(run_id, _described(error), datetime.now(UTC))
        raise


def _status(result: RunResult) -> str:
    if result.failed:
        return "failed"
    return "done" if all(check.passed for check in result.checks) else "warnings"


def _counters(result: RunResult) -> dict[str, object]:
    """Counts and names, but no rows of failed checks, which may hold personal data."""
    checks = Counter("passed" if check.passed else check.severity for check in result.checks)
    return {
        "models": len(result.made),
        "rows": {made.name: made.rows for made in result.made},
        "seconds": {made.name: round(made.seconds, 3) for made in result.made},
        "checks_passed": checks["passed"],
        "checks_failed": checks["fail"],
        "checks_warned": checks["warn"],
        "not_passed": {f"{c.model}.{c.name}": c.failures for c in result.checks if not c.passed},
    }


def _described(error: BaseException) -> str:
    """The kind and place of an error, without its sentence, which may quote a value of a row."""
    if isinstance(error, LoaderError):
        return redact(f"{type(error).__name__}: {error.where}")
    return type(error).__name__
