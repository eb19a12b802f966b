"""Functions of our own for models, where sqlglot would render the usual functions wrongly for some warehouse.

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
_ADD_SECONDS: Final = {
    "duckdb": "t + n * interval '1 second'",
    "postgres": "t + n * interval '1 second'",
    "snowflake": "dateadd(second, n, t)",
}
_ADD_DAYS: Final = {
    "duckdb": "t + n * interval '24 hours'",
    "postgres": "t + n * interval '24 hours'",
    "snowflake": "dateadd(hour, 24 * n, t)",
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


def _add_seconds(dialect: str, instant: exp.Expr, seconds: exp.Expr) -> exp.Expr:
    return _expression(_ADD_SECONDS[dialect], dialect, {"t": instant, "n": seconds})


def _add_days(dialect: str, instant: exp.Expr, days: exp.Expr) -> exp.Expr:
    return _expression(_ADD_DAYS[dialect], dialect, {"t": instant, "n": days})


MACROS: Final[dict[str, Callable[..., exp.Expr]]] = {
    "microseconds_between": _microseconds,
    "seconds_between": _seconds,
    "local_day": _local_day,
    "add_seconds": _add_seconds,
    "add_days": _add_days,
}


_PATTERNS: Final = {
    "number": r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$",
    "boolean": r"^\s*(t|f|true|false|yes|no|y|n|0|1)\s*$",
    "time": r"^\s*\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}(:?\d{2})?)?)?\s*$",
}
"""Texts that Postgres, which has no cast that may fail, is asked to cast."""
_KINDS: Final = {exp.DataType.Type.BOOLEAN: "boolean"} | {
    kind: "time" for kind in (*exp.DataType.TEMPORAL_TYPES, exp.DataType.Type.DATE)
}


def _try_cast(node: exp.TryCast, dialect: str) -> exp.Expr:
    """A cast that returns NULL if the value does not fit, for dialects that have it only for texts, or not at all."""
    text = exp.cast(node.this, "varchar", dialect="duckdb")
    if dialect == "snowflake":
        return exp.TryCast(this=text, to=node.to.copy())
    pattern = _PATTERNS[_KINDS.get(node.to.this, "number")]
    fits = exp.RegexpILike(this=text, expression=exp.Literal.string(pattern))
    cast = exp.Cast(this=exp.cast(text.copy(), "numeric", dialect="postgres"), to=node.to.copy())
    value = cast if pattern == _PATTERNS["number"] else exp.Cast(this=text.copy(), to=node.to.copy())
    return exp.Case(ifs=[exp.If(this=fits, true=value)])


def _ported(node: exp.Expr, dialect: str) -> exp.Expr:
    """Replace a node that sqlglot would render wrongly for a dialect."""
    if isinstance(node, exp.TryCast) and dialect != "duckdb":
        return _try_cast(node, dialect)
    is_zone = isinstance(node, exp.Anonymous) and node.name.lower() == "timezone"
    if is_zone and dialect == "snowflake":
        zone, instant = node.expressions
        converted = exp.Anonymous(this="CONVERT_TIMEZONE", expressions=[zone, instant])
        return exp.Cast(this=converted, to=exp.DataType.build("timestampntz", dialect="snowflake"))
    return node


def expand_macros(tree: exp.Expr, dialect: str) -> exp.Expr:
    """Replace every macro in a statement by an expression of the dialect."""
    tree = tree.copy()
    # From the leaves up, because the argument of a macro may itself be a macro.
    for node in reversed(list(tree.walk(bfs=False))):
        new = _expanded(node, dialect)
        if new is node:
            continue
        if node is tree:
            tree = new
        else:
            node.replace(new)
    return tree


def _expanded(node: exp.Expr, dialect: str) -> exp.Expr:
    if isinstance(node, exp.Anonymous) and node.name.lower() in MACROS:
        return MACROS[node.name.lower()](dialect, *node.expressions)
    return _ported(node, dialect)
