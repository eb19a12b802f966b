"""Ordered funnels from the configuration: who did the first step, and then the others in this order.

A step is the first matching row of a person at or after the row of the previous step, and it is a different row. All
steps must lie within the window of the funnel, from the first step on. Each person counts once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlglot import exp

from loader.config.models.behaviour import FunnelSettings, FunnelStep
from loader.core.dialect import literal
from loader.models.context import Context
from loader.models.header import LogicalType
from loader.models.inputs import Input, InputColumn, input_query
from loader.models.parameters import typed_literal
from loader.models.render import SQL_TYPES, Tree, render

_REACHED: Final = "_funnel_reached"
_DECLARED: Final = "_funnel_declared"
_OF_EVERY_INPUT: Final = frozenset({"source", "call", "id", "anonymous_id", "user_id"})
_DAY_MICROSECONDS: Final = 86_400_000_000
_COLUMNS: Final = (
    "funnel varchar, step bigint, canonical_segment_id varchar, started_at timestamp, reached_at timestamp, "
    "source varchar, call varchar, event_id varchar"
)


def run(context: Context) -> None:
    """Write `funnel_people` and `funnel_steps`; both are empty when no funnel is declared."""
    connection = context.connection
    connection.execute(f"create or replace temp table {_REACHED} ({_COLUMNS})")
    connection.execute(f"create or replace temp table {_DECLARED} (funnel varchar, step bigint, name varchar)")
    for funnel in context.settings.funnels:
        for number, step in enumerate(funnel.steps, start=1):
            connection.execute(f"insert into {_DECLARED} values (?, ?, ?)", [funnel.name, number, step.name])
            connection.execute(f"insert into {_REACHED} {context.sql(_step_query(context, funnel, number, step))}")
    context.write(
        "funnel_people",
        "select funnel, step, canonical_segment_id, reached_at, "
        f"seconds_between(started_at, reached_at) as seconds_from_first, source, call, event_id from {_REACHED}",
    )
    context.write("funnel_steps", _STEPS)
    for table in (_REACHED, _DECLARED):
        connection.execute(f"drop table {table}")


def _step_query(context: Context, funnel: FunnelSettings, number: int, step: FunnelStep) -> str:
    """The query of the people who reach a step, with the row by which they reach it."""
    before, started_at, in_time = "", "r.timestamp", ""
    if number > 1:
        window = int(funnel.window_days * _DAY_MICROSECONDS)
        before = (
            f"join {_REACHED} as b on b.funnel = {literal(funnel.name)} and b.step = {number - 1} "
            "and b.canonical_segment_id = p.canonical_segment_id"
        )
        started_at = "b.started_at"
        # No row may be used for two steps. There are few steps, so all earlier ones are compared.
        in_time = (
            f"where r.timestamp >= b.reached_at and microseconds_between(b.started_at, r.timestamp) < {window} "
            f"and not exists (select 1 from {_REACHED} as u where u.funnel = {literal(funnel.name)} "
            "and u.canonical_segment_id = p.canonical_segment_id and u.event_id = r.id "
            "and u.source = r.source and u.call = r.call)"
        )
    return f"""
        select {literal(funnel.name)} as funnel, {number} as step, canonical_segment_id, started_at, reached_at, source,
          call, event_id
        from (
          select p.canonical_segment_id, {started_at} as started_at, r.timestamp as reached_at, r.source, r.call,
            r.id as event_id,
            row_number() over (
              partition by p.canonical_segment_id order by r.timestamp, r.id, r.source, r.call
            ) as place
          from ({_rows_query(context, step)}) as r
          join event_profiles as p on p.source = r.source and p.call = r.call and p.event_id = r.id
          {before}
          {in_time}
        ) as fitting
        where place = 1
    """


def _rows_query(context: Context, step: FunnelStep) -> str:
    """The query of all rows before as_of that match a step. In a source that lacks a column, no row matches."""
    declared = [column for column in _declared(step) if column.name not in _OF_EVERY_INPUT]
    rows = input_query(
        Input(
            name="input_of_a_step",
            path=Path("models.funnels"),
            description="",
            declared=tuple(declared),
            call=None if step.call == "track" else step.call,
            events=() if step.event is None else (step.event,),
        ),
        context.sources,
        context.parameters,
    )
    conditions = [exp.column("timestamp") < typed_literal(context.parameters["as_of"]), *_conditions(step)]
    return f"select source, call, id, timestamp from ({rows}) as step_rows where {render(exp.and_(*conditions))}"


def _declared(step: FunnelStep) -> Iterator[InputColumn]:
    for name, value in step.where.items():
        yield InputColumn(name, _kind(name, value), (name,), "")


def _kind(name: str, value: object) -> LogicalType:
    one = value[0] if isinstance(value, tuple) else value
    if name in _OF_EVERY_INPUT or isinstance(one, str):
        return "text"
    return "boolean" if isinstance(one, bool) else "float"


def _conditions(step: FunnelStep) -> Iterator[Tree]:
    for name, value in step.where.items():
        values = value if isinstance(value, tuple) else (value,)
        kind = SQL_TYPES[_kind(name, value)]
        yield exp.column(name).isin(*(exp.cast(typed_literal(each), kind, dialect="duckdb") for each in values))


_STEPS: Final = f"""
    with reached as (
      select funnel, step, canonical_segment_id, reached_at,
        lag(reached_at) over (partition by funnel, canonical_segment_id order by step) as before
      from {_REACHED}
    ),
    counted as (
      select d.funnel, d.step, d.name, count(r.canonical_segment_id) as people,
        quantile_cont(seconds_between(r.before, r.reached_at), 0.5) as median_seconds_from_previous
      from {_DECLARED} as d
      left join reached as r on r.funnel = d.funnel and r.step = d.step
      group by d.funnel, d.step, d.name
    )
    select funnel, step, name, people,
      cast(people as double) / nullif(lag(people) over (partition by funnel order by step), 0) as from_previous,
      cast(people as double) / nullif(first_value(people) over (partition by funnel order by step), 0) as from_first,
      median_seconds_from_previous
    from counted
"""
