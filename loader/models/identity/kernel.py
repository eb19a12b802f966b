"""Applies the rules to one call after another, compiled. Profiles are numbered in the order of their creation.

Profiles are disjoint sets (union-find). The identifiers of a set, and its profiles, are linked lists, which merge in
constant time. The rules are those of Segment Unify, made exact; they are in docs/models/identity.md.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loader.models.identity.compiled import compiled, kept_on_disk
from loader.models.identity.state import Calls, Found, Longs, Nodes, Numbers, Profiles, Room, Rules

VALUE_LIMIT: Final = 0
TIME_LIMIT: Final = 1
MERGE_CAP: Final = 2
IDENTIFIER_CAP: Final = 3
OTHER_PROFILE: Final = 4
"""Left out by a cap, but not the identifier that the cap is reported with."""
COUNT: Final = 0
"""Places in `Found.used`."""
UPDATES: Final = 1
MAPPED: Final = 2
DROPPED: Final = 3


@compiled
def root_of(parent: Numbers, profile: int) -> int:
    """The root of a profile's set. Halves the path on its way."""
    while parent[profile] != profile:
        parent[profile] = parent[parent[profile]]
        profile = parent[profile]
    return profile


@compiled
def _owners(nodes: Nodes, profiles: Profiles, room: Room, kept: int) -> int:
    """Write the roots of the profiles that own any of the kept nodes into `room.owners`, the oldest first."""
    count = 0
    for place in range(kept):
        owner = nodes.owner[room.kept[place]]
        if owner == 0:
            continue
        root = root_of(profiles.parent, owner)
        at = 0
        while at < count and room.owners[at] != root:
            at += 1
        if at < count:
            continue
        while at > 0 and profiles.name[room.owners[at - 1]] > profiles.name[root]:
            room.owners[at] = room.owners[at - 1]
            at -= 1
        room.owners[at] = root
        count += 1
    return count


@compiled
def _count(rules: Rules, nodes: Nodes, profiles: Profiles, room: Room, kept: int, owners: int, at: int) -> int:
    """Count new values by type in `room.new`, those of the owners in `room.held`. Returns how many are new."""
    room.new[:] = 0
    room.held[:] = 0
    new = 0
    for place in range(kept):
        node = room.kept[place]
        if nodes.owner[node] == 0:
            room.new[nodes.type[node]] += 1
            new += 1
    if new == 0 and owners <= 1:
        return 0
    for place in range(owners):
        node = profiles.first_node[room.owners[place]]
        while node != 0:
            kind = nodes.type[node]
            if rules.windows[kind] < 0 or nodes.added[node] > at - rules.windows[kind]:
                room.held[kind] += 1
            node = nodes.next[node]
    return new


@compiled
def _broken(rules: Rules, room: Room, new: int, owners: int) -> int:
    """The first type of which the resulting profile would have too many values; -1 if there is none."""
    if new == 0 and owners <= 1:
        return -1
    for kind in range(len(rules.most)):
        if (owners > 1 or room.new[kind] > 0) and room.new[kind] + room.held[kind] > rules.most[kind]:
            return kind
    return -1


@compiled
def _cap(rules: Rules, profiles: Profiles, room: Room, new: int, owners: int) -> tuple[int, int, int]:
    """The cap that the call would exceed, with the number reached and the most allowed; -1 if there is none."""
    merges, size = owners - 1, new
    for place in range(owners):
        merges += profiles.merges[room.owners[place]]
        size += profiles.size[room.owners[place]]
    if owners > 1 and merges > rules.merges:
        return MERGE_CAP, merges, rules.merges
    if (new > 0 or owners > 1) and size > rules.identifiers:
        return IDENTIFIER_CAP, size, rules.identifiers
    return -1, 0, 0


@compiled
def _drop(found: Found, seq: int, node: int, cause: int, kind: int, values: int, most: int) -> None:
    row = found.used[DROPPED]
    found.dropped[0, row] = seq
    found.dropped[1, row] = node
    found.dropped[2, row] = cause
    found.dropped[3, row] = kind
    found.dropped[4, row] = values
    found.dropped[5, row] = most
    found.used[DROPPED] = row + 1


@compiled
def _update(found: Found, profile: int, canonical: int, seq: int) -> None:
    row = found.used[UPDATES]
    found.updates[0, row] = profile
    found.updates[1, row] = canonical
    found.updates[2, row] = seq
    found.used[UPDATES] = row + 1


