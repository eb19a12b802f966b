"""Handles errors in a step: tries again if the problem may pass by itself, and fails otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from loader.config import redact
from loader.errors import BusyError, LoaderError, TransientError

MAX_RETRIES = 3
RETRY_SECONDS = 30

StepContext = dg.AssetExecutionContext | dg.AssetCheckExecutionContext | dg.OpExecutionContext


@contextmanager
def failing(context: StepContext) -> Iterator[None]:
    """Try again a few times, after longer and longer waits, if the problem may pass; otherwise fail at once."""
    try:
        yield
    except LoaderError as error:
        if isinstance(error, TransientError | BusyError) and context.retry_number < MAX_RETRIES:
            context.log.warning(redact(str(error)))
            raise dg.RetryRequested(MAX_RETRIES, RETRY_SECONDS * 2**context.retry_number) from error
        raise dg.Failure(redact(str(error)), allow_retries=False) from None
