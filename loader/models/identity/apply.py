"""Applies the result of an increment to the tables and to what is kept for the next run."""

from __future__ import annotations

from typing import Final

import numpy as np

from loader.models.context import Context
from loader.models.identity.calls import types_of, types_of_nodes
from loader.models.identity.changes import Last
from loader.models.identity.kept import fill_nodes, limited
from loader.models.identity.links import HALF
from loader.models.identity.resolve import Resolver
from loader.models.identity.state import Longs, Numbers
from loader.models.identity.tables import (
    Earlier,
    identity_sql,
    measure_people,
    name_profiles,
    name_types,
    order_mapping,
)
from loader.models.identity.work import Work

_NONE: Final = "select cast(null as varchar) as value limit 0"
_MERGED: Final = "select old_name as value from _identity_merged"


def apply(work: Work, context: Context, resolver: Resolver, earlier_node: Numbers, last: Last) -> None:
    """Change the tables of identifiers and profiles."""
    name_types(work, context)
    name_profiles(work, "select profile, segment_id from _identity_touched")
    order_mapping(work, True)
    work.make(
        "_identity_merged",
        "select t.segment_id as old_name, n.canonical_segment_id as new_name from _identity_touched as t "
        "join _identity_names as n on n.profile = t.profile "
        "where t.person = t.profile and n.canonical_segment_id <> t.segment_id",
    )
    _number(work, last)
    degree = _link(work, context, resolver)
    measure_people(work, resolver, degree, _earlier(work, resolver, earlier_node))
    for name in ("id_graph_updates", "external_id_mapping_updates"):
        context.patch(name, "segment_id", _NONE, identity_sql(name))
    moved = "select segment_id as value from _identity_names where last_seq > 0"
    context.patch("id_graph", "segment_id", moved, identity_sql("id_graph"))
    people = "select segment_id as value from _identity_touched where person = profile"
    context.patch("identity_profiles", "canonical_segment_id", people, identity_sql("identity_profiles"))
    for name in ("external_id_mapping", "event_profiles", "identity_violations"):
        patch_merged(context, name, identity_sql(name))
    _keep(work, context, resolver, degree, last)


def patch_merged(context: Context, name: str, new: str) -> None:
    """Add rows, and update the rows of people who were merged into others."""
    context.patch(
        name,
        "canonical_segment_id",
        _MERGED,
        f"select * from ({new}) as added union all by name select t.* replace (m.new_name as canonical_segment_id) "
        f"from {context.previous(name)} as t join _identity_merged as m on m.old_name = t.canonical_segment_id",
    )


def _number(work: Work, last: Last) -> None:
    """Make `_identity_numbers(identifier, number)` and `_identity_profile_numbers(profile, number)`, to be kept."""
    work.make(
        "_identity_numbers",
        f"select i.identifier, cast(coalesce(k.old, {last.identifiers} + row_number() over (partition by k.old is null "
        "order by i.identifier)) as integer) as number, k.node from _identity_identifiers as i "
        "left join _identity_known as k on k.identifier = i.identifier",
    )
    work.make(
        "_identity_profile_numbers",
        f"select p.profile, cast(coalesce(t.old, {last.profiles} + p.profile - "
        "(select count(*) from _identity_touched)) as integer) as number "
        "from _identity_profiles as p left join _identity_touched as t on t.profile = p.profile",
    )


def _by_place(work: Work, query: str, size: int) -> Numbers:
    """The values of a query of (place, value) as an array by place; 0 elsewhere."""
    places, values = work.columns(query)
    found = np.zeros(size, dtype=np.int32)
    found[places] = values
    return found


def node_numbers(work: Work, resolver: Resolver) -> Numbers:
    """The number of each node that is kept: the number from the last run if it had one."""
    size = len(resolver.node_of)
    numbers = _by_place(work, "select identifier, number from _identity_numbers", size)
    identifiers, nodes = work.columns("select identifier, node from _identity_known")
    numbers[resolver.node_of[identifiers]] = nodes
    return numbers


