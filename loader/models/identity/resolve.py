"""Feeds calls to the compiled replay in the order of their arrival, and collects what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from loader.config.models.identity import IdentitySettings
from loader.models.identity import kernel
from loader.models.identity.calls import calls_of, types_of, types_of_nodes, whole
from loader.models.identity.links import distinct, links_of
from loader.models.identity.state import Calls, Found, Longs, Nodes, Numbers, Profiles, Room, Rules
from loader.models.identity.unmerge import Deletion, Removal, Unmerging, take_out, unmerging_of
from loader.models.identity.work import Work

_ROOM: Final = 1 << 17
"""Rows that are found before they are taken away."""
_MICROSECONDS_PER_DAY: Final = 86_400_000_000


def rules_of(settings: IdentitySettings) -> Rules:
    """The limits, by the place of each type in the order of priority."""
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
    """The profiles after the calls so far."""

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
        """How many profiles there are so far."""
        return int(self.found.used[kernel.COUNT])

    def take(self, calls: Calls, begin: int, end: int) -> None:
        """Take in calls, and collect what they did."""
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
        """Remove an identifier from its profile, if that is allowed, and split profiles that only it held together."""
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
        """Make scratch space for the largest of these calls, and space for the profile of each."""
        largest = int(np.diff(calls.starts).max(initial=0))
        if largest > len(self.room.kept):
            self.room = self.room._replace(
                kept=np.zeros(2 * largest, dtype=np.int32), owners=np.zeros(2 * largest, dtype=np.int32)
            )
        self.found = self.found._replace(resolved=np.zeros(len(calls.seq), dtype=np.int32))

    def pairs(self) -> Longs:
        """The distinct links of all calls."""
        if len(self.links) != 1:
            self.links = [distinct(np.concatenate([np.zeros(0, dtype=np.int64), *self.links]))]
        return self.links[0]

    def belongings(self) -> Numbers:
        """For each call, in order, a profile of the person to whom it belongs now."""
        if self.unmerging is not None:
            return self.unmerging.own
        found: Numbers = np.concatenate([np.zeros(0, dtype=np.int32), *self.resolved])
        return found

    def canonical(self) -> Numbers:
        """The oldest profile of the set of each profile; index 0 is unused."""
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
    """An empty resolver. `types` and `node_of` are by identifier (index 0 is unused); `profiles` is their maximum."""
    size, none, rules = len(types), np.zeros(0, dtype=np.int32), rules_of(settings)

    def numbers(length: int) -> Numbers:
        return np.zeros(length, dtype=np.int32)

    return Resolver(
        rules,
        Nodes(
            types_of_nodes(types, node_of, rules.user_type),
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
    """Replay all calls."""
    deletions = _deletions(work)
    types = types_of(work)
    resolver = resolver_of(settings, types, node_of, len(types) + len(deletions))
    take_calls(work, resolver, deletions)
    return resolver


def take_calls(work: Work, resolver: Resolver, deletions: list[Deletion], before: int = 0) -> None:
    """Replay calls that follow the `before` calls of earlier runs."""
    node_of = resolver.node_of
    batches = calls_of(work, node_of, before)
    for calls in whole(batches) if deletions else batches:
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
        resolver.links.append(links_of(calls, node_of))
    while deletions:
        resolver.delete(deletions.pop())


def _deletions(work: Work) -> list[Deletion]:
    """The deletions, last one first."""
    rows = work.connection.execute(
        "select d.seq, d.identifier, epoch_us(d.deleted_at), d.identifier not in (select identifier from "
        "_identity_classes) from _identity_deletions as d join _identity_identifiers as i "
        "on i.identifier = d.identifier and not i.is_blocked order by d.seq desc, d.deleted_at desc, d.identifier desc"
    ).fetchall()
    return [Deletion(*row) for row in rows]
