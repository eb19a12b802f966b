"""The rules for one event after another: the only loop over events, for components in which a limit may be broken.

A profile is called by the number of the event that created it, so the oldest of several is the least. The rules are
those of Segment Unify, made exact; docs/models/identity.md has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum


class Cause(Enum):
    """Why an identifier of an event does not join the event's profile."""

    VALUE_LIMIT = 0
    TIME_LIMIT = 1
    MERGE_CAP = 2
    IDENTIFIER_CAP = 3
    OTHER_PROFILE = 4
    """Left out by a cap, but not the identifier that the cap is reported with."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Most values of a type in one profile; within a window of microseconds, or ever."""

    values: int
    window: int | None


@dataclass(frozen=True, slots=True)
class Most:
    """Caps of every profile, and the type of which a deletion must leave one; None when users are no identifiers."""

    merges: int
    identifiers: int
    user_type: int | None


@dataclass(frozen=True, slots=True)
class Drop:
    """An identifier left out of an event: `values` of `type` would have been more than `limit`."""

    node: int
    cause: Cause
    type: int
    values: int
    limit: int


@dataclass(frozen=True, slots=True)
class Step:
    """What one event did. `moved`: profiles that now belong to `profile`, with all that were merged into them."""

    profile: int
    is_new: bool
    moved: Sequence[int]
    dropped: Sequence[Drop]


class _Profile:
    """Counters of one profile. Copying it per event would be quadratic on a hub."""

    __slots__ = ("added", "ids", "merges", "name", "size")

    def __init__(self, name: int) -> None:
        self.name = name
        self.ids = [name]
        """Profiles that it is made of."""
        self.added: dict[int, dict[int, int]] = {}
        """Type → node → when it was added, in microseconds."""
        self.merges = 0
        self.size = 0


class Replay:
    """All profiles after the events so far."""

    def __init__(self, limits: Sequence[Limit], types: Mapping[int, int], most: Most) -> None:
        self._limits = limits
        self._types = types
        self._most = most
        self._owner: dict[int, _Profile] = {}
        self._merged: dict[_Profile, _Profile] = {}

    def event(self, seq: int, at: int, nodes: Sequence[int]) -> Step:
        """Take in one event. `nodes`: at least one, by priority; `at`: microseconds."""
        kept, dropped = list(nodes), []
        while True:
            owners = self._owners(kept)
            new = [node for node in kept if node not in self._owner]
            broken = self._broken(owners, new, at) if len(kept) > 1 else None
            if broken is None:
                break
            kind, values = broken
            limit = self._limits[kind]
            cause = Cause.VALUE_LIMIT if limit.window is None else Cause.TIME_LIMIT
            dropped.append(Drop(kept.pop(), cause, kind, values, limit.values))
        if owners and (cap := self._cap(owners, new)) is not None:
            return self._capped(kept, dropped, cap)
        is_new = not owners
        profile, moved = (_Profile(seq), []) if is_new else self._merge(owners)
        for node in new:
            profile.added.setdefault(self._types[node], {})[node] = at
            profile.size += 1
            self._owner[node] = profile
        return Step(profile.name, is_new, moved, dropped)

    def delete(self, node: int) -> int | None:
        """Take a node out of its profile; the profile. None, and nothing done, for the only user id, and for no "
        "owner."""
        if node not in self._owner:
            return None
        profile, kind = self._find(self._owner[node]), self._types[node]
        if kind == self._most.user_type and len(profile.added[kind]) == 1:
            return None
        del profile.added[kind][node], self._owner[node]
        profile.size -= 1
        return profile.name

    def _find(self, profile: _Profile) -> _Profile:
        root = profile
        while (above := self._merged.get(root)) is not None:
            root = above
        while profile is not root:
            self._merged[profile], profile = root, self._merged[profile]
        return root

    def _owners(self, nodes: Sequence[int]) -> list[_Profile]:
        """The profiles that own any of the nodes, the oldest first."""
        found = {self._find(self._owner[node]) for node in nodes if node in self._owner}
        return sorted(found, key=lambda profile: profile.name)

    def _broken(self, owners: Sequence[_Profile], new: Sequence[int], at: int) -> tuple[int, int] | None:
        """The first type of which the resulting profile would have too many values, and how many."""
        if len(owners) == 1 and not new:
            return None
        added: dict[int, int] = {}
        for node in new:
            added[self._types[node]] = added.get(self._types[node], 0) + 1
        changed = set(added) if len(owners) <= 1 else set(added).union(*(owner.added for owner in owners))
        for kind in sorted(changed):
            limit = self._limits[kind]
            values = added.get(kind, 0) + sum(_count(owner, kind, limit, at) for owner in owners)
            if values > limit.values:
                return kind, values
        return None

    def _cap(self, owners: Sequence[_Profile], new: Sequence[int]) -> tuple[Cause, int, int] | None:
        """The cap of the system that the event would exceed, with the number reached and the most allowed."""
        merges = sum(owner.merges for owner in owners) + len(owners) - 1
        if len(owners) > 1 and merges > self._most.merges:
            return Cause.MERGE_CAP, merges, self._most.merges
        size = sum(owner.size for owner in owners) + len(new)
        if (new or len(owners) > 1) and size > self._most.identifiers:
            return Cause.IDENTIFIER_CAP, size, self._most.identifiers
        return None

    def _capped(self, kept: Sequence[int], dropped: list[Drop], cap: tuple[Cause, int, int]) -> Step:
        """Nothing is merged or mapped; the event belongs to the owner of its first identifier that has one."""
        profile = next(self._find(self._owner[node]) for node in kept if node in self._owner)
        cause, values, most = cap
        for node in kept:
            owner = self._owner.get(node)
            if owner is None or self._find(owner) is not profile:
                dropped.append(Drop(node, cause, self._types[node], values, most))
                cause = Cause.OTHER_PROFILE
        return Step(profile.name, False, (), dropped)

    def _merge(self, owners: Sequence[_Profile]) -> tuple[_Profile, list[int]]:
        """Merge profiles into the oldest; the ids that moved. The largest keeps its counters, whatever its age."""
        oldest = owners[0]
        if len(owners) == 1:
            return oldest, []
        moved = sorted(each for owner in owners[1:] for each in owner.ids)
        largest = max(owners, key=lambda profile: profile.size)
        for owner in owners:
            if owner is largest:
                continue
            self._merged[owner] = largest
            largest.ids += owner.ids
            largest.merges += owner.merges
            largest.size += owner.size
            for kind, nodes in owner.added.items():
                largest.added.setdefault(kind, {}).update(nodes)
        largest.merges += len(owners) - 1
        largest.name = oldest.name
        return largest, moved


def _count(profile: _Profile, kind: int, limit: Limit, at: int) -> int:
    """Values of a type in a profile, those within the window of its limit."""
    nodes = profile.added.get(kind)
    if nodes is None:
        return 0
    if limit.window is None:
        return len(nodes)
    return sum(1 for added in nodes.values() if added > at - limit.window)
