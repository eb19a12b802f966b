"""An iterator that makes its next item in a thread of its own while the last one is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")


def one_ahead(items: Iterable[_Item]) -> Iterator[_Item]:
    """The items in their order. What making one raises is raised where it is asked for."""
    iterator = iter(items)
    with ThreadPoolExecutor(1, "ahead") as pool:
        following = pool.submit(lambda: next(iterator, None))
        while (item := following.result()) is not None:
            following = pool.submit(lambda: next(iterator, None))
            yield item
