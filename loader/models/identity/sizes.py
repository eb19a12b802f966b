"""Computes the size of each person, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from loader.models.identity.compiled import kept_on_disk
from loader.models.identity.state import Longs, Numbers


@kept_on_disk
def sizes(
    identifiers: Numbers,
    node_of: Numbers,
    canonical_of: Numbers,
    types: npt.NDArray[np.int8],
    degree: Longs,
    profiles: int,
    user_type: int,
) -> tuple[Numbers, Numbers, Numbers]:
    """The users, identifiers and hub (the most linked identifier) of each person, from the mapped identifiers."""
    users, counted = np.zeros(profiles + 1, dtype=np.int32), np.zeros(profiles + 1, dtype=np.int32)
    hub = np.zeros(profiles + 1, dtype=np.int32)
    is_seen = np.zeros(len(types), dtype=np.bool_)
    for place in range(len(identifiers)):
        node, person = node_of[identifiers[place]], canonical_of[place]
        counted[person] += 1
        if is_seen[node]:
            continue
        is_seen[node] = True
        users[person] += types[node] == user_type
        best = hub[person]
        if best == 0 or degree[node] > degree[best] or (degree[node] == degree[best] and node < best):
            hub[person] = node
    return users, counted, hub
