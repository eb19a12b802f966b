"""An iterator that prepares its next item in a thread while the current one is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")


def one_ahead(items: Iterable[_Item]) -> Iterator[_Item]:
    """The items in order. An error while preparing an item is raised when that item is requested."""
    iterator = iter(items)
    with ThreadPoolExecutor(1, "ahead") as pool:
        following = pool.submit(lambda: next(iterator, None))
        while (item := following.result()) is not None:
            following = pool.submit(lambda: next(iterator, None))
            yield item
