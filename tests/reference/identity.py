"""The rules of identity resolution again, event by event, in slow plain Python: what the set-based resolver must equal.

Written from docs/models/identity.md, without the code of loader/models. Every rule is applied to the whole profile, which
is copied for each attempt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

PRIORITY = ("user_id", "email")


@dataclass(frozen=True)
class Event:
    """One call. `ids`: (type, value) pairs; `previous`: the previous id of an alias."""

    key: tuple[str, str, str]
    received_at: datetime
    ids: tuple[tuple[str, str], ...]
    previous: str | None = None


@dataclass
class Profile:
    number: int
    added: dict[frozenset, datetime] = field(default_factory=dict)
    """Alias class → when it was added."""
    merges: int = 0
    segments: set[int] = field(default_factory=set)
    """Itself and what was merged into it."""


@dataclass
class Resolved:
    at_the_time: dict[tuple, int] = field(default_factory=dict)
    canonical: dict[int, int] = field(default_factory=dict)
    owner: dict[frozenset, int] = field(default_factory=dict)
    dropped: list[tuple] = field(default_factory=list)
    moves: list[tuple[int, int, tuple]] = field(default_factory=list)
    """Profile, its canonical one from then on, and the key of the call, or the deletion."""
    kept: dict[tuple, set[frozenset]] = field(default_factory=dict)
    """What is left of the ids of each call."""
    now: dict[tuple, int] = field(default_factory=dict)
    """A profile of the person that each call belongs to."""
    came_through: dict[frozenset, int] = field(default_factory=dict)
    """The profile that each alias class came through."""


def priority(identifier: tuple[str, str]) -> tuple:
    kind, value = identifier
    return (PRIORITY.index(kind) if kind in PRIORITY else len(PRIORITY), kind, value.encode())


def alias_classes(events: Sequence[Event]) -> dict[tuple[str, str], frozenset]:
    """The class of every identifier. A previous id is each id of that value ever observed, else a user id."""
    observed = {identifier for event in events for identifier in event.ids}
    pairs = []
    for event in events:
        user = next((i for i in event.ids if i[0] == "user_id"), None)
        if event.previous is None or user is None:
            continue
        named = [("user_id", event.previous), ("anonymous_id", event.previous)]
        pairs += [(user, i) for i in ([i for i in named if i in observed] or named[:1])]
    classes = {i: frozenset([i]) for i in observed.union(*pairs)}
    for a, b in pairs:
        joined = classes[a] | classes[b]
        for identifier in joined:
            classes[identifier] = joined
    return classes


def replay(
    events: Iterable[Event],
    limits: dict[str, tuple[int, timedelta | None]],
    default=(5, None),
    caps=(100, 1000),
    protect=True,
    deletions: Sequence[tuple[str, str, datetime]] = (),
) -> Resolved:
    """Resolve events in the order of their arrival. `protect` is False for plain connected components."""
    ordered = sorted(events, key=lambda event: (event.received_at, event.key))
    classes = alias_classes(ordered)
    result = Resolved()
    profiles: dict[int, Profile] = {}
    left = sorted(deletions, key=lambda deletion: (deletion[2], priority(deletion[:2])))
    for number, event in enumerate(ordered):
        while left and left[0][2] <= event.received_at:
            _delete(left.pop(0), classes, profiles, result)
        nodes = set()
        for identifier in event.ids:
            nodes.add(classes[identifier])
        if event.previous is not None and any(i[0] == "user_id" for i in event.ids):
            named = [("user_id", event.previous), ("anonymous_id", event.previous)]
            nodes |= {classes[i] for i in named if i in classes}
        if nodes:
            kept = sorted(nodes, key=lambda node: priority(min(node, key=priority)))
            _apply(number, event, kept, profiles, result, limits, default, caps, protect)
    for deletion in left:
        _delete(deletion, classes, profiles, result)
    result.owner = {node: p.number for p in profiles.values() for node in p.added}
    return result


def _apply(number, event, kept, profiles, result, limits, default, caps, protect):
    while True:
        owners = sorted({p.number for p in profiles.values() if any(n in p.added for n in kept)})
        after = Profile(owners[0] if owners else number)
        for owner in owners:
            after.added |= profiles[owner].added
            after.merges += profiles[owner].merges
        after.merges += max(len(owners) - 1, 0)
        new = [n for n in kept if n not in after.added]
        after.added |= {n: event.received_at for n in new}
        is_changed = bool(new) or len(owners) > 1
        if not protect or not is_changed or len(kept) == 1 or not _is_broken(after, event.received_at, limits, default):
            break
        result.dropped.append((event.key, kept.pop()))
    if protect and owners and is_changed:
        too_many_merges = len(owners) > 1 and after.merges > caps[0]
        if too_many_merges or len(after.added) > caps[1]:
            owner = next(p for n in kept for p in profiles.values() if n in p.added)
            result.at_the_time[event.key] = result.now[event.key] = owner.number
            result.kept[event.key] = {n for n in kept if n in owner.added}
            return
    came_through = next((result.came_through[n] for n in kept if n not in new), number)
    result.came_through |= dict.fromkeys(new, came_through)
    result.kept[event.key] = set(kept)
    after.segments = {after.number}.union(*(profiles[owner].segments for owner in owners))
    for owner in owners:
        del profiles[owner]
    profiles[after.number] = after
    for old, canonical in list(result.canonical.items()):
        if canonical in owners and canonical != after.number:
            result.canonical[old] = after.number
            result.moves.append((old, after.number, event.key))
    result.canonical.setdefault(after.number, after.number)
    result.at_the_time[event.key] = result.now[event.key] = after.number


def _delete(deletion, classes, profiles, result):
    """Take an identifier out, and part what it alone held together."""
    node = classes.get(deletion[:2], frozenset())
    person = next((p for p in profiles.values() if node in p.added), None)
    users = [n for n in person.added if min(n, key=priority)[0] == "user_id"] if person else []
    if person is None or len(node) > 1 or users == [node]:
        return
    del person.added[node], result.came_through[node]
    calls = [key for key, number in result.now.items() if number in person.segments]
    for key in calls:
        result.kept[key].discard(node)
    groups = _linked(person.added, [result.kept[key] for key in calls])
    age = {n: (at, priority(min(n, key=priority))) for n, at in person.added.items()}
    home = {}
    for n in sorted(age, key=age.get):
        home.setdefault(result.came_through[n], groups[n])
    leader = {id(group): min(s for s in home if home[s] is group) for group in home.values()}
    first = min(leader.values(), default=None)
    canonical = {s: leader[id(home[s])] if s in home else first for s in person.segments}
    canonical = {s: person.number if c == first else c for s, c in canonical.items()}
    for group in groups.values():
        if not any(group is other for other in home.values()):
            eldest = min(group, key=age.get)
            leader[id(group)] = leader[id(home[result.came_through[eldest]])]
    owner = {n: leader[id(group)] for n, group in groups.items()}
    owner = {n: person.number if number == first else number for n, number in owner.items()}
    if set(canonical.values()) == {person.number}:
        return
    del profiles[person.number]
    for number in set(canonical.values()):
        segments = {s for s in canonical if canonical[s] == number}
        added = {n: at for n, at in person.added.items() if owner[n] == number}
        profiles[number] = Profile(number, added, len(segments) - 1, segments)
    result.came_through |= {n: owner[n] for n in owner if canonical[result.came_through[n]] != owner[n]}
    result.now |= {key: next((owner[n] for n in result.kept[key]), person.number) for key in calls}
    result.moves += [(s, c, deletion) for s, c in sorted(canonical.items()) if c != person.number]
    result.canonical |= canonical


def _linked(nodes, calls):
    """The set of each node with all that calls link it to, one set for all of them."""
    groups = {n: {n} for n in nodes}
    for kept in calls:
        joined = set().union(*(groups[n] for n in kept))
        groups |= dict.fromkeys(joined, joined)
    return groups


def _is_broken(profile, now, limits, default):
    counts = {}
    for node, added in profile.added.items():
        kind = min(node, key=priority)[0]
        most, window = limits.get(kind, default)
        if window is None or added > now - window:
            counts[kind] = counts.get(kind, 0) + 1
    return any(count > limits.get(kind, default)[0] for kind, count in counts.items())
