"""Writes what a run keeps for increments: identifiers with their profiles, links, and what limits left out.

Tables: `identity_values(identifier, type, value)`; `identity_nodes(identifier, node, profile, added, degree,
is_mapped)`, `profile` that owned the node, 0 for none; `identity_profiles(profile, canonical, segment_id)`;
`identity_people(profile, users, identifiers, events, hub)`, `hub` an identifier; `identity_links(pair)`;
`identity_previous(value)`, previous ids of aliases; `identity_limited(profile)`, profiles near which an identifier was
dropped; `identity_removed_traits(profile, name, seq)`, traits whose newest value is none.
"""

from __future__ import annotations

import numpy as np

from loader.models.context import Context
from loader.models.identity.links import degrees
from loader.models.identity.resolve import Resolver
from loader.models.identity.state import Numbers
from loader.models.identity.work import Work


def keep(work: Work, context: Context, resolver: Resolver) -> None:
    """Write the tables that the module describes."""
    context.write_state("identity_values", "select identifier, type, value from _identity_identifiers")
    fill_nodes(work, resolver, degrees(resolver.pairs(), len(resolver.node_of)))
    context.write_state("identity_nodes", "select * from _identity_owned")
    context.write_state("identity_profiles", PROFILES)
    context.write_state("identity_people", "select profile, users, identifiers, events, hub from _identity_people")
    work.fill("_identity_pairs", ("pair",), (resolver.pairs(),))
    context.write_state("identity_links", "select pair from _identity_pairs")
    context.write_state("identity_previous", "select distinct value from _identity_previous")
    work.fill("_identity_limited", ("profile",), (limited(work, resolver),))
    context.write_state("identity_limited", "select profile from _identity_limited")
    context.write_state("identity_removed_traits", REMOVED_TRAITS)
    work.drop("_identity_owned", "_identity_pairs", "_identity_limited")


PROFILES = (
    "select p.profile, p.canonical, n.segment_id from _identity_profiles as p "
    "join _identity_names as n on n.profile = p.profile"
)
REMOVED_TRAITS = "select canonical as profile, name, seq from _identity_newest where value is null"


def fill_nodes(work: Work, resolver: Resolver, degree: np.ndarray) -> None:
    """Make `_identity_owned`: the rows of `identity_nodes`."""
    nodes, node_of = resolver.nodes, resolver.node_of[1:]
    work.fill(
        "_identity_owned",
        ("identifier", "node", "profile", "added", "degree", "is_mapped"),
        (
            np.arange(1, len(node_of) + 1, dtype=np.int32),
            node_of,
            owners(resolver)[node_of],
            nodes.added[node_of],
            degree[node_of].astype(np.int32),
            nodes.mapped[1:],
        ),
    )


def owners(resolver: Resolver) -> Numbers:
    """The person who owns each node; 0 for none."""
    return resolver.canonical()[resolver.nodes.owner]


def limited(work: Work, resolver: Resolver) -> Numbers:
    """The people of calls with a dropped identifier, and the people who own the dropped identifiers."""
    rows = work.columns(
        "select d.node, r.profile from _identity_dropped as d join _identity_resolved as r on r.seq = d.seq"
    )
    people = np.concatenate([owners(resolver)[rows[0]], resolver.canonical()[rows[1]]])
    found: Numbers = np.unique(people[people > 0]).astype(np.int32)
    return found
