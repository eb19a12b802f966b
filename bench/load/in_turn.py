"""The command `loader` with the parts of a load one after the other: a step is timed without another beside it."""

import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

from loader import cli
from loader.jobs import load

P = ParamSpec("P")
T = TypeVar("T")


class _AtOnce(Executor):
    """Runs what is submitted before it returns."""

    def __init__(self, workers: int, name: str) -> None:
        """Takes the arguments of the pool that it replaces."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


if __name__ == "__main__":
    vars(load)["ThreadPoolExecutor"] = _AtOnce
    sys.exit(cli.main())
