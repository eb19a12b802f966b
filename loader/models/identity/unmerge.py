"""Removes a deleted identifier from its profile, and splits the profiles that only it held together.

Identifiers of a person stay together if calls before the deletion link them; identifiers that limits left out of a call
link nothing. A profile goes with the oldest identifier that came through it. Everything that came through the oldest
profile of the person stays there, and so do profiles without a remaining identifier.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from loader.models.identity import kernel
from loader.models.identity.compiled import compiled, kept_on_disk
from loader.models.identity.links import HALF
from loader.models.identity.state import Calls, Longs, Nodes, Numbers, Profiles, Rules


class Deletion(NamedTuple):
    """A deletion after the call `seq`. `is_alone`: no alias joins the identifier to another one."""

    seq: int
    identifier: int
    at: int
    is_alone: bool


class Removal(NamedTuple):
    """A completed deletion, by its number, from 1. `profile` had the identifier."""

    number: int
    identifier: int
    profile: int
    seq: int
    at: int


class Index(NamedTuple):
    """An index of an array of numbers: the places of each number, sorted by number, and where each number begins."""

    places: Longs
    begins: Longs

    def of(self, numbers: Numbers) -> Longs:
        """All places of these numbers."""
        begins, ends = self.begins[numbers], self.begins[numbers + 1]
        counts = ends - begins
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        found: Longs = self.places[np.repeat(begins, counts) + offsets]
        return found


@dataclass(slots=True)
class Unmerging:
    """What deletions need to know of the calls so far, and the effects of the deletions."""

    calls: Calls
    node_of: Numbers
    own: Numbers
    """The profile that each call belongs to; that of its person is the same."""
    call_of: Numbers
    """The place of the call of each row of `calls.nodes`."""
    is_kept: npt.NDArray[np.bool_]
    """Rows that limits and deletions left."""
    rows_of: Index
    """By node."""
    identifiers_of: Index
    """By node."""
    holder: Numbers
    """By identifier: the profile that its last mapping names; 0 for none."""
    first: Numbers
    """By node: the profile that the mapping of its first identifier names."""
    place_of: Numbers
    """Scratch by node: a place among those of one person."""
    updates: list[Numbers] = field(default_factory=list)
    """Profile, canonical profile, seq, and the number of the removal."""
    parted: list[Numbers] = field(default_factory=list)
    """Number of the removal, place of a call, profile that it belongs to since."""
    moves: list[Numbers] = field(default_factory=list)
    """Identifier, profile named so far, profile since, number of the removal, whether calls mapped it."""

    def note(self, begin: int, end: int, resolved: Numbers, mapped: list[Numbers], dropped: list[Numbers]) -> None:
        """Note what the calls from `begin` until `end` did."""
        self.own[begin:end] = resolved[begin:end]
        if begin < end and dropped:
            rows = slice(self.calls.starts[begin], self.calls.starts[end])
            keys = (self.calls.seq[self.call_of[rows]] << HALF) | self.calls.nodes[rows]
            gone = np.concatenate([(part[0].astype(np.int64) << HALF) | part[1] for part in dropped])
            self.is_kept[rows] &= ~np.isin(keys, gone)
        for part in mapped:
            self.holder[part[0]] = part[1]
            nodes, place = np.unique(self.node_of[part[0]], return_index=True)
            is_first = self.first[nodes] == 0
            self.first[nodes[is_first]] = part[1][place[is_first]]

    def part(self, removal: Removal, nodes: Nodes, profiles: Profiles) -> None:
        """Split the profiles of the person who had an identifier, which is already removed."""
        self.holder[removal.identifier] = self.first[removal.identifier] = 0
        taken = int(np.searchsorted(self.calls.seq, removal.seq, side="right"))
        self.is_kept[self._rows(np.array([removal.identifier]), taken)] = False
        root = kernel.root_of(profiles.parent, removal.profile)
        members = np.sort(_listed(profiles.next_member, removal.profile, profiles.members[root]))
        owned = _listed(nodes.next, profiles.first_node[root], profiles.size[root])
        if len(members) == 1 or len(owned) == 0:
            return
        owned = owned[np.lexsort((owned, nodes.added[owned]))]
        rows = np.sort(self._rows(owned, taken))
        rows = rows[self.is_kept[rows]]
        place_of = self.place_of
        place_of[owned] = np.arange(len(owned), dtype=np.int32)
        group, canonical = _grouped(
            removal.profile, members, nodes.base[owned], self.call_of[rows], place_of[self.calls.nodes[rows]]
        )
        is_parted = canonical != removal.profile
        if not is_parted.any():
            return
        base = nodes.base[owned]
        nodes.base[owned] = np.where(canonical[np.searchsorted(members, base)] == group, base, group)
        _regroup(profiles, nodes, members, canonical, owned, group)
        since = np.full(int(is_parted.sum()), removal.number, dtype=np.int32)
        self.updates.append(
            np.stack([members[is_parted], canonical[is_parted], np.full_like(since, removal.seq), since])
        )
        self._part_calls(removal, members, taken, rows, group[place_of[self.calls.nodes[rows]]])
        self._move(removal, members, canonical, owned, group)

    def _rows(self, nodes: Numbers, taken: int) -> Longs:
        """The rows of these nodes in the calls so far."""
        rows = self.rows_of.of(nodes)
        taken_in: Longs = rows[rows < self.calls.starts[taken]]
        return taken_in

    def _part_calls(self, removal: Removal, members: Numbers, taken: int, rows: Longs, groups: Numbers) -> None:
        """Move each call of the person with its remaining identifiers. A call without any stays."""
        own = self.own[:taken]
        is_member = np.zeros(max(int(own.max(initial=0)), int(members[-1])) + 1, dtype=np.bool_)
        is_member[members] = True
        calls = np.flatnonzero(is_member[own]).astype(np.int32)
        own[calls] = removal.profile
        own[self.call_of[rows]] = groups
        self.parted.append(np.stack([np.full_like(calls, removal.number), calls, own[calls]]))

    def _move(self, removal: Removal, members: Numbers, canonical: Numbers, owned: Numbers, group: Numbers) -> None:
        """Map identifiers again whose mapping names a profile of another group."""
        identifiers = np.sort(self.identifiers_of.of(owned)).astype(np.int32)
        named = np.where(self.holder[identifiers] > 0, self.holder[identifiers], self.first[self.node_of[identifiers]])
        since = group[self.place_of[self.node_of[identifiers]]]
        is_moved = canonical[np.searchsorted(members, named)] != since
        identifiers, named, since = identifiers[is_moved], named[is_moved], since[is_moved]
        is_mapped = self.holder[identifiers] > 0
        self.holder[identifiers[is_mapped]] = since[is_mapped]
        self.first[self.node_of[identifiers]] = since
        number = np.full_like(identifiers, removal.number)
        self.moves.append(np.stack([identifiers, named, since, number, is_mapped.astype(np.int32)]))


def unmerging_of(calls: Calls, node_of: Numbers) -> Unmerging:
    """The state before the first call."""
    size = len(node_of)
    places = np.arange(len(calls.seq), dtype=np.int32)
    return Unmerging(
        calls,
        node_of,
        np.zeros(len(calls.seq), dtype=np.int32),
        np.repeat(places, np.diff(calls.starts)),
        np.ones(len(calls.nodes), dtype=np.bool_),
        _index(calls.nodes, size),
        _index(node_of, size),
        np.zeros(size, dtype=np.int32),
        np.zeros(size, dtype=np.int32),
        np.zeros(size, dtype=np.int32),
    )


def _index(numbers: Numbers, size: int) -> Index:
    begins = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=size))]).astype(np.int64)
    return Index(np.argsort(numbers, kind="stable"), begins)


def joined(parts: list[Numbers], rows: int) -> Numbers:
    """The concatenated columns of all parts. Frees the parts."""
    found: Numbers = np.concatenate([np.zeros((rows, 0), dtype=np.int32), *parts], axis=1)
    parts.clear()
    return found


def _grouped(oldest: int, members: Numbers, base: Numbers, calls: Numbers, places: Numbers) -> tuple[Numbers, Numbers]:
    """The canonical profile of each identifier and of each member, after a split. Identifiers are sorted by age.

    `calls` and `places`: which of the identifiers each call has, in the order of the calls.
    """
    root = np.arange(len(base), dtype=np.int32)
    is_same = calls[1:] == calls[:-1]
    kernel.unite(places[:-1][is_same], places[1:][is_same], root)
    linked = kernel.roots(np.arange(len(base), dtype=np.int32), root)
    segments, eldest = np.unique(base, return_index=True)
    home = linked[eldest]
    found, at = np.unique(home, return_index=True)
    leaders = segments[at]
    leaders[leaders == leaders.min()] = oldest
    leader = np.zeros(len(base), dtype=np.int32)
    leader[found] = leaders
    (homeless,) = np.nonzero(leader[linked] == 0)
    without = np.unique(linked[homeless])
    leader[without] = leader[home[np.searchsorted(segments, base[without])]]
    canonical = np.full(len(members), oldest, dtype=np.int32)
    canonical[np.searchsorted(members, segments)] = leader[home]
    return leader[linked], canonical


@kept_on_disk
def _listed(following: Numbers, first: int, count: int) -> Numbers:
    """The members of a linked list."""
    found = np.zeros(count, dtype=np.int32)
    for place in range(count):
        found[place] = first
        first = following[first]
    return found


@compiled
def _regroup(
    profiles: Profiles, nodes: Nodes, members: Numbers, canonical: Numbers, owned: Numbers, group: Numbers
) -> None:
    """Divide the members of a set (oldest first), and what they own, into new sets."""
    for place in range(len(members)):
        profile = members[place]
        profiles.next_member[profile] = 0
        profiles.merges[profile] = 0
        profiles.size[profile] = 0
        profiles.first_node[profile] = 0
        profiles.last_node[profile] = 0
        kernel.put(profiles, profile, canonical[place])
    for place in range(len(owned)):
        kernel.add(profiles, nodes, group[place], owned[place], nodes.added[owned[place]])


@compiled
def take_out(rules: Rules, nodes: Nodes, profiles: Profiles, node: int) -> int:
    """Remove a node from its profile. Returns the profile, or 0 if it is the only user id or has no owner."""
    if nodes.owner[node] == 0:
        return 0
    root = kernel.root_of(profiles.parent, nodes.owner[node])
    before, same, at, previous = 0, 0, profiles.first_node[root], 0
    while at != 0:
        if nodes.type[at] == nodes.type[node]:
            same += 1
        if at == node:
            before = previous
        previous = at
        at = nodes.next[at]
    if nodes.type[node] == rules.user_type and same == 1:
        return 0
    if before == 0:
        profiles.first_node[root] = nodes.next[node]
    else:
        nodes.next[before] = nodes.next[node]
    if profiles.last_node[root] == node:
        profiles.last_node[root] = before
    nodes.owner[node] = 0
    nodes.base[node] = 0
    profiles.size[root] -= 1
    return int(profiles.name[root])