@compiled
def _merge(profiles: Profiles, nodes: Nodes, found: Found, room: Room, owners: int, seq: int) -> int:
    """Merge the owners into the oldest and record each profile that moved. Returns the new root."""
    root = room.owners[0]
    oldest = profiles.name[root]
    begin = found.used[UPDATES]
    for place in range(1, owners):
        other = room.owners[place]
        member = profiles.name[other]
        while member != 0:
            _update(found, member, oldest, seq)
            member = profiles.next_member[member]
        if profiles.size[other] > profiles.size[root]:
            profiles.parent[root] = other
            kept, gone = other, root
        else:
            profiles.parent[other] = root
            kept, gone = root, other
        first, second = oldest, profiles.name[other]
        profiles.next_member[profiles.last_member[root]] = second
        last = profiles.last_member[other]
        if profiles.first_node[gone] != 0:
            if profiles.first_node[kept] == 0:
                profiles.first_node[kept] = profiles.first_node[gone]
            else:
                nodes.next[profiles.last_node[kept]] = profiles.first_node[gone]
            profiles.last_node[kept] = profiles.last_node[gone]
        profiles.size[kept] += profiles.size[gone]
        profiles.merges[kept] += profiles.merges[gone] + 1
        profiles.members[kept] += profiles.members[gone]
        profiles.name[kept] = first
        profiles.last_member[kept] = last
        root = kept
    rows = found.updates[0, begin : found.used[UPDATES]]
    rows.sort()
    return int(root)


@compiled
def _create(profiles: Profiles, found: Found, seq: int, identifier: int) -> int:
    profile = found.used[COUNT] + 1
    found.used[COUNT] = profile
    profiles.parent[profile] = profile
    profiles.name[profile] = profile
    profiles.last_member[profile] = profile
    profiles.members[profile] = 1
    profiles.created[profile] = seq
    profiles.identifier[profile] = identifier
    _update(found, profile, profile, seq)
    return int(profile)


@compiled
def put(profiles: Profiles, profile: int, root: int) -> None:
    """Begin a set with a profile that is its root; add any other profile to the set of `root`, which is in place."""
    profiles.parent[profile] = root
    profiles.name[profile] = profile
    profiles.last_member[profile] = profile
    profiles.members[profile] = 1
    if root != profile:
        profiles.next_member[profiles.last_member[root]] = profile
        profiles.last_member[root] = profile
        profiles.members[root] += 1
        profiles.merges[root] += 1


@compiled
def add(profiles: Profiles, nodes: Nodes, root: int, node: int, at: int) -> None:
    nodes.owner[node] = root
    nodes.added[node] = at
    nodes.next[node] = 0
    if profiles.first_node[root] == 0:
        profiles.first_node[root] = node
    else:
        nodes.next[profiles.last_node[root]] = node
    profiles.last_node[root] = node
    profiles.size[root] += 1


@compiled
def _keep_to_limits(
    rules: Rules, nodes: Nodes, profiles: Profiles, found: Found, room: Room, kept: int, seq: int, at: int
) -> tuple[int, int, int]:
    """Drop identifiers, last one first, until no limit is broken. Returns how many are kept, owners, and new ones."""
    while True:
        owners = _owners(nodes, profiles, room, kept)
        new = _count(rules, nodes, profiles, room, kept, owners, at)
        kind = _broken(rules, room, new, owners) if kept > 1 else -1
        if kind < 0:
            return kept, owners, new
        kept -= 1
        cause = VALUE_LIMIT if rules.windows[kind] < 0 else TIME_LIMIT
        values = room.new[kind] + room.held[kind]
        _drop(found, seq, room.kept[kept], cause, kind, values, rules.most[kind])


@compiled
def _capped(
    nodes: Nodes, profiles: Profiles, found: Found, room: Room, kept: int, seq: int, cap: tuple[int, int, int]
) -> int:
    """Handle a call above a cap: merge and map nothing; it belongs to the owner of its first owned identifier."""
    place = 0
    while nodes.owner[room.kept[place]] == 0:
        place += 1
    root = root_of(profiles.parent, nodes.owner[room.kept[place]])
    cause = cap[0]
    for place in range(kept):
        node = room.kept[place]
        if nodes.owner[node] == 0 or root_of(profiles.parent, nodes.owner[node]) != root:
            _drop(found, seq, node, cause, nodes.type[node], cap[1], cap[2])
            cause = OTHER_PROFILE
            room.kept[place] = 0
    return root


@compiled
def _map(nodes: Nodes, calls: Calls, found: Found, room: Room, call: int, kept: int, name: int) -> None:
    """Map the identifiers of the kept nodes that were not yet mapped, in order."""
    begin, place = found.used[MAPPED], 0
    for row in range(calls.starts[call], calls.starts[call + 1]):
        while place < kept and room.kept[place] < calls.nodes[row]:
            place += 1
        identifier = calls.identifiers[row]
        if place == kept or room.kept[place] != calls.nodes[row] or nodes.mapped[identifier]:
            continue
        nodes.mapped[identifier] = True
        to = found.used[MAPPED]
        while to > begin and found.mapped[0, to - 1] > identifier:
            found.mapped[0, to] = found.mapped[0, to - 1]
            to -= 1
        found.mapped[0, to] = identifier
        end = found.used[MAPPED]
        found.mapped[1, end] = name
        found.mapped[2, end] = calls.seq[call]
        found.used[MAPPED] = end + 1


