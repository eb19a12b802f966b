"""Feeds calls to the compiled replay in the order of their arrival, and keeps what it finds.

Makes `_identity_resolved(seq, profile)`, `_identity_profiles(profile, canonical, seq, identifier, last_place,
last_seq, last_removal)`, each profile with the call that created it, its first identifier, and its last update;
`_identity_updates(place, profile, canonical, seq, removal)`, creations, merges and partings in their order;
`_identity_mapped(place, identifier, profile, seq)`; `_identity_dropped(seq, node, cause, type, n, most)`;
`_identity_removed(removal, identifier, profile, seq, deleted_at, key)`, deletions by their number, and what they did:
`_identity_parted(removal, seq, profile)`, calls of parted people with the profile that they belong to since,
`_identity_moved(seq, profile)`, those that belong to another one now than when they arrived, `_identity_moves(
identifier, old, new, removal, is_mapped)`, identifiers mapped to another profile; and `_identity_refused(identifier)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from loader.config.models_identity import IdentitySettings
from loader.models.identity import kernel
from loader.models.identity.state import Calls, Found, Longs, Nodes, Numbers, Profiles, Room, Rules
from loader.models.identity.unmerge import Deletion, Removal, Unmerging, joined, take_out, unmerging_of
from loader.models.identity.work import Work

_ROOM: Final = 1 << 17
"""Rows that are found before they are taken away."""
_ROWS_AT_ONCE: Final = 1 << 20
_ROWS_IN_ORDER: Final = 1 << 23
"""Rows that are put in order at once: a quarter of a GiB."""
_MICROSECONDS_PER_DAY: Final = 86_400_000_000
HALF: Final = 32
"""Bits of each end of a pair."""


def rules_of(settings: IdentitySettings) -> Rules:
    """Limits by the place of a type in the order of priority."""
    limits = [settings.limit_of(name) for name in settings.types]
    return Rules(
        np.array([values for values, _ in limits], dtype=np.int64),
        np.array([-1 if days is None else days * _MICROSECONDS_PER_DAY for _, days in limits], dtype=np.int64),
        settings.max_merges,
        settings.max_identifiers,
        settings.resolver == "unify",
        settings.types.index("user_id") if "user_id" in settings.types else -1,
    )


@dataclass(slots=True)
class Resolver:
    """Profiles after the calls so far."""

    rules: Rules
    nodes: Nodes
    profiles: Profiles
    found: Found
    room: Room
    node_of: Numbers
    """The node of each identifier."""
    resolved: list[Numbers] = field(default_factory=list)
    seqs: list[Numbers] = field(default_factory=list)
    updates: list[Numbers] = field(default_factory=list)
    mapped: list[Numbers] = field(default_factory=list)
    dropped: list[Numbers] = field(default_factory=list)
    removed: list[Removal] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    links: list[Longs] = field(default_factory=list)
    unmerging: Unmerging | None = None
    """Where there are deletions."""

    @property
    def count(self) -> int:
        """Profiles so far."""
        return int(self.found.used[kernel.COUNT])

    def take(self, calls: Calls, begin: int, end: int) -> None:
        """Take in calls; what they did is kept."""
        first, mapped, dropped = begin, len(self.mapped), len(self.dropped)
        while begin < end:
            reached = kernel.replay(self.rules, self.nodes, self.profiles, calls, self.found, self.room, begin, end)
            self._keep()
            if reached == begin:
                self._grow()
            begin = reached
        if self.unmerging is not None:
            self.unmerging.note(first, end, self.found.resolved, self.mapped[mapped:], self.dropped[dropped:])

    def delete(self, deletion: Deletion) -> None:
        """Take an identifier out of its profile, where that may be; profiles that it alone held together part."""
        profile = 0
        if deletion.is_alone:
            profile = take_out(self.rules, self.nodes, self.profiles, deletion.identifier)
        if profile == 0 or self.unmerging is None:
            self.refused.append(deletion.identifier)
            return
        self.nodes.mapped[deletion.identifier] = False
        removal = Removal(len(self.removed) + 1, deletion.identifier, profile, deletion.seq, deletion.at)
        self.removed.append(removal)
        self.unmerging.part(removal, self.nodes, self.profiles)
        self.updates += self.unmerging.updates
        self.unmerging.updates.clear()

    def make_room(self, calls: Calls) -> None:
        """Scratch for the largest of these calls, and a place for the profile of each."""
        largest = int(np.diff(calls.starts).max(initial=0))
        if largest > len(self.room.kept):
            self.room = self.room._replace(
                kept=np.zeros(2 * largest, dtype=np.int32), owners=np.zeros(2 * largest, dtype=np.int32)
            )
        self.found = self.found._replace(resolved=np.zeros(len(calls.seq), dtype=np.int32))

    def pairs(self) -> Longs:
        """Distinct links of all calls."""
        if len(self.links) != 1:
            self.links = [_distinct(np.concatenate([np.zeros(0, dtype=np.int64), *self.links]))]
        return self.links[0]

    def belongings(self) -> Numbers:
        """A profile of the person that each call belongs to now, in the order of the calls."""
        if self.unmerging is not None:
            return self.unmerging.own
        found: Numbers = np.concatenate([np.zeros(0, dtype=np.int32), *self.resolved])
        return found

    def canonical(self) -> Numbers:
        """The oldest profile of the set of each profile, from 0, which is none."""
        return kernel.canonical(self.profiles.parent, self.profiles.name, self.count)

    def _keep(self) -> None:
        used = self.found.used
        for place, rows, kept in (
            (kernel.UPDATES, self.found.updates, self.updates),
            (kernel.MAPPED, self.found.mapped, self.mapped),
            (kernel.DROPPED, self.found.dropped, self.dropped),
        ):
            if used[place]:
                kept.append(rows[:, : used[place]].astype(np.int32))
                used[place] = 0

    def _grow(self) -> None:
        found = self.found
        self.found = found._replace(
            updates=np.zeros((4, 2 * found.updates.shape[1]), dtype=np.int64),
            mapped=np.zeros((3, 2 * found.mapped.shape[1]), dtype=np.int64),
            dropped=np.zeros((6, 2 * found.dropped.shape[1]), dtype=np.int64),
        )


def resolver_of(settings: IdentitySettings, types: npt.NDArray[np.int8], node_of: Numbers, profiles: int) -> Resolver:
    """An empty resolver. `types`, `node_of`: by identifier, from 0, which is none; `profiles`: the most of them."""
    size, none = len(types), np.zeros(0, dtype=np.int32)

    def numbers(length: int) -> Numbers:
        return np.zeros(length, dtype=np.int32)

    return Resolver(
        rules_of(settings),
        Nodes(
            types,
            numbers(size),
            numbers(size),
            np.zeros(size, dtype=np.int64),
            numbers(size),
            np.zeros(size, dtype=np.bool_),
        ),
        Profiles(
            parent=numbers(profiles + 1),
            name=numbers(profiles + 1),
            size=numbers(profiles + 1),
            merges=numbers(profiles + 1),
            first_node=numbers(profiles + 1),
            last_node=numbers(profiles + 1),
            members=numbers(profiles + 1),
            last_member=numbers(profiles + 1),
            next_member=numbers(profiles + 1),
            created=np.zeros(profiles + 1, dtype=np.int64),
            identifier=numbers(profiles + 1),
        ),
        Found(
            np.zeros(4, dtype=np.int64),
            none,
            np.zeros((4, _ROOM), dtype=np.int64),
            np.zeros((3, _ROOM), dtype=np.int64),
            np.zeros((6, _ROOM), dtype=np.int64),
        ),
        Room(
            numbers(64),
            numbers(64),
            np.zeros(len(settings.types), dtype=np.int64),
            np.zeros(len(settings.types), dtype=np.int64),
        ),
        node_of,
    )


def resolve(work: Work, settings: IdentitySettings, node_of: Numbers) -> Resolver:
    """Replay all calls, and make the tables that the module describes."""
    deletions = _deletions(work)
    types = types_of(work)
    resolver = resolver_of(settings, types, node_of, len(types) + len(deletions))
    take_calls(work, resolver, deletions)
    write_found(work, resolver)
    return resolver


def take_calls(work: Work, resolver: Resolver, deletions: list[Deletion], before: int = 0) -> None:
    """Replay calls that follow those of earlier runs, of which there were `before`."""
    at = _arrivals(work, before)
    node_of = resolver.node_of
    batches = _calls(work, node_of, at, before)
    for calls in _whole(batches) if deletions else batches:
        resolver.make_room(calls)
        begin = 0
        if deletions:
            resolver.unmerging = unmerging_of(calls, node_of)
        while deletions and deletions[-1].seq < calls.seq[-1]:
            end = int(np.searchsorted(calls.seq, deletions[-1].seq, side="right"))
            resolver.take(calls, begin, end)
            resolver.delete(deletions.pop())
            begin = end
        resolver.take(calls, begin, len(calls.seq))
        resolver.seqs.append(calls.seq.astype(np.int32))
        resolver.resolved.append(resolver.found.resolved)
        resolver.links.append(_links(calls, node_of))
    while deletions:
        resolver.delete(deletions.pop())


def types_of(work: Work) -> npt.NDArray[np.int8]:
    """Type of each identifier: they are numbered from 1 by type and value."""
    rows = work.connection.execute(
        "select type, count(*) from _identity_identifiers group by type order by type"
    ).fetchall()
    kinds, counts = [kind for kind, _ in rows], [count for _, count in rows]
    return np.concatenate([np.zeros(1, dtype=np.int8), np.repeat(np.array(kinds, dtype=np.int8), counts)])


def _arrivals(work: Work, before: int) -> Longs:
    """When each call arrived, in microseconds, by its number after `before`."""
    found = work.connection.execute("select seq, epoch_us(received_at) as at from _identity_events").fetchnumpy()
    at = np.zeros(len(found["seq"]) + 1, dtype=np.int64)
    at[found["seq"] - before] = np.ma.filled(found["at"], 0)
    return at


def _calls(work: Work, node_of: Numbers, at: Longs, before: int) -> Iterator[Calls]:
    """Calls with their identifiers, a part of them at a time."""
    for begin, end in _stretches(work):
        reader = work.connection.sql(
            "select cast(seq as integer) as seq, cast(identifier as integer) as identifier from _identity_observed "
            f"where seq between {begin} and {end} order by seq, identifier"
        ).to_arrow_reader(_ROWS_AT_ONCE)
        left: list[Numbers] = [np.zeros(0, dtype=np.int32)] * 2
        for batch in reader:
            rows = [np.concatenate([old, column.to_numpy()]) for old, column in zip(left, batch.columns, strict=True)]
            if len(rows[0]) == 0:
                continue
            whole = int(np.searchsorted(rows[0], rows[0][-1], side="left"))
            left = [column[whole:] for column in rows]
            if whole:
                yield _as_calls(rows[0][:whole], rows[1][:whole], node_of, at, before)
        if len(left[0]):
            yield _as_calls(left[0], left[1], node_of, at, before)


def _stretches(work: Work) -> Iterator[tuple[int, int]]:
    """The first and last numbers of calls that are put in order together: all of them may be too many for memory."""
    (found,) = work.connection.execute("select min(seq), max(seq), count(*) from _identity_observed").fetchall()
    first, last, rows = found
    if rows:
        length = -(-(last - first + 1) // -(-rows // _ROWS_IN_ORDER))
        for begin in range(first, last + 1, length):
            yield begin, min(begin + length - 1, last)


def _whole(batches: Iterator[Calls]) -> Iterator[Calls]:
    """All calls at once: a deletion looks back at those of its person."""
    parts = list(batches)
    if parts:
        seq, at, _, nodes, identifiers = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        sizes = np.concatenate([np.diff(part.starts) for part in parts])
        yield Calls(seq, at, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), nodes, identifiers)


def _as_calls(seq: Numbers, identifiers: Numbers, node_of: Numbers, at: Longs, before: int) -> Calls:
    nodes = node_of[identifiers]
    place = (seq.astype(np.int64) << HALF) | nodes
    if (place[1:] < place[:-1]).any():
        order = np.argsort(place, kind="stable")
        nodes, identifiers = nodes[order], identifiers[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(seq)) + 1, [len(seq)]]).astype(np.int64)
    seqs = seq[starts[:-1]].astype(np.int64)
    return Calls(seqs, at[seqs - before], starts, nodes, identifiers)


def _links(calls: Calls, node_of: Numbers) -> Longs:
    """Distinct pairs of the node of a call's first identifier and another of its nodes, each pair as one number."""
    center = node_of[np.minimum.reduceat(calls.identifiers, calls.starts[:-1])]
    ends = np.repeat(center, np.diff(calls.starts)).astype(np.int64)
    is_other = calls.nodes != ends
    return pairs_of(ends[is_other], calls.nodes[is_other].astype(np.int64))


