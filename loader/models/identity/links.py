"""Finds links: pairs of nodes that were on one call, each pair as one number."""

from __future__ import annotations

from typing import Final

import numpy as np

from loader.models.identity.state import Calls, Longs, Numbers

HALF: Final = 32
"""Bits of each end of a pair."""


def links_of(calls: Calls, node_of: Numbers) -> Longs:
    """The distinct pairs of the first node of a call and another of its nodes; the lower number comes first."""
    center = node_of[np.minimum.reduceat(calls.identifiers, calls.starts[:-1])]
    ends = np.repeat(center, np.diff(calls.starts)).astype(np.int64)
    is_other = calls.nodes != ends
    a, b = ends[is_other], calls.nodes[is_other].astype(np.int64)
    return distinct((np.minimum(a, b) << HALF) | np.maximum(a, b))


def distinct(numbers: Longs) -> Longs:
    """The distinct numbers, sorted. Sorts `numbers` in place, which is several times faster than hashing."""
    numbers.sort()
    is_new = np.ones(len(numbers), dtype=np.bool_)
    np.not_equal(numbers[1:], numbers[:-1], out=is_new[1:])
    found: Longs = numbers[is_new]
    return found


def degrees(pairs: Longs, size: int) -> Longs:
    """The number of other nodes to which each node was linked."""
    counted: Longs = np.bincount(pairs >> HALF, minlength=size) + np.bincount(pairs & ((1 << HALF) - 1), minlength=size)
    return counted
