"""Writes the result of the replay into tables.

Makes `_identity_resolved(seq, profile)`, `_identity_profiles(profile, canonical, seq, identifier, last_place,
last_seq, last_removal)`, each profile with the call that created it, its first identifier, and its last update;
`_identity_updates(place, profile, canonical, seq, removal)`, creations, merges and splits in order;
`_identity_mapped(place, identifier, profile, seq)`; `_identity_dropped(seq, node, cause, type, n, most)`;
`_identity_removed(removal, identifier, profile, seq, deleted_at, key)`, deletions by their number, and their effects:
`_identity_parted(removal, seq, profile)`, calls of split people with the profile that they belong to since then,
`_identity_moved(seq, profile)`, calls that belong to another profile now than when they arrived, `_identity_moves(
identifier, old, new, removal, is_mapped)`, identifiers mapped to another profile; and `_identity_refused(identifier)`.
"""

from __future__ import annotations

import numpy as np

from loader.models.identity.resolve import Resolver
from loader.models.identity.unmerge import joined
from loader.models.identity.work import Work


def write_found(work: Work, resolver: Resolver, updates_before: int = 0, mapped_before: int = 0) -> None:
    """Make the tables that the module describes. Places continue those of earlier runs."""
    none = np.zeros(0, dtype=np.int32)
    seqs = np.concatenate([none, *resolver.seqs])
    work.fill("_identity_resolved", ("seq", "profile"), (seqs, np.concatenate([none, *resolver.resolved])))
    count = resolver.count
    updates, mapped = joined(resolver.updates, 4), joined(resolver.mapped, 3)
    places = np.arange(1, updates.shape[1] + 1, dtype=np.int32)
    last = np.zeros(count + 1, dtype=np.int32)
    np.maximum.at(last, updates[0], places)
    last_seq, last_removal = (np.concatenate([[0], column]).astype(np.int32)[last[1:]] for column in updates[2:])
    work.fill(
        "_identity_profiles",
        ("profile", "canonical", "seq", "identifier", "last_place", "last_seq", "last_removal"),
        (
            np.arange(1, count + 1, dtype=np.int32),
            resolver.canonical()[1:],
            resolver.profiles.created[1 : count + 1],
            resolver.profiles.identifier[1 : count + 1],
            last[1:] + updates_before,
            last_seq,
            last_removal,
        ),
    )
    work.fill(
        "_identity_updates", ("place", "profile", "canonical", "seq", "removal"), (places + updates_before, *updates)
    )
    places = np.arange(1, mapped.shape[1] + 1, dtype=np.int32)
    work.fill("_identity_mapped", ("place", "identifier", "profile", "seq"), (places + mapped_before, *mapped))
    work.fill("_identity_dropped", ("seq", "node", "cause", "type", "n", "most"), joined(resolver.dropped, 6))
    _write_removed(work, resolver)
    work.fill("_identity_refused", ("identifier",), (np.array(resolver.refused, dtype=np.int32),))


def _write_removed(work: Work, resolver: Resolver) -> None:
    """Make the tables of the effects of deletions."""
    removed = np.array(resolver.removed, dtype=np.int64).reshape(-1, 5).T
    work.fill("_identity_removals", ("removal", "identifier", "profile", "seq", "microseconds"), removed)
    work.make(
        "_identity_removed",
        "select r.removal, r.identifier, r.profile, r.seq, make_timestamp(r.microseconds) as deleted_at, "
        "i.type || ':' || i.value || ':' || r.microseconds as key "
        "from _identity_removals as r join _identity_identifiers as i on i.identifier = r.identifier",
    )
    work.drop("_identity_removals")
    none = np.zeros(0, dtype=np.int32)
    parted, moves, moved = joined([], 3), joined([], 5), (none, none)
    if (done := resolver.unmerging) is not None:
        seqs = done.calls.seq.astype(np.int32)
        (places,) = np.nonzero(done.own != np.concatenate(resolver.resolved))
        parted, moves, moved = joined(done.parted, 3), joined(done.moves, 5), (seqs[places], done.own[places])
        parted[1] = seqs[parted[1]]
    work.fill("_identity_parted", ("removal", "seq", "profile"), parted)
    work.fill("_identity_moves", ("identifier", "old", "new", "removal", "is_mapped"), moves)
    work.fill("_identity_moved", ("seq", "profile"), moved)
