"""Aliases say, whenever they arrive, that two ids are one person: each class of them becomes one node.

A node is called by the identifier of its class that has the highest priority, which is the least, for identifiers are
numbered by type and value: its type is the one that is limited.
"""

from __future__ import annotations

import numpy as np

from loader.models.identity import kernel
from loader.models.identity.state import Numbers
from loader.models.identity.work import Work


def close_aliases(work: Work) -> Numbers:
    """The node of each identifier, from 0, which is none. Makes `_identity_classes(identifier, node)`, of aliased."""
    pairs = work.columns("select identifier, previous from _identity_aliases where identifier <> previous")
    root = np.arange(work.number("select coalesce(max(identifier), 0) from _identity_identifiers") + 1, dtype=np.int32)
    kernel.unite(pairs[0], pairs[1], root)
    joined = np.unique(np.concatenate(pairs))
    root[joined] = kernel.roots(joined, root)
    work.fill("_identity_classes", ("identifier", "node"), (joined, root[joined]))
    return root
