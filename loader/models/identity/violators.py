"""Components in which a limit may be broken. Only their events are replayed: a profile is a part of a component.

Makes `_identity_violating(node)`; and, with what the replay found, `_identity_created(profile)`,
`_identity_moves(profile, canonical, seq)`, `_identity_resolved(seq, profile)`,
`_identity_dropped(seq, node, cause, type, n, most)`, `_identity_removed(identifier, profile, seq,
deleted_at)` and `_identity_refused(identifier)`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from loader.config.models_identity import IdentitySettings
from loader.models.identity.replay import Limit, Most, Replay
from loader.models.identity.work import Work

_ROWS_AT_ONCE: Final = 20_000
_MICROSECONDS_PER_DAY: Final = 86_400_000_000


def limits_of(settings: IdentitySettings) -> list[Limit]:
    """The limit of each type, by its place in the order of priority."""
    limits = []
    for name in settings.types:
        values, days = settings.limit_of(name)
        limits.append(Limit(values, None if days is None else days * _MICROSECONDS_PER_DAY))
    return limits


def find_violators(work: Work, settings: IdentitySettings) -> int:
    """Make `_identity_violating`; how many events have a node of it. None with the resolver `components`."""
    limits = limits_of(settings)
    most = min(settings.max_merges, settings.max_identifiers)
    allowed = " ".join(f"when {place} then {limit.values}" for place, limit in enumerate(limits))
    by_type = (
        "select r.root, i.type, count(*) as n from _identity_roots as r "
        "join _identity_ranks as k on k.node = r.node join _identity_identifiers as i on i.identifier = k.rank "
        "group by 1, 2"
    )
    broken = (
        f"select root from (select root, bool_or(n > case type {allowed} else 0 end) as is_broken, sum(n) as n "
        f"from ({by_type}) group by root) where is_broken or n > {most}"
    )
    chosen = f"select node from _identity_roots where root in ({broken})"
    if settings.resolver == "components":
        chosen = "select cast(0 as bigint) as node limit 0"
    work.make("_identity_violating", chosen)
    deleted = "select n.node from _identity_deletions as d join _identity_nodes as n on n.identifier = d.identifier"
    work.connection.execute(
        "insert into _identity_violating select distinct node from (select r.node from _identity_roots as r where "
        f"r.root in (select root from _identity_roots where node in ({deleted})) union {deleted}) as d "
        "where node not in (select node from _identity_violating)"
    )
    return work.number(
        "select count(distinct m.seq) from _identity_members as m semi join _identity_violating as v on v.node = m.node"
    )


@dataclass(slots=True)
class _Found:
    """What the replay found, as columns of whole numbers."""

    created: array[int] = field(default_factory=lambda: array("q"))
    resolved: tuple[array[int], array[int]] = field(default_factory=lambda: (array("q"), array("q")))
    moves: tuple[array[int], array[int], array[int]] = field(
        default_factory=lambda: (array("q"), array("q"), array("q"))
    )
    dropped: tuple[array[int], ...] = field(default_factory=lambda: tuple(array("q") for _ in range(6)))
    removed: tuple[array[int], ...] = field(default_factory=lambda: tuple(array("q") for _ in range(4)))
    refused: array[int] = field(default_factory=lambda: array("q"))


def replay_violators(work: Work, settings: IdentitySettings) -> None:
    """Replay the events of the violating components in the order of their arrival."""
    types: Mapping[int, int] = dict(
        work.connection.execute(
            "select k.node, i.type from _identity_violating as v join _identity_ranks as k on k.node = v.node "
            "join _identity_identifiers as i on i.identifier = k.rank"
        ).fetchall()
    )
    user_type = settings.types.index("user_id") if "user_id" in settings.types else None
    most = Most(settings.max_merges, settings.max_identifiers, user_type)
    replay = Replay(limits_of(settings), types, most)
    found = _Found()
    deletions = _deletions(work)
    for seq, at, nodes in _events(work):
        while deletions and deletions[-1].seq < seq:
            _delete(replay, deletions.pop(), found)
        step = replay.event(seq, at, nodes)
        found.resolved[0].append(seq)
        found.resolved[1].append(step.profile)
        if step.is_new:
            found.created.append(seq)
        for profile in step.moved:
            for column, value in zip(found.moves, (profile, step.profile, seq), strict=True):
                column.append(value)
        for drop in step.dropped:
            values = (seq, drop.node, drop.cause.value, drop.type, drop.values, drop.limit)
            for column, value in zip(found.dropped, values, strict=True):
                column.append(value)
    while deletions:
        _delete(replay, deletions.pop(), found)
    _fill(work, found)


@dataclass(frozen=True, slots=True)
class _Deletion:
    """A deletion after the event `seq`. `is_alone`: no alias joins the identifier to another."""

    seq: int
    identifier: int
    node: int
    at: int
    is_alone: bool


def _deletions(work: Work) -> list[_Deletion]:
    """Deletions, the last one first."""
    rows = work.connection.execute(
        "select d.seq, d.identifier, n.node, epoch_us(d.deleted_at), "
        "(select count(*) from _identity_nodes as o where o.node = n.node) = 1 from _identity_deletions as d "
        "join _identity_nodes as n on n.identifier = d.identifier order by d.seq desc, d.deleted_at desc, "
        "d.identifier desc"
    ).fetchall()
    return [_Deletion(*row) for row in rows]


def _delete(replay: Replay, deletion: _Deletion, found: _Found) -> None:
    profile = replay.delete(deletion.node) if deletion.is_alone else None
    if profile is None:
        found.refused.append(deletion.identifier)
        return
    for column, value in zip(found.removed, (deletion.identifier, profile, deletion.seq, deletion.at), strict=True):
        column.append(value)


def _fill(work: Work, found: _Found) -> None:
    work.fill("_identity_created", ("profile",), (found.created,))
    work.fill("_identity_removals", ("identifier", "profile", "seq", "microseconds"), found.removed)
    work.make(
        "_identity_removed",
        "select identifier, profile, seq, make_timestamp(microseconds) as deleted_at from _identity_removals",
    )
    work.drop("_identity_removals")
    work.fill("_identity_refused", ("identifier",), (found.refused,))
    work.fill("_identity_resolved", ("seq", "profile"), found.resolved)
    work.fill("_identity_moves", ("profile", "canonical", "seq"), found.moves)
    work.fill("_identity_dropped", ("seq", "node", "cause", "type", "n", "most"), found.dropped)


def _events(work: Work) -> Iterator[tuple[int, int, list[int]]]:
    """Events of the violators in their order: number, arrival in microseconds, nodes by priority."""
    work.connection.execute(
        "select m.seq, epoch_us(e.received_at), list(m.node order by k.rank) from _identity_members as m "
        "join _identity_violating as v on v.node = m.node join _identity_ranks as k on k.node = m.node "
        "join _identity_events as e on e.seq = m.seq group by m.seq, e.received_at order by m.seq"
    )
    while rows := work.connection.fetchmany(_ROWS_AT_ONCE):
        yield from rows
