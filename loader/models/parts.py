"""Takes the SQL of a model apart at one of its WITHs: the rows that it gives, and what is made of them."""

from __future__ import annotations

from sqlglot import exp

from loader.models.render import Tree, bare_table


def rows_of(query: Tree, name: str) -> exp.Query:
    """The query of a WITH, with the WITHs that it needs."""
    ctes = _ctes(query)
    needed = _needed(ctes, name)
    rows = exp.select(*(exp.column(column) for column in ctes[name].this.named_selects)).from_(bare_table(name))
    for each in ctes:
        if each in needed:
            rows = rows.with_(each, as_=ctes[each].this.copy(), copy=False)
    return rows


def with_rows(query: Tree, name: str, rows: exp.Query) -> Tree:
    """The whole query, with `rows` in place of a WITH and of those that only it needs."""
    query = query.copy()
    ctes = _ctes(query)
    gone = _needed(ctes, name) - {name}
    ctes[name].set("this", rows)
    for each in gone:
        ctes[each].pop()
    return query


def why_not_rows(query: Tree, name: str, column: str) -> str | None:
    """Why the rest of a query is not made of the rows of this WITH alone; None when it is."""
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
    """The WITH itself and all that it reads, and so on."""
    found: set[str] = set()
    new = [name]
    while new:
        each = new.pop()
        found.add(each)
        new += [
            table.name for table in ctes[each].find_all(exp.Table) if table.name in ctes and table.name not in found
        ]
    return found
