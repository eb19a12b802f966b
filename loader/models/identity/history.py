"""Profiles, merges and the profile at the time of each event, without a loop over events.

For the components that no limit touches. The links chosen by the contraction are the minimum spanning forest by time,
so: an event creates a profile if none of its ids was seen before; another one merges profiles if more forest links
come from it than new ids. Only merging events are walked in order. Every other event belongs to the profile that its
oldest id began in, as the merges had left it by then.

A profile is called by the number of the event that created it. Appends to `_identity_created(profile)`,
`_identity_moves(profile, canonical, seq)` and `_identity_resolved(seq, profile)`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Final

from loader.models.identity.work import Work

_ROWS_AT_ONCE: Final = 50_000


def write_history(work: Work) -> None:
    """Append what the module describes."""
    work.make(
        "_identity_seen",
        "select m.seq, min(f.first_seq) as anchor, count(*) filter (where f.first_seq = m.seq) as new "
        "from _identity_members as m join _identity_first as f on f.node = m.node "
        "where m.node not in (select node from _identity_violating) group by m.seq",
    )
    _find_bases(work)
    _walk_merges(work)
    work.connection.execute("insert into _identity_created select seq from _identity_seen where anchor = seq")
    if work.number("select count(*) from _identity_walked"):
        resolved = (
            "select b.seq, coalesce(w.canonical, b.base) from based as b "
            "asof left join _identity_walked as w on w.profile = b.base and b.seq >= w.seq"
        )
    else:
        resolved = "select seq, base from based"
    work.connection.execute(
        "insert into _identity_resolved with based as (select s.seq, b.base from _identity_seen as s "
        f"join _identity_bases as b on b.seq = s.anchor) {resolved}"
    )
    work.connection.execute("insert into _identity_moves select profile, canonical, seq from _identity_walked")
    work.drop("_identity_seen", "_identity_bases", "_identity_walked")


def _find_bases(work: Work) -> None:
    """Make `_identity_bases(seq, base)`: for an event with new ids, the event that created the profile they joined.

    New ids join the profile of the oldest id on their event, which joined that of an older one, and so on: the way is
    halved until it ends.
    """
    work.make("_identity_bases", "select seq, anchor as base from _identity_seen where new > 0")
    two_steps = "_identity_bases as x join _identity_bases as y on y.seq = x.base"
    while work.number(f"select count(*) from {two_steps} where y.base <> x.base"):
        work.make("_identity_jumped", f"select x.seq, y.base from {two_steps}")
        work.rename("_identity_jumped", "_identity_bases")


def _walk_merges(work: Work) -> None:
    """Make `_identity_walked(profile, canonical, seq)`: what merging events did, in their order."""
    root: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    moves = (array("q"), array("q"), array("q"))
    for seq, bases in _merging_events(work):
        owners = sorted({_find(root, base) for base in bases})
        oldest = owners[0]
        gathered = members.setdefault(oldest, [oldest])
        for owner in owners[1:]:
            root[owner] = oldest
            moving = members.pop(owner, [owner])
            for profile in moving:
                for column, value in zip(moves, (profile, oldest, seq), strict=True):
                    column.append(value)
            gathered += moving
    work.fill("_identity_walked", ("profile", "canonical", "seq"), moves)


def _find(root: dict[int, int], profile: int) -> int:
    top = profile
    while top in root:
        top = root[top]
    while profile != top:
        root[profile], profile = top, root[profile]
    return top


def _merging_events(work: Work) -> Iterator[tuple[int, list[int]]]:
    """Events that join profiles, in order, each with the profiles that its older ids began in."""
    work.connection.execute(
        "with merging as (select s.seq from _identity_seen as s join (select l.seq, count(*) as n "
        "from _identity_forest as f join _identity_links as l on l.weight = f.weight group by l.seq) as f on "
        "f.seq = s.seq "
        "where s.anchor < s.seq and f.n > s.new) "
        "select distinct m.seq, b.base from merging as e join _identity_members as m on m.seq = e.seq "
        "join _identity_first as f on f.node = m.node and f.first_seq < m.seq "
        "join _identity_bases as b on b.seq = f.first_seq order by m.seq, b.base"
    )
    rows = _rows(work)
    for seq, group in groupby(rows, key=itemgetter(0)):
        yield seq, [base for _, base in group]


def _rows(work: Work) -> Iterator[tuple[int, int]]:
    while rows := work.connection.fetchmany(_ROWS_AT_ONCE):
        yield from rows
