"""Shows progress on a terminal, and lets the current batch finish after Ctrl-C or SIGTERM."""

import signal
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

from rich.console import Console


class Progress:
    """A job calls this after each committed batch, with its counts so far.

    After the first Ctrl-C, the next call raises KeyboardInterrupt, so the run stops between two batches. A second
    Ctrl-C stops at once, and the transaction of the current batch is rolled back.
    """

    def __init__(self, as_json: bool, first: str = "listing the archive") -> None:
        self._is_shown = sys.stderr.isatty() and not as_json
        self._status = Console(stderr=True).status(first) if self._is_shown else None
        self._before: Callable[[int, FrameType | None], Any] | int | None = None
        self.is_stopping = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._interrupt)
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()
        signal.signal(signal.SIGINT, self._before or signal.default_int_handler)

    def __call__(self, *parts: object, **counts: object) -> None:
        """Show the counts; raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self.is_stopping:
            raise KeyboardInterrupt
        if self._status is not None:
            self._status.start()
            shown = [str(part) for part in parts] + [
                f"{name.replace('_', ' ')} {count}" for name, count in counts.items()
            ]
            self._status.update(" · ".join(shown))

    def clear(self) -> None:
        """Remove the progress line, before something else is printed."""
        if self._status is not None:
            self._status.stop()

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_stopping:
            raise KeyboardInterrupt
        self.is_stopping = True
        print("finishing what is in hand; a second Ctrl-C or SIGTERM stops at once", file=sys.stderr)