def pairs_of(a: Longs, b: Longs) -> Longs:
    """Distinct pairs, the lower end first, each as one number."""
    return _distinct((np.minimum(a, b) << HALF) | np.maximum(a, b))


def _distinct(numbers: Longs) -> Longs:
    """The numbers in their order, each once; `numbers` are put in order. Several times faster than by their hashes."""
    numbers.sort()
    is_new = np.ones(len(numbers), dtype=np.bool_)
    np.not_equal(numbers[1:], numbers[:-1], out=is_new[1:])
    found: Longs = numbers[is_new]
    return found


def degrees(pairs: Longs, size: int) -> Longs:
    """How many others each node was linked to."""
    counted: Longs = np.bincount(pairs >> HALF, minlength=size) + np.bincount(pairs & ((1 << HALF) - 1), minlength=size)
    return counted


def write_found(work: Work, resolver: Resolver, updates_before: int = 0, mapped_before: int = 0) -> None:
    """Make the tables that the module describes; places follow those of earlier runs."""
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
    """Make the tables of what deletions did."""
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


def _deletions(work: Work) -> list[Deletion]:
    """Deletions, the last one first."""
    rows = work.connection.execute(
        "select d.seq, d.identifier, epoch_us(d.deleted_at), d.identifier not in (select identifier from "
        "_identity_classes) from _identity_deletions as d join _identity_identifiers as i "
        "on i.identifier = d.identifier and not i.is_blocked order by d.seq desc, d.deleted_at desc, d.identifier desc"
    ).fetchall()
    return [Deletion(*row) for row in rows]
