"""The state and results of the compiled replay. They are arrays only, so that compiled code can use them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


class Rules(NamedTuple):
    """The limits by type. A window of -1 microseconds means ever."""

    most: Longs
    windows: Longs
    merges: int
    identifiers: int
    is_limited: bool
    user_type: int


class Nodes(NamedTuple):
    """Arrays by node: type, owning profile (0: none), when it was added, next of its profile. `mapped`: by identifier.

    `base`: the profile through which the node came into the set. If the set is split, the node goes with it.
    """

    type: npt.NDArray[np.int8]
    owner: Numbers
    base: Numbers
    added: Longs
    next: Numbers
    mapped: npt.NDArray[np.bool_]


class Profiles(NamedTuple):
    """Arrays by profile, from 1. Lists and sizes belong to the root of a set; `name` is its oldest profile."""

    parent: Numbers
    name: Numbers
    size: Numbers
    merges: Numbers
    first_node: Numbers
    last_node: Numbers
    members: Numbers
    last_member: Numbers
    next_member: Numbers
    created: Longs
    identifier: Numbers
    """The first identifier of the call that created it."""


class Calls(NamedTuple):
    """The identifiers of calls, sorted by priority within each. `starts` has one element more than there are calls."""

    seq: Longs
    at: Longs
    starts: Longs
    nodes: Numbers
    identifiers: Numbers


class Found(NamedTuple):
    """What the calls did. `used`: the profiles so far, and the used rows of each other array."""

    used: Longs
    resolved: Numbers
    updates: Longs
    """Profile, canonical profile, seq, and 0: no removal did it."""
    mapped: Longs
    """Identifier, profile, seq."""
    dropped: Longs
    """Seq, node, cause, type, values, limit."""


class Room(NamedTuple):
    """Scratch space for one call."""

    kept: Numbers
    owners: Numbers
    new: Longs
    held: Longs
