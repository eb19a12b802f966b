"""Connected components and the forest of the least links, by contraction: Borůvka 1926.

Each node picks its least link, the picked links are contracted, and what is left is a smaller graph. Rounds grow with
the logarithm of the number of nodes, whatever the shape: a chain of 10,000 links is no worse than a star.
"""

from __future__ import annotations

from loader.models.identity.work import Work


def contract(work: Work, links: str, roots: str, forest: str) -> int:
    """Contract `links(a, b, weight)`, no weight twice, until none is left; the number of rounds.

    Makes `roots(node, root)`, a row per node that has a link, with one root per component; and `forest(weight)`, the
    links of the minimum spanning forest.
    """
    work.make(forest, "select cast(0 as bigint) as weight limit 0")
    work.make("_identity_left", f"select a, b, weight from {links} where a <> b")
    rounds = 0
    while work.number("select count(*) from _identity_left"):
        rounds += 1
        parents = f"_identity_parents_{rounds}"
        _pick(work, forest, parents)
        _jump(work, parents)
        work.make(
            "_identity_fewer",
            "select least(x.root, y.root) as a, greatest(x.root, y.root) as b, min(e.weight) as weight "
            f"from _identity_left as e join {parents} as x on x.node = e.a join {parents} as y on y.node = e.b "
            "where x.root <> y.root group by 1, 2",
        )
        work.rename("_identity_fewer", "_identity_left")
    _compose(work, rounds, roots)
    work.drop("_identity_left")
    return rounds


def _pick(work: Work, forest: str, parents: str) -> None:
    """The least link of each node; of two nodes that pick each other the smaller becomes the root."""
    work.make(
        "_identity_picked",
        "select node, min(weight) as weight, arg_min(other, weight) as other from ("
        "select a as node, b as other, weight from _identity_left union all "
        "select b, a, weight from _identity_left) group by node",
    )
    work.connection.execute(f"insert into {forest} select distinct weight from _identity_picked")
    work.make(
        parents,
        "select p.node, case when q.weight = p.weight and p.node < p.other then p.node else p.other end as root "
        "from _identity_picked as p join _identity_picked as q on q.node = p.other",
    )
    work.drop("_identity_picked")


def _jump(work: Work, parents: str) -> None:
    """Let every node point to its root: the way is halved each time."""
    while work.number(
        f"select count(*) from {parents} as x join {parents} as y on y.node = x.root where y.root <> x.root"
    ):
        work.make(
            "_identity_jumped", f"select x.node, y.root from {parents} as x join {parents} as y on y.node = x.root"
        )
        work.rename("_identity_jumped", parents)


def _compose(work: Work, rounds: int, roots: str) -> None:
    """One table out of those of all rounds, from the last, which is the smallest."""
    work.make(roots, "select cast(0 as bigint) as node, cast(0 as bigint) as root limit 0")
    for number in range(rounds, 0, -1):
        parents = f"_identity_parents_{number}"
        work.make(
            "_identity_composed",
            f"select p.node, coalesce(r.root, p.root) as root from {parents} as p left join {roots} as r on r.node "
            "= p.root",
        )
        work.rename("_identity_composed", roots)
        work.drop(parents)
