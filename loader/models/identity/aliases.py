"""Aliases say, whenever they arrive, that two ids are one person: each class of them becomes one node.

Makes `_identity_nodes(identifier, node)` for every identifier that is not blocked; `_identity_ranks(node, rank)`, the
identifier by which a node is ranked and limited: that of the highest priority; `_identity_members(seq, node)`, the
nodes on each call; and `_identity_first(node, first_seq)`.
"""

from __future__ import annotations

from loader.models.identity.links import contract
from loader.models.identity.work import Work


def close_aliases(work: Work) -> None:
    """Make the tables that the module describes."""
    work.make(
        "_identity_alias_links",
        "select a, b, row_number() over (order by a, b) as weight from (select distinct "
        "least(identifier, previous) as a, greatest(identifier, previous) as b from _identity_aliases)",
    )
    contract(work, "_identity_alias_links", "_identity_classes", "_identity_alias_forest")
    is_aliased = work.number("select count(*) from _identity_classes") > 0
    work.make(
        "_identity_nodes",
        "select i.identifier, coalesce(c.root, i.identifier) as node from _identity_identifiers as i "
        "left join _identity_classes as c on c.node = i.identifier where not i.is_blocked",
    )
    members = "select seq, identifier as node from _identity_observed"
    if is_aliased:
        members = (
            "select distinct o.seq, n.node from _identity_observed as o "
            "join _identity_nodes as n on n.identifier = o.identifier"
        )
    work.make("_identity_members", members)
    work.make("_identity_first", "select node, min(seq) as first_seq from _identity_members group by node")
    # Identifiers are numbered by type and value, so the least of a class is the one of the highest priority.
    work.make("_identity_ranks", "select node, min(identifier) as rank from _identity_nodes group by node")
    work.drop("_identity_alias_links", "_identity_alias_forest", "_identity_classes")


def link_calls(work: Work) -> None:
    """Make `_identity_links(a, b, seq, weight)`: all ids of a call to one of them, each pair at its earliest call."""
    work.make(
        "_identity_links",
        "select a, b, seq, row_number() over (order by seq, a, b) as weight from ("
        "select c.center as a, m.node as b, min(m.seq) as seq from _identity_members as m "
        "join (select seq, min(node) as center from _identity_members group by seq having count(*) > 1) as c "
        "on c.seq = m.seq where m.node <> c.center group by 1, 2)",
    )
