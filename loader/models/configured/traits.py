"""Computed traits: a model `trait_<key>` for each setting of `models.traits`, and one table per level."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from sqlglot import exp

from loader.config.models.traits import TraitSettings
from loader.core.dialect import literal
from loader.models.configured.conditions import fill_for
from loader.models.configured.generated import Generated, generated_model
from loader.models.configured.levels import LEVELS, Level
from loader.models.configured.matching import Matching
from loader.models.header import Column, LogicalType
from loader.models.parameters import typed_literal

TYPES: Final[Mapping[str, LogicalType]] = {
    "count": "integer",
    "unique_count": "integer",
    "sum": "decimal",
    "average": "decimal",
    "min": "decimal",
    "max": "decimal",
    "most_frequent": "text",
    "first": "text",
    "last": "text",
    "unique_list": "text",
}
ZERO_WITHOUT_EVENTS: Final = ("count", "unique_count")
"""Kinds that are 0 for a profile without matching events; all others have no value then."""
_AGGREGATE: Final = """
select canonical_segment_id, {aggregate} as value
from matching
{where}
group by canonical_segment_id
{having}
"""
_EDGE: Final = """
select canonical_segment_id, value
from (
  select canonical_segment_id, value, row_number() over (
    partition by canonical_segment_id
    order by timestamp {way}, received_at {way}, source {way}, call {way}, id {way}
  ) as place
  from matching
  where value is not null
) as placed
where place = 1
"""
_MOST_FREQUENT: Final = """
select canonical_segment_id, value
from (
  select canonical_segment_id, value,
    row_number() over (partition by canonical_segment_id order by occurrences desc, value) as place
  from (
    select canonical_segment_id, value, count(*) as occurrences
    from matching
    where value is not null
    group by canonical_segment_id, value
  ) as counted
  where occurrences >= $min_occurrences
) as placed
where place = 1
"""
_NEVER_PLAIN: Final = '\\"' + "".join(map(chr, range(1, 32)))
"""What JSON writes in another way inside of texts. The backslash is the first: all the others become one."""


def _json_text(value: str) -> str:
    """The SQL of a column's value as JSON text."""
    for each in _NEVER_PLAIN:
        value = f"replace({value}, chr({ord(each)}), chr(92) || {literal(json.dumps(each)[2:-1])})"
    return f"'\"' || {value} || '\"'"


# A list is the text of a JSON array, because every warehouse has different arrays.
_UNIQUE_LIST: Final = f"""
select canonical_segment_id, '[' || string_agg(quoted, ',' order by value) || ']' as value
from (
  select canonical_segment_id, value, {_json_text("value")} as quoted
  from (select distinct canonical_segment_id, value from matching where value is not null) as distinct_values
) as listed
group by canonical_segment_id
"""
_SESSION: Final = """
select *
from (
  select stepped.*, sum(case when seconds_between(timestamp, later) > $seconds then 1 else 0 end) over (
    partition by canonical_segment_id
    order by timestamp desc, received_at desc, source desc, call desc, id desc
    rows between unbounded preceding and current row
  ) as breaks
  from (
    select matching.*, lead(timestamp) over (
      partition by canonical_segment_id order by timestamp, received_at, source, call, id
    ) as later
    from matching
  ) as stepped
) as in_sessions
where breaks = 0
"""
_QUERIES: Final[Mapping[str, str]] = {
    "count": _AGGREGATE.format(aggregate="count(*)", where="", having=""),
    # A sum that its type cannot hold is no value, so that a single absurd number does not fail the run.
    "sum": _AGGREGATE.format(
        aggregate="sum(value)", where="where value is not null", having="having abs(sum(value)) < 1e22"
    ),
    **{
        kind: _AGGREGATE.format(aggregate=aggregate, where="where value is not null", having="")
        for kind, aggregate in {
            "average": "avg(value)",
            "min": "min(value)",
            "max": "max(value)",
            "unique_count": "count(distinct value)",
        }.items()
    },
    "first": _EDGE.format(way="asc"),
    "last": _EDGE.format(way="desc"),
    "most_frequent": _MOST_FREQUENT,
    "unique_list": _UNIQUE_LIST,
}


def trait_models(traits: Mapping[str, TraitSettings]) -> Generated:
    """The model and input of every trait, and the wide table of each level that has traits."""
    made = Generated()
    for key, trait in traits.items():
        made = made.plus(_trait(key, trait))
    for name, level in LEVELS.items():
        if chosen := {key: trait for key, trait in traits.items() if trait.level == name}:
            made = made.plus(_wide(chosen, level))
    return made


def newest_of_accounts(rows: exp.Query) -> exp.Query:
    """The query of the newest value of each account, by `group_id`, over the rows of its calls."""
    return fill_for(LEVELS["account"], _QUERIES["last"], {}, {"matching": rows})


def _trait(key: str, trait: TraitSettings) -> Generated:
    setting = f"models.traits.{key}"
    kind, level = TYPES[trait.kind], LEVELS[trait.level]
    matching = Matching(
        name=f"trait_{key}",
        setting=setting,
        events=trait.event,
        call=trait.call,
        where=trait.where,
        within_days=trait.within_days,
        taken=trait.property,
        value_type=kind if kind == "decimal" else "text",
        is_of_accounts=trait.level == "account",
    )
    rows: exp.Query = matching.rows()
    if trait.session_minutes is not None:
        rows = _over(_SESSION, rows, trait)
    model = generated_model(
        name=f"trait_{key}",
        setting=setting,
        description=trait.description or f"Computed trait {key}: {trait.kind} of {_about(trait)}.",
        grain=f"one row per {level.noun} that has the trait",
        keys=(level.key.name,),
        columns=(level.key, Column("value", kind, "value of the trait")),
        query=_over(_QUERIES[trait.kind], rows, trait),
    )
    return Generated((model,), (matching.input(),))


def _about(trait: TraitSettings) -> str:
    what = ", ".join(trait.event) or f"{trait.call} calls"
    return what if trait.property is None else f"{trait.property} of {what}"


def _over(template: str, rows: exp.Query, trait: TraitSettings) -> exp.Query:
    """The query of a template, with the matching rows in place of its table `matching`."""
    nodes = {
        "min_occurrences": typed_literal(trait.min_occurrences),
        "seconds": typed_literal(60 * (trait.session_minutes or 0)),
    }
    return fill_for(LEVELS[trait.level], template, nodes, {"matching": rows})


def _wide(traits: Mapping[str, TraitSettings], level: Level) -> Generated:
    """The wide table: one row per profile or account of the population, one column per trait."""
    columns = [level.key, *level.shown]
    query = exp.select(*(exp.column(column.name, table="p") for column in columns)).from_(
        exp.alias_(exp.to_table(level.population), "p", table=True)
    )
    for key, trait in traits.items():
        name = f"trait_{key}"
        value: exp.Expr = exp.column("value", table=name)
        if trait.kind in ZERO_WITHOUT_EVENTS:
            value = exp.Coalesce(this=value, expressions=[exp.Literal.number(0)])
        same = exp.column(level.key.name, table=name).eq(exp.column(level.key.name, table="p"))
        query = query.join(exp.to_table(name), on=same, join_type="left").select(exp.alias_(value, key))
        columns.append(Column(key, TYPES[trait.kind], trait.description or f"{trait.kind} of {_about(trait)}"))
    model = generated_model(
        name=level.traits_table,
        setting="models.traits",
        description=level.traits_description,
        grain=f"one row per {level.noun}",
        keys=(level.key.name,),
        columns=tuple(columns),
        query=query,
    )
    return Generated((model,))
