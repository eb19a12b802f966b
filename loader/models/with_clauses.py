"""Splits the SQL of a model at one of its WITHs: the query of its rows, and the query that reads them."""

from __future__ import annotations

from sqlglot import exp

from loader.models.render import Tree, bare_table


def rows_of(query: Tree, name: str) -> exp.Query:
    """The query of a WITH, including the WITHs that it needs."""
    ctes = _ctes(query)
    needed = _needed(ctes, name)
    rows = exp.select(*(exp.column(column) for column in ctes[name].this.named_selects)).from_(bare_table(name))
    for each in ctes:
        if each in needed:
            rows = rows.with_(each, as_=ctes[each].this.copy(), copy=False)
    return rows


def with_rows(query: Tree, name: str, rows: exp.Query) -> Tree:
    """The whole query, with `rows` in place of a WITH and of the WITHs that only it needs."""
    query = query.copy()
    ctes = _ctes(query)
    gone = _needed(ctes, name) - {name}
    ctes[name].set("this", rows)
    for each in gone:
        ctes[each].pop()
    return query


def why_not_rows(query: Tree, name: str, column: str) -> str | None:
    """Why the rest of a query reads something other than the rows of this WITH; None if it does not."""
    ctes = _ctes(query)
    if name not in ctes:
        return f"it has no WITH {name}"
    if column not in ctes[name].this.named_selects:
        return f"{name} has no such column"
    behind = _needed(ctes, name)
    outside = [ctes[each].this for each in ctes if each not in behind]
    rest = query.copy()
    rest.set("with_", None)
    read = [table.name for part in (*outside, rest) for table in part.find_all(exp.Table)]
    before = behind - {name}
    beyond = [each for each in read if each in before or each not in ctes]
    return f"{beyond[0]} is read beside {name}" if beyond else None


def _ctes(query: Tree) -> dict[str, exp.CTE]:
    assert isinstance(query, exp.Query)
    return {cte.alias: cte for cte in query.ctes}


def _needed(ctes: dict[str, exp.CTE], name: str) -> set[str]:
    """The WITH and everything that it reads, directly or indirectly."""
    found: set[str] = set()
    new = [name]
    while new:
        each = new.pop()
        found.add(each)
        new += [
            table.name for table in ctes[each].find_all(exp.Table) if table.name in ctes and table.name not in found
        ]
    return found