@compiled
def _first_identifier(calls: Calls, room: Room, call: int, kept: int) -> int:
    first, place = 0, 0
    for row in range(calls.starts[call], calls.starts[call + 1]):
        while place < kept and room.kept[place] < calls.nodes[row]:
            place += 1
        if place < kept and room.kept[place] == calls.nodes[row]:
            identifier = calls.identifiers[row]
            first = identifier if first == 0 else min(first, identifier)
    return first


@compiled
def _call(rules: Rules, nodes: Nodes, profiles: Profiles, calls: Calls, found: Found, room: Room, call: int) -> None:
    seq, at, kept = calls.seq[call], calls.at[call], 0
    for row in range(calls.starts[call], calls.starts[call + 1]):
        if kept == 0 or room.kept[kept - 1] != calls.nodes[row]:
            room.kept[kept] = calls.nodes[row]
            kept += 1
    if rules.is_limited:
        kept, owners, new = _keep_to_limits(rules, nodes, profiles, found, room, kept, seq, at)
        cap = _cap(rules, profiles, room, new, owners) if owners > 0 else (-1, 0, 0)
        if cap[0] >= 0:
            root = _capped(nodes, profiles, found, room, kept, seq, cap)
            left = 0
            for place in range(kept):
                if room.kept[place] != 0:
                    room.kept[left] = room.kept[place]
                    left += 1
            found.resolved[call] = profiles.name[root]
            _map(nodes, calls, found, room, call, left, profiles.name[root])
            return
    else:
        owners = _owners(nodes, profiles, room, kept)
    base = 0
    for place in range(kept):
        if base == 0:
            base = nodes.base[room.kept[place]]
    if owners == 0:
        root = _create(profiles, found, seq, _first_identifier(calls, room, call, kept))
        base = root
    elif owners == 1:
        root = room.owners[0]
    else:
        root = _merge(profiles, nodes, found, room, owners, seq)
    for place in range(kept):
        if nodes.owner[room.kept[place]] == 0:
            add(profiles, nodes, root, room.kept[place], at)
            nodes.base[room.kept[place]] = base
    found.resolved[call] = profiles.name[root]
    _map(nodes, calls, found, room, call, kept, profiles.name[root])


@kept_on_disk
def replay(
    rules: Rules, nodes: Nodes, profiles: Profiles, calls: Calls, found: Found, room: Room, begin: int, end: int
) -> int:
    """Take in calls from `begin` until `end`. Stops if `found` is full; returns the first call not taken in."""
    for call in range(begin, end):
        size = calls.starts[call + 1] - calls.starts[call]
        moved, first = 1, 0
        for row in range(calls.starts[call], calls.starts[call + 1]):
            if nodes.owner[calls.nodes[row]] != 0:
                root = root_of(profiles.parent, nodes.owner[calls.nodes[row]])
                if first == 0:
                    first = root
                elif root != first:
                    moved += profiles.members[root] + profiles.members[first]
        if (
            found.used[UPDATES] + moved > found.updates.shape[1]
            or found.used[MAPPED] + size > found.mapped.shape[1]
            or found.used[DROPPED] + size > found.dropped.shape[1]
        ):
            return call
        _call(rules, nodes, profiles, calls, found, room, call)
    return end


@kept_on_disk
def unite(a: Numbers, b: Numbers, parent: Numbers) -> None:
    """Join the sets of each pair; the smallest member of a set becomes its root."""
    for pair in range(len(a)):
        first, second = root_of(parent, a[pair]), root_of(parent, b[pair])
        if first < second:
            parent[second] = first
        elif second < first:
            parent[first] = second


@kept_on_disk
def canonical(parent: Numbers, name: Numbers, count: int) -> Numbers:
    """The oldest profile of the set of each profile; index 0 is unused."""
    found = np.zeros(count + 1, dtype=np.int32)
    for profile in range(1, count + 1):
        found[profile] = name[root_of(parent, profile)]
    return found


@kept_on_disk
def roots(nodes: Numbers, parent: Numbers) -> Numbers:
    """The root of the set of each node."""
    found = np.zeros(len(nodes), dtype=np.int32)
    for place in range(len(nodes)):
        found[place] = root_of(parent, nodes[place])
    return found


@kept_on_disk
def restore(
    profiles: Profiles, nodes: Nodes, found: Found, canonical_of: Numbers, owned: Numbers, owners: Numbers, added: Longs
) -> None:
    """Restore the profiles of an earlier run, numbered by age, with the oldest of each set and the nodes of each."""
    for profile in range(1, len(canonical_of)):
        put(profiles, profile, canonical_of[profile])
    for place in range(len(owned)):
        add(profiles, nodes, owners[place], owned[place], added[place])
    found.used[COUNT] = len(canonical_of) - 1
