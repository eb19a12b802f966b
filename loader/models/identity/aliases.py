"""Joins the ids that aliases say are one person, no matter when the alias arrives: each class becomes one node.

A node has the number of the identifier with the highest priority in its class. That is the smallest number, because
identifiers are numbered by type and value. Limits apply to the type of that identifier.
"""

from __future__ import annotations

import numpy as np

from loader.models.identity import kernel
from loader.models.identity.state import Numbers
from loader.models.identity.work import Work


def close_aliases(work: Work) -> Numbers:
    """The node of each identifier; index 0 is unused. Makes `_identity_classes(identifier, node)` of aliased ones."""
    pairs = work.columns("select identifier, previous from _identity_aliases where identifier <> previous")
    root = np.arange(work.number("select coalesce(max(identifier), 0) from _identity_identifiers") + 1, dtype=np.int32)
    kernel.unite(pairs[0], pairs[1], root)
    joined = np.unique(np.concatenate(pairs))
    root[joined] = kernel.roots(joined, root)
    work.fill("_identity_classes", ("identifier", "node"), (joined, root[joined]))
    return root
