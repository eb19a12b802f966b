"""The state of the compiled replay, and what it finds: arrays only, so that compiled code takes them as they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]


class Rules(NamedTuple):
    """Limits by type; a window of -1 microseconds means ever."""

    most: Longs
    windows: Longs
    merges: int
    identifiers: int
    is_limited: bool
    user_type: int


class Nodes(NamedTuple):
    """By node: type, owning profile (0: none), when it was added, the next of its profile. `mapped`: by identifier.

    `base`: the profile of the owning set through which the node came, which takes it along when the set is parted.
    """

    type: npt.NDArray[np.int8]
    owner: Numbers
    base: Numbers
    added: Longs
    next: Numbers
    mapped: npt.NDArray[np.bool_]


class Profiles(NamedTuple):
    """By profile, from 1. Lists and sizes are those of a set's root; `name` is the oldest profile of the set."""

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
    """Identifiers of calls, by priority within each: `starts` has one more than there are calls."""

    seq: Longs
    at: Longs
    starts: Longs
    nodes: Numbers
    identifiers: Numbers


class Found(NamedTuple):
    """What calls did. `used`: profiles so far, and rows used of each of the others."""

    used: Longs
    resolved: Numbers
    updates: Longs
    """Profile, canonical profile, seq, and 0: no removal did it."""
    mapped: Longs
    """Identifier, profile, seq."""
    dropped: Longs
    """Seq, node, cause, type, values, limit."""


class Room(NamedTuple):
    """Scratch of one call."""

    kept: Numbers
    owners: Numbers
    new: Longs
    held: Longs
