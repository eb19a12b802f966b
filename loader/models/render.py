"""Turns the SQL of a model into a statement: binds parameters, expands macros, qualifies tables, renders a dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from loader.core.nearest import nearest
from loader.errors import ConfigError
from loader.models.header import NAME, Column, LogicalType
from loader.models.macros import expand_macros
from loader.models.parameters import typed_literal, value_list

DIALECT: Final = "duckdb"
"""The spelling in which models are written."""
SQL_TYPES: Final[Mapping[LogicalType, str]] = {
    "text": "varchar",
    "integer": "bigint",
    "decimal": "decimal(28, 6)",
    "float": "double",
    "boolean": "boolean",
    "timestamp": "timestamp",
    "date": "date",
}
"""Types of columns. A timestamp is UTC and has no zone, so that no session setting changes what a day is."""

Tree = exp.Expr
"""Any node of a statement."""
Resolve = Callable[[str], exp.Table | None]
"""From the name of a model or input to its table; None for names that are neither."""


def parse(text: str, path: Path | str, line: int = 0) -> Tree:
    """Parse the one statement of a text. Raises ConfigError with the line; `line` lines precede the text."""
    try:
        found = sqlglot.parse(text, read=DIALECT)
    except (ParseError, TokenError) as error:
        details = getattr(error, "errors", None)
        at = details[0].get("line") or 1 if details else 1
        problem = (
            str(details[0].get("description") if details else error).splitlines()[0].partition(" but got <Token")[0]
        )
        raise ConfigError(f"the SQL is not understood: {problem}", f"{path}:{line + at}", "correct it") from None
    except RecursionError:
        raise ConfigError(
            "the SQL is nested too deeply to be read", f"{path}:{line + 1}", "compute the inner parts in a WITH"
        ) from None
    # A comment after the last semicolon is parsed as a separate node.
    statements = [each for each in found if each is not None and not isinstance(each, exp.Semicolon)]
    if len(statements) != 1:
        raise ConfigError(f"there are {len(statements)} statements", f"{path}:{line + 1}", "write exactly one")
    return statements[0]


@lru_cache(maxsize=2000)
def parse_query(text: str, path: Path | str, line: int = 0) -> exp.Query:
    """Parse the one SELECT of a text. It is cached: copy it before a change. Raises ConfigError with the line."""
    statement = parse(text, path, line)
    if not isinstance(statement, exp.Query):
        raise ConfigError(
            "the statement is not a SELECT", f"{path}:{line + 1}", "write one SELECT, or one WITH … SELECT"
        )
    return statement


def parse_condition(text: str, path: Path | str, line: int = 0) -> Tree:
    """Parse a condition. It is parsed after WHERE, because alone, `call = 1` would be another kind of statement."""
    condition: Tree = parse_query(f"select 1 where {text}", path, line).args["where"].this
    return condition.copy()


def line_of(node: Tree, text: str) -> int:
    """The line of a name in the text it was parsed from; 1 if it has no position."""
    start = node.meta.get("start")
    return 1 if start is None else text.count("\n", 0, start) + 1


def tables_read(tree: Tree) -> list[exp.Table]:
    """The unqualified tables that a query reads: not its own WITHs, no names with a schema, no table functions."""
    found = list(tree.find_all(exp.CTE, exp.Table))
    own = {cte.alias.lower() for cte in found if isinstance(cte, exp.CTE)}
    return [
        table
        for table in found
        if isinstance(table, exp.Table)
        and isinstance(table.this, exp.Identifier)
        and not table.db
        and table.name.lower() not in own
    ]


def parameters_read(tree: Tree) -> list[str]:
    """The names of the parameters of a query, sorted."""
    return sorted({node.name for node in tree.find_all(exp.Placeholder) if node.name != "?"})


def bind(tree: Tree, parameters: Mapping[str, object], where: str) -> Tree:
    """Replace every `$name` by a typed literal. Raises ConfigError for a name that is not a parameter."""
    tree = tree.copy()
    for node in list(tree.find_all(exp.Placeholder)):
        if node.name not in parameters:
            raise ConfigError(
                f"there is no parameter ${node.name}",
                where,
                f"parameters are the settings of the section models{nearest(node.name, parameters)}",
            )
        value = parameters[node.name]
        if isinstance(node.parent, exp.In) and node.arg_key == "expressions":
            # The list is read again from the node, because replacing an item replaces the list.
            items = [e for old in node.parent.expressions for e in (value_list(value) if old is node else [old])]
            node.parent.set("expressions", items)
        else:
            node.replace(typed_literal(value))
    return tree


def qualify(tree: Tree, resolve: Resolve) -> Tree:
    """Replace the names of models and inputs by their tables. Other names stay as they are."""
    tree = tree.copy()
    for table in tables_read(tree):
        found = resolve(table.name)
        if found is None:
            continue
        found = found.copy()
        for key, value in table.args.items():
            if key not in ("this", "db", "catalog") and value:
                found.set(key, value.copy() if isinstance(value, Tree) else value)
        if not table.alias:
            found.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
        table.replace(found)
    return tree


def typed(query: Tree, columns: tuple[Column, ...], is_open: bool = False) -> exp.Select:
    """Select exactly the declared columns, each cast to its type, so that every warehouse has the same table.

    `is_open`: the other columns of the query follow, unchanged.
    """
    inner = exp.Subquery(this=query.copy(), alias=exp.TableAlias(this=exp.to_identifier("made")))
    casts = [
        exp.alias_(
            exp.cast(exp.column(column.name, table="made"), SQL_TYPES[column.type], dialect=DIALECT), column.name
        )
        for column in columns
    ]
    rest = [exp.Column(this=_all_but(columns), table=exp.to_identifier("made"))] if is_open else []
    return exp.select(*casts, *rest).from_(inner)


def _all_but(columns: tuple[Column, ...]) -> exp.Star:
    return exp.Star(except_=[exp.to_identifier(column.name) for column in columns])


def bare_table(name: str) -> exp.Table:
    """An unqualified table."""
    return exp.Table(this=exp.to_identifier(name))


def table_of(schema: str, name: str) -> exp.Table:
    """A qualified table, quoted."""
    return exp.Table(this=exp.to_identifier(name, quoted=True), db=exp.to_identifier(schema, quoted=True))


def render(tree: Tree, dialect: str = DIALECT, pretty: bool = False) -> str:
    """Render the statement in a dialect, with macros expanded and without comments."""
    expanded = expand_macros(tree, dialect)
    if dialect == "snowflake":
        # There, names are stored in upper case, so a quoted name in lower case would be another one.
        for node in expanded.find_all(exp.Identifier):
            node.set("quoted", node.args.get("quoted") and NAME.fullmatch(node.name.lstrip("_")) is None)
    return expanded.sql(dialect=dialect, comments=False, pretty=pretty)
