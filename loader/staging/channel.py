"""A bounded queue between the unpacking thread and the consumer, which either side can end."""

from collections import deque
from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")


class StoppedError(Exception):
    """The consumer has stopped."""


class Channel(Generic[Item]):
    """A queue of items with a size. At most `limit_bytes` wait, or one larger item."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._held = 0
        self._items: deque[tuple[Item, int]] = deque()
        self._changed = Condition()
        self._is_stopped = False
        self._is_finished = False
        self._error: BaseException | None = None

    def put(self, item: Item, size: int) -> None:
        """Append an item; wait for room. Raises StoppedError if the consumer has stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or not self._items or self._held + size <= self._limit)
            if self._is_stopped:
                raise StoppedError
            self._items.append((item, size))
            self._held += size
            self._changed.notify_all()

    def finish(self, error: BaseException | None = None) -> None:
        """End the queue. When the consumer has taken all items, `error` is raised for it."""
        with self._changed:
            self._is_finished, self._error = True, error
            self._changed.notify_all()

    def get(self) -> Item | None:
        """Wait for the next item; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._is_finished or self._is_stopped)
            if self._items:
                item, size = self._items.popleft()
                self._held -= size
                self._changed.notify_all()
                return item
            if self._error is not None:
                raise self._error
            return None

    def stop(self) -> None:
        """Stop: drop all items that wait."""
        with self._changed:
            self._is_stopped = True
            self._items.clear()
            self._held = 0
            self._changed.notify_all()

    def is_stopped(self) -> bool:
        """Whether the consumer has stopped."""
        return self._is_stopped
