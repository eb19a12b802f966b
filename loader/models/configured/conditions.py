"""Turns conditions of audiences and computed traits into SQL trees. Values become literals, never pasted text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from sqlglot import exp

from loader.config.models.conditions import DAYS, NUMBERS, TIMES, Comparison, as_time
from loader.models.configured.levels import LEVELS, Level
from loader.models.header import LogicalType
from loader.models.parameters import typed_literal
from loader.models.render import DIALECT, SQL_TYPES, Tree, bare_table, parse_condition, parse_query

NEGATED: Final[Mapping[str, str]] = {
    "not_equals": "equals",
    "not_contains": "contains",
    "not_exists": "exists",
}
"""Operators that hold exactly where another one does not: also for a value that is missing."""
_TEMPLATES: Final[Mapping[str, str]] = {
    "equals": "v = $value",
    "less_than": "v < $value",
    "greater_than": "v > $value",
    "at_most": "v <= $value",
    "at_least": "v >= $value",
    "contains": "strpos(v, $value) > 0",
    "starts_with": "left(v, $length) = $value",
    "ends_with": "right(v, $length) = $value",
    "exists": "v is not null",
    "before": "v < $value",
    "after": "v > $value",
    "one_of": "v in ($value)",
    "within_last_days": "v >= add_days($as_of, -$value) and v < $as_of",
    "within_next_days": "v >= $as_of and v < add_days($as_of, $value)",
    "before_last_days": "v < add_days($as_of, -$value)",
    "after_next_days": "v >= add_days($as_of, $value)",
}


def type_of(comparison: Comparison) -> LogicalType:
    """The type in which a value is compared: the type of the operand."""
    if comparison.operator in NUMBERS:
        return "decimal"
    if comparison.operator in TIMES or comparison.operator in DAYS:
        return "timestamp"
    operands = _operands(comparison)
    if operands and all(isinstance(each, bool) for each in operands):
        return "boolean"
    if operands and all(isinstance(each, int | float) and not isinstance(each, bool) for each in operands):
        return "decimal"
    if operands and all(isinstance(each, date) for each in operands):  # every datetime is a date as well
        return "timestamp"
    return "text"


def is_negated(comparison: Comparison) -> bool:
    """Whether the operator holds exactly if `holds` does not."""
    return comparison.operator in NEGATED


def holds(comparison: Comparison, value: Tree) -> Tree:
    """The condition of a comparison; for a negated operator, of its opposite. The value must have the right type."""
    operator = str(comparison.operator)
    operator = NEGATED.get(operator, operator)
    # The operand is a number of days, although the compared value is a time.
    kind = "decimal" if operator in DAYS else type_of(comparison)
    operands = [_typed(each, kind) for each in _operands(comparison)]
    if operator == "contains_one_of":
        return exp.or_(*(_filled("contains", value, [operand]) for operand in operands))
    return _filled(operator, value, operands)


def is_met(comparison: Comparison, value: Tree) -> Tree:
    """The condition of a comparison, true or false for every row. Missing values meet only negated operators."""
    condition = holds(comparison, value)
    return exp.not_(exp.Coalesce(this=condition, expressions=[exp.false()])) if is_negated(comparison) else condition


def as_type(value: Tree, given: LogicalType, wanted: LogicalType) -> Tree:
    """A value converted to another type; NULL if that is not possible."""
    if given == wanted:
        return value
    return exp.TryCast(this=value, to=exp.DataType.build(SQL_TYPES[wanted], dialect=DIALECT))


def fill(template: str, nodes: Mapping[str, Tree], tables: Mapping[str, str | exp.Query] | None = None) -> exp.Query:
    """Parse a template and replace its `$names` by nodes; other `$names` are parameters of models.

    `tables`: the model, input or query for each table name of the template.
    """
    tree = _with_nodes(parse_query(template, "a template").copy(), nodes)
    for table in list(tree.find_all(exp.Table)):
        given = (tables or {}).get(table.name)
        if isinstance(given, str):
            table.set("this", exp.to_identifier(given))
        elif given is not None:
            table.replace(exp.Subquery(this=given.copy(), alias=exp.TableAlias(this=exp.to_identifier(table.name))))
    assert isinstance(tree, exp.Query)
    return tree


def fill_for(
    level: Level, template: str, nodes: Mapping[str, Tree], tables: Mapping[str, str | exp.Query] | None = None
) -> exp.Query:
    """Fill a template that is written for profiles, for the given level."""
    return fill(template.replace(LEVELS["profile"].key.name, level.key.name), nodes, tables)


def days_before(days: int) -> Tree:
    """The instant this many days before `as_of`."""
    return _with_nodes(parse_condition("add_days($as_of, -$days)", "a template"), {"days": typed_literal(days)})


def member_of(who: exp.Column, model: str) -> Tree:
    """The condition that a profile or account is in a model, by the column of that name."""
    rows = exp.select(who.name).from_(bare_table(model))
    return exp.In(this=who.copy(), query=exp.Subquery(this=rows))


@lru_cache(maxsize=100)
def _template(text: str) -> Tree:
    return parse_condition(text, "a template")


def _filled(operator: str, value: Tree, operands: list[Tree]) -> Tree:
    nodes: dict[str, Tree | list[Tree]] = {"value": operands if operator == "one_of" else (operands or [exp.null()])[0]}
    if operator in ("starts_with", "ends_with"):
        nodes["length"] = typed_literal(len(str(operands[0].this)))
    tree = _with_nodes(_template(_TEMPLATES[operator]).copy(), nodes)
    for column in list(tree.find_all(exp.Column)):
        column.replace(value.copy())
    return exp.Paren(this=tree)


def _with_nodes(tree: Tree, nodes: Mapping[str, Tree | list[Tree]]) -> Tree:
    for placeholder in list(tree.find_all(exp.Placeholder)):
        node = nodes.get(placeholder.name)
        if isinstance(node, list):
            assert isinstance(placeholder.parent, exp.In)
            placeholder.parent.set("expressions", [each.copy() for each in node])
        elif isinstance(node, exp.Expr):
            placeholder.replace(node.copy())
    return tree


def _operands(comparison: Comparison) -> list[object]:
    if comparison.value is None:
        return []
    return list(comparison.value) if isinstance(comparison.value, tuple) else [comparison.value]


def _number(value: object) -> int | Decimal:
    return value if isinstance(value, int) else Decimal(str(value))


def _typed(value: object, kind: LogicalType) -> Tree:
    if kind == "timestamp":
        return typed_literal(as_time(value))
    if kind == "decimal":
        return typed_literal(_number(value))
    if kind == "boolean":
        return typed_literal(value)
    return typed_literal(_text(value))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