def _link(work: Work, context: Context, resolver: Resolver) -> Longs:
    """How many others each node was linked to. Makes `_identity_pairs(pair)` of the new links."""
    pairs, numbers = resolver.pairs(), node_numbers(work, resolver).astype(np.int64)
    a, b = pairs >> HALF, pairs & ((1 << HALF) - 1)
    kept = (np.minimum(numbers[a], numbers[b]) << HALF) | np.maximum(numbers[a], numbers[b])
    work.fill("_identity_linked", ("a", "b", "pair"), (a, b, kept))
    work.make(
        "_identity_pairs",
        f"select l.a, l.b, l.pair from _identity_linked as l anti join {context.state('identity_links')} as o "
        "on o.pair = l.pair",
    )
    new = work.columns("select a, b from _identity_pairs")
    degree = np.zeros(len(resolver.node_of), dtype=np.int64)
    identifiers, known = work.columns("select identifier, degree from _identity_known")
    degree[resolver.node_of[identifiers]] = known
    for ends in new:
        degree += np.bincount(ends, minlength=len(degree))
    return degree


def _earlier(work: Work, resolver: Resolver, earlier_node: Numbers) -> Earlier:
    """What people were before the increment."""
    by_profile = [
        _by_place(work, f"select profile, {name} from _identity_earlier", resolver.count + 1)
        for name in ("users", "identifiers", "events")
    ]
    size = len(resolver.node_of)
    was_counted, was_user = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
    (owned,) = work.columns("select identifier from _identity_known where profile > 0")
    was_counted[owned] = True
    user = resolver.rules.user_type
    users = owned[types_of_nodes(types_of(work), earlier_node, user)[earlier_node[owned]] == user]
    was_user[resolver.node_of[users]] = True
    return Earlier(by_profile[0], by_profile[1], by_profile[2], was_counted, was_user)


def _keep(work: Work, context: Context, resolver: Resolver, degree: Longs, last: Last) -> None:
    none = "select cast(null as integer) as value limit 0"
    changed = "t.person is null or p.canonical <> t.person"
    both = "_identity_profiles as p left join _identity_touched as t on t.profile = p.profile"
    is_new = f"n.number > {last.identifiers}"
    context.patch_state(
        "identity_values",
        "identifier",
        none,
        "select n.number as identifier, i.type, i.value from _identity_identifiers as i "
        f"join _identity_numbers as n on n.identifier = i.identifier where {is_new}",
    )
    fill_nodes(work, resolver, degree)
    work.fill(
        "_identity_node_numbers",
        ("node", "number"),
        (np.arange(len(resolver.node_of), dtype=np.int32), node_numbers(work, resolver)),
    )
    context.patch_state(
        "identity_nodes",
        "identifier",
        "select old as value from _identity_known",
        "select i.number as identifier, n.number as node, coalesce(p.number, 0) as profile, o.added, o.degree, "
        "o.is_mapped from _identity_owned as o join _identity_numbers as i on i.identifier = o.identifier "
        "join _identity_node_numbers as n on n.node = o.node "
        "left join _identity_profile_numbers as p on p.profile = o.profile",
    )
    context.patch_state(
        "identity_profiles",
        "profile",
        f"select t.old as value from {both} where t.old is not null and ({changed})",
        "select a.number as profile, c.number as canonical, n.segment_id "
        f"from (select p.* from {both} where {changed}) as p "
        "join _identity_names as n on n.profile = p.profile "
        "join _identity_profile_numbers as a on a.profile = p.profile "
        "join _identity_profile_numbers as c on c.profile = p.canonical",
    )
    context.patch_state(
        "identity_people",
        "profile",
        "select old as value from _identity_touched where person = profile",
        "select n.number as profile, p.users, p.identifiers, p.events, i.number as hub from _identity_people as p "
        "join _identity_profile_numbers as n on n.profile = p.profile "
        "join _identity_numbers as i on i.identifier = p.hub",
    )
    context.patch_state("identity_links", "pair", none, "select distinct pair from _identity_pairs")
    context.patch_state("identity_previous", "value", _NONE, "select distinct value from _identity_previous")
    work.fill("_identity_limited", ("profile",), (limited(work, resolver),))
    context.patch_state(
        "identity_limited",
        "profile",
        none,
        "select n.number as profile from _identity_limited as l "
        "join _identity_profile_numbers as n on n.profile = l.profile",
    )
