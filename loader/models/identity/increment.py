"""Takes in the calls that came since the last run, and looks only at the people whom they touch.

It restores the profiles of these people from what the last run kept, and replays the new calls on them. Here,
identifiers and profiles have their own numbers, from 1; `_identity_known(identifier, old, node)` and
`_identity_touched(profile, old, person, segment_id)` map them to the numbers of the last run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from loader.core.dialect import literal
from loader.models.context import Context
from loader.models.identity import kernel
from loader.models.identity.calls import types_of, types_of_nodes
from loader.models.identity.changes import Last
from loader.models.identity.found import write_found
from loader.models.identity.observed import observe
from loader.models.identity.resolve import Resolver, resolver_of, take_calls
from loader.models.identity.state import Numbers
from loader.models.identity.work import Work

_PAIR: Final = ("user_id", "anonymous_id")


class FullRunNeededError(Exception):
    """The new calls change the history of earlier ones. The text says why."""


def replay_new(work: Work, context: Context, inputs: Mapping[str, str], last: Last) -> tuple[Resolver, Numbers]:
    """Replay the new calls. Also returns the node that each identifier had before. Raises FullRunNeededError."""
    settings = context.settings.identity
    new = {}
    for call, table in inputs.items():
        new[call] = f"_identity_new_{call}"
        work.make(new[call], f"select * from {table} where received_at > timestamp {literal(str(last.until))}")
    observe(work, new, settings, (), last.calls, lambda: _extend(work, context))
    work.drop(*new.values())
    _know(work)
    node_of, earlier_node = _join_aliases(work)
    types = types_of(work)
    touched = work.columns("select person from _identity_touched order by profile")[0]
    resolver = resolver_of(settings, types, node_of, len(touched) + len(types))
    earlier_types = types_of_nodes(types, earlier_node, resolver.rules.user_type)
    is_changed = (earlier_node != node_of) | (earlier_types[earlier_node] != resolver.nodes.type[node_of])
    ranked_anew = np.flatnonzero((earlier_node > 0) & is_changed).astype(np.int32)
    _restore(work, resolver, touched)
    aliased = "select identifier from _identity_classes"
    _refuse_unmapped(work, resolver, f"{aliased} where identifier in (select identifier from _identity_known)")
    if len(ranked_anew) and settings.resolver == "unify":
        _refuse_limited(work, context, resolver, ranked_anew)
    take_calls(work, resolver, [], last.calls)
    _refuse_unmapped(work, resolver, aliased)
    write_found(work, resolver, last.updates, last.mapped)
    return resolver, earlier_node


def _extend(work: Work, context: Context) -> None:
    """Add the identifiers of all people whom the new calls touch, and the aliases of these identifiers."""
    values, nodes = context.state("identity_values"), context.state("identity_nodes")
    types = context.settings.identity.types
    pair = ", ".join(str(types.index(name)) for name in _PAIR if name in types) or "-1"
    _refuse_named(work, context, pair)
    work.make(
        "_identity_met",
        f"select v.identifier from {values} as v semi join _identity_distinct as d "
        "on d.type = v.type and d.value = v.value "
        f"union select v.identifier from {values} as v semi join _identity_previous as p on p.value = v.value "
        f"where v.type in ({pair})",
    )
    work.make(
        "_identity_nodes_met",
        f"select distinct n.node, n.profile from {nodes} as n "
        "semi join _identity_met as m on m.identifier = n.identifier",
    )
    _touch(work, context)
    _add_hubs(work, context)
    # Limits count all identifiers of a person. Without limits, those on the calls are enough.
    whole = (
        "profile in (select old from _identity_touched) or " if context.settings.identity.resolver == "unify" else ""
    )
    work.make(
        "_identity_old",
        f"select n.*, v.type, v.value from {values} as v join (select * from {nodes} where {whole}"
        "node in (select node from _identity_nodes_met)) as n on v.identifier = n.identifier",
    )
    work.connection.execute(
        "insert into _identity_distinct select type, value from _identity_old except select type, value from "
        "_identity_distinct"
    )
    work.drop("_identity_met", "_identity_nodes_met")


def _touch(work: Work, context: Context) -> None:
    """Make `_identity_touched`: the profiles of all people who own a node of the new calls."""
    profiles = context.state("identity_profiles")
    work.make(
        "_identity_touched",
        f"select cast(row_number() over (order by p.profile) as integer) as profile, p.profile as old, "
        f"p.canonical, p.segment_id from {profiles} as p where p.canonical in (select q.canonical from {profiles} as q "
        "where q.profile in (select profile from _identity_nodes_met))",
    )
    work.make(
        "_identity_touched",
        "select t.profile, t.old, t.segment_id, c.profile as person from _identity_touched as t "
        "join _identity_touched as c on c.old = t.canonical",
    )


def _add_hubs(work: Work, context: Context) -> None:
    """Make `_identity_earlier(profile, users, identifiers, events, hub)`, the touched people; meet their hubs too."""
    nodes = context.state("identity_nodes")
    work.make(
        "_identity_earlier",
        f"select t.profile, p.users, p.identifiers, p.events, p.hub from {context.state('identity_people')} as p "
        "join _identity_touched as t on t.old = p.profile",
    )
    work.connection.execute(
        f"insert into _identity_nodes_met select distinct node, profile from {nodes} "
        "where identifier in (select hub from _identity_earlier)"
    )


def _refuse_named(work: Work, context: Context, pair: str) -> None:
    """Refuse a new id that an earlier alias named: it changes what that alias joined."""
    values, previous = context.state("identity_values"), context.state("identity_previous")
    if work.number(
        f"select count(*) from _identity_distinct as d semi join {previous} as p on p.value = d.value "
        f"anti join {values} as v on v.type = d.type and v.value = d.value where d.type in ({pair})"
    ):
        raise FullRunNeededError("an id that an earlier alias names as previous was seen for the first time")


def _know(work: Work) -> None:
    """Make `_identity_known`: the identifiers of the last run, by their numbers here."""
    work.make(
        "_identity_known",
        "select i.identifier, o.identifier as old, o.node, coalesce(t.person, 0) as profile, o.added, o.degree, "
        "o.is_mapped from _identity_old as o join _identity_identifiers as i on i.type = o.type and i.value = o.value "
        "left join _identity_touched as t on t.old = o.profile",
    )
    work.drop("_identity_old")


def _join_aliases(work: Work) -> tuple[Numbers, Numbers]:
    """The node of each identifier now, and its node in the last run; 0 if it had none."""
    identifiers, old_nodes = work.columns("select identifier, node from _identity_known order by node, identifier")
    is_same = old_nodes[1:] == old_nodes[:-1]
    pairs = work.columns("select identifier, previous from _identity_aliases where identifier <> previous")
    root = np.arange(work.number("select coalesce(max(identifier), 0) from _identity_identifiers") + 1, dtype=np.int32)
    kernel.unite(identifiers[:-1][is_same], identifiers[1:][is_same], root)
    earlier = kernel.roots(identifiers, root)
    kernel.unite(pairs[0], pairs[1], root)
    joined = np.unique(np.concatenate([*pairs, identifiers]))
    root[joined] = kernel.roots(joined, root)
    classes = joined[(root[joined] != joined) | np.isin(joined, root[joined[root[joined] != joined]])]
    work.fill("_identity_classes", ("identifier", "node"), (classes, root[classes]))
    nodes = np.unique(np.stack([root[identifiers], old_nodes]), axis=1)
    if len(np.unique(nodes[0])) < nodes.shape[1]:
        raise FullRunNeededError("an alias joins two ids that calls of earlier runs had")
    before = np.zeros(len(root), dtype=np.int32)
    before[identifiers] = earlier
    return root, before


def _restore(work: Work, resolver: Resolver, touched: Numbers) -> None:
    """Restore the profiles of the last run."""
    found = work.connection.execute(
        "select identifier, profile, added, is_mapped from _identity_known order by identifier"
    ).fetchnumpy()
    identifiers = np.asarray(found["identifier"], dtype=np.int32)
    owners, at = np.asarray(found["profile"], dtype=np.int32), np.asarray(found["added"], dtype=np.int64)
    resolver.nodes.mapped[identifiers] = np.asarray(found["is_mapped"], dtype=np.bool_)
    nodes, place = np.unique(resolver.node_of[identifiers], return_index=True)
    is_owned = owners[place] > 0
    place = place[is_owned]
    kernel.restore(
        resolver.profiles,
        resolver.nodes,
        resolver.found,
        np.concatenate([np.zeros(1, dtype=np.int32), touched]),
        nodes[is_owned].astype(np.int32),
        owners[place],
        at[place],
    )


def _refuse_unmapped(work: Work, resolver: Resolver, aliased: str) -> None:
    """Refuse an alias that maps an identifier that was always dropped: its row belongs among earlier rows."""
    (identifiers,) = work.columns(aliased)
    is_owned = resolver.nodes.owner[resolver.node_of[identifiers]] > 0
    if not resolver.nodes.mapped[identifiers[is_owned]].all():
        raise FullRunNeededError("an alias maps an identifier that calls dropped")


def _refuse_limited(work: Work, context: Context, resolver: Resolver, ranked_anew: Numbers) -> None:
    """Refuse an alias that changes the type of a node if limits had any effect: it changes history."""
    state = context.state("identity_limited")
    if work.number(f"select count(*) from {state} where profile in (select old from _identity_touched)"):
        raise FullRunNeededError(
            "an alias changes the priority of an id of somebody near whom an identifier was dropped"
        )
    owners = resolver.nodes.owner
    if (owners[resolver.node_of[ranked_anew]] == 0).any():
        raise FullRunNeededError("an alias changes the priority of an id that calls dropped")
    owned = np.flatnonzero(owners)
    kinds = len(resolver.rules.most)
    counted = np.bincount(owners[owned].astype(np.int64) * kinds + resolver.nodes.type[owned], minlength=kinds)
    most = np.tile(resolver.rules.most, -(-len(counted) // kinds))[: len(counted)]
    if (counted > most).any():
        raise FullRunNeededError("an alias changes the priority of an id, and a limit would have been broken")
