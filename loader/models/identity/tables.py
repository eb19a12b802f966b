"""Writes the tables that readers see, from the numbers of the resolution. Their SQL is in `sql/identity`."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from loader.core.dialect import literal
from loader.models.context import Context
from loader.models.identity.links import degrees
from loader.models.identity.resolve import Resolver
from loader.models.identity.sizes import sizes
from loader.models.identity.state import Longs, Numbers
from loader.models.identity.work import Work
from loader.models.passes import Spans
from loader.sqlfiles import read_sql

TABLES: Final = (
    *("id_graph_updates", "id_graph", "external_id_mapping_updates", "external_id_mapping", "event_profiles"),
    *("identity_profiles", "identity_violations"),
)

_SPANS: Final = {
    "id_graph_updates": Spans("_identity_updates", "place"),
    "external_id_mapping_updates": Spans("_identity_mapping", "place"),
    "external_id_mapping": Spans("_identity_mapping", "place"),
    "event_profiles": Spans("_identity_resolved", "seq"),
}
"""Tables with a row for nearly every call or identifier: their joins take in a span of them at once."""


def identity_sql(name: str) -> str:
    """A statement in `sql/identity`."""
    return read_sql(f"identity/{name}.sql")


def write_tables(work: Work, context: Context, resolver: Resolver) -> None:
    """Write every table that is ours. A file of the user may replace one of them."""
    name_types(work, context)
    name_profiles(work)
    order_mapping(work, is_plain(work))
    measure_people(work, resolver, degrees(resolver.pairs(), len(resolver.node_of)))
    for name in TABLES:
        if context.owns(name):
            context.write(name, identity_sql(name), _SPANS.get(name))


def name_types(work: Work, context: Context) -> None:
    """Make `_identity_types(type, name)`."""
    names = enumerate(context.settings.identity.types)
    listed = ", ".join(f"({place}, {literal(name)})" for place, name in names)
    work.make("_identity_types", f"select * from (values {listed}) as t(type, name)")


def name_profiles(work: Work, earlier: str | None = None) -> None:
    """Make `_identity_names(profile, segment_id, canonical_segment_id, last_place, last_seq, last_removal)`.

    `earlier`: query of (profile, segment_id) of the profiles of earlier runs.
    """
    work.make("_identity_segments", identity_sql("segments") + ("" if earlier is None else f" union all {earlier}"))
    work.make("_identity_names", identity_sql("names"))
    work.drop("_identity_segments")


def is_plain(work: Work) -> bool:
    """Whether mappings are in the order of the replay: nothing was removed, and no alias maps a dropped identifier."""
    unmapped = "_identity_classes where identifier not in (select identifier from _identity_mapped)"
    return work.number(f"select (select count(*) from _identity_removed) + (select count(*) from {unmapped})") == 0


def order_mapping(work: Work, is_in_order: bool) -> None:
    """Make `_identity_mapping(place, identifier, profile, seq, is_removal, deleted_at, is_current)`.

    `is_in_order`: the order of the replay is the right one.
    """
    if not is_in_order:
        work.make("_identity_mapping", identity_sql("mapping"))
        return
    work.make(
        "_identity_mapping",
        "select *, 0 as is_removal, cast(null as timestamp) as deleted_at, true as is_current from _identity_mapped",
    )


class Earlier(NamedTuple):
    """What profiles were before an increment, and which identifiers counted then, also as users."""

    users: Numbers
    identifiers: Numbers
    events: Numbers
    was_counted: npt.NDArray[np.bool_]
    was_user: npt.NDArray[np.bool_]
    """By node."""


def measure_people(work: Work, resolver: Resolver, degree: Longs, earlier: Earlier | None = None) -> None:
    """Make `_identity_people(profile, users, identifiers, events, hub, hub_degree)`, a row per person."""
    canonical, node_of = resolver.canonical(), resolver.node_of
    person = canonical[resolver.nodes.owner[node_of]]
    mapped = np.flatnonzero(person).astype(np.int32)
    users, identifiers, hub = sizes(
        mapped, node_of, person[mapped], resolver.nodes.type, degree, resolver.count, resolver.rules.user_type
    )
    events = np.bincount(canonical[resolver.belongings()], minlength=resolver.count + 1)
    if earlier is not None:
        # An increment only knows the identifiers that it met; new ones are added to the earlier counts.
        known = np.flatnonzero(earlier.was_counted & (person > 0))
        np.subtract.at(identifiers, person[known], 1)
        counted_users = np.flatnonzero(earlier.was_user & (person > 0))
        np.subtract.at(users, person[counted_users], 1)
        np.add.at(users, canonical, earlier.users)
        np.add.at(identifiers, canonical, earlier.identifiers)
        np.add.at(events, canonical, earlier.events)
    people = np.flatnonzero(identifiers).astype(np.int32)
    work.fill(
        "_identity_people",
        ("profile", "users", "identifiers", "events", "hub", "hub_degree"),
        (people, users[people], identifiers[people], events[people], hub[people], degree[hub[people]]),
    )
