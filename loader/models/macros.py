"""Functions that models may call although no warehouse has them: sqlglot would render the usual spelling wrongly.

microseconds_between(a, b)   exact microseconds from a to b, an integer, negative when b is before a
seconds_between(a, b)        the same in seconds, a float
local_day(t, zone)           calendar day of the UTC timestamp t in a zone
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlglot
from sqlglot import exp

_MICROSECONDS: Final = {
    "duckdb": "epoch_us(b) - epoch_us(a)",
    "postgres": "cast(extract(epoch from (b - a)) * 1000000 as bigint)",
    "snowflake": "datediff(microsecond, a, b)",
}
_LOCAL_DAY: Final = {
    "duckdb": "cast(timezone(z, timezone('UTC', t)) as date)",
    "postgres": "cast(timezone(z, timezone('UTC', t)) as date)",
    "snowflake": "cast(convert_timezone('UTC', z, t) as date)",
}


def _expression(template: str, dialect: str, values: dict[str, exp.Expr]) -> exp.Expr:
    tree = sqlglot.parse_one(template, read=dialect)
    for column in list(tree.find_all(exp.Column)):
        if column.name in values:
            column.replace(exp.Paren(this=values[column.name].copy()))
    return exp.Paren(this=tree)


def _microseconds(dialect: str, start: exp.Expr, end: exp.Expr) -> exp.Expr:
    return _expression(_MICROSECONDS[dialect], dialect, {"a": start, "b": end})


def _seconds(dialect: str, start: exp.Expr, end: exp.Expr) -> exp.Expr:
    exact = exp.cast(_microseconds(dialect, start, end), "double", dialect="duckdb")
    return exp.Paren(this=exp.Div(this=exact, expression=exp.Literal.number("1000000.0"), typed=False, safe=False))


def _local_day(dialect: str, instant: exp.Expr, zone: exp.Expr) -> exp.Expr:
    return _expression(_LOCAL_DAY[dialect], dialect, {"t": instant, "z": zone})


MACROS: Final[dict[str, Callable[..., exp.Expr]]] = {
    "microseconds_between": _microseconds,
    "seconds_between": _seconds,
    "local_day": _local_day,
}


def expand_macros(tree: exp.Expr, dialect: str) -> exp.Expr:
    """The statement with every macro as an expression of the dialect."""

    def expanded(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Anonymous) and node.name.lower() in MACROS:
            # Arguments first: a macro may stand inside another one.
            arguments = [argument.transform(expanded) for argument in node.expressions]
            return MACROS[node.name.lower()](dialect, *arguments)
        return node

    return tree.transform(expanded)
