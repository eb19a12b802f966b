"""Counts how often and when each leaf was seen, in arrays, because there are many groups of messages with many leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Messages:
    """A group of messages with the same leaves; times of receipt are in microseconds since 1970."""

    count: int
    first: int
    last: int
    signature: int


@dataclass(frozen=True, slots=True)
class Seen:
    """The messages that have a leaf."""

    count: int
    first: datetime
    last: datetime
    signatures: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, messages: Messages) -> Seen:
        """A group alone."""
        return cls(
            messages.count, _instant(messages.first), _instant(messages.last), np.array([messages.signature], np.uint64)
        )


class Tally:
    """Groups of messages, by their leaves."""

    def __init__(self) -> None:
        self._groups: list[Messages] = []
        self._leaves: list[npt.NDArray[np.int64]] = []

    def add(self, messages: Messages, leaves: npt.NDArray[np.int64]) -> None:
        """Count a group and its leaves, which are numbers."""
        self._groups.append(messages)
        self._leaves.append(leaves)

    def seen(self) -> Iterator[tuple[int, Seen]]:
        """Every leaf with the messages that have it, sorted by number."""
        groups, leaves = np.arange(len(self._groups)), np.concatenate(self._leaves)
        if not len(leaves):
            return
        order = np.argsort(leaves, kind="stable")
        group = np.repeat(groups, [len(numbers) for numbers in self._leaves])[order]
        numbers, starts = np.unique(leaves[order], return_index=True)
        counts = np.add.reduceat(self._of("count")[group], starts)
        first = np.minimum.reduceat(self._of("first")[group], starts)
        last = np.maximum.reduceat(self._of("last")[group], starts)
        signatures = np.array([messages.signature for messages in self._groups], dtype=np.uint64)[group]
        ends = [*starts[1:], len(leaves)]
        for index, number in enumerate(numbers.tolist()):
            having = signatures[starts[index] : ends[index]]
            yield number, Seen(int(counts[index]), _instant(first[index]), _instant(last[index]), having)

    def _of(self, what: str) -> npt.NDArray[np.int64]:
        return np.array([getattr(messages, what) for messages in self._groups], dtype=np.int64)


def _instant(microseconds: int | np.int64) -> datetime:
    return _EPOCH + timedelta(microseconds=int(microseconds))
