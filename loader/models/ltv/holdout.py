"""Tests the forecast: fits it to the orders up to a day, and compares it with the orders since."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from loader.models.ltv import bgnbd, gamma_gamma
from loader.models.ltv.estimate import estimate_orders, estimate_values
from loader.models.ltv.likelihood import FitError
from loader.models.ltv.tables import given, histories, spending

if TYPE_CHECKING:
    from loader.models.context import Context

TABLE: Final = "ltv_holdout"
_PEOPLE: Final = "ltv_holdout_people"


def last_day(context: Context) -> date:
    """The last calendar day whose orders count."""
    (day,) = context.rows("select local_day($ltv_as_of - interval '1 microsecond', $timezone)")[0]
    assert isinstance(day, date)
    return day


def write_holdout(context: Context) -> None:
    """Make the table: one row per tenth of the people, by expected orders. Raises FitError if nothing can be fitted."""
    settings = context.settings.ltv
    end = last_day(context)
    cutoff = end - timedelta(days=settings.holdout_days)
    with given(context, "ltv_bound", {"cutoff": [cutoff]}):
        context.execute(_people_query())
    try:
        found = histories(context, _PEOPLE)
        parameters, _ = estimate_orders(found, settings.minimum_repeat_buyers)
        values = _values(context)
        _, _, expected = bgnbd.expected_if_alive(parameters, found.x, found.age, [settings.holdout_days])
        expected = expected[:, 0] * bgnbd.alive(parameters, found.x, found.recency, found.age)
        one = {
            "cutoff": [cutoff],
            "end_day": [end],
            "p": [None if values is None else values.p],
            "q": [None if values is None else values.q],
            "v": [None if values is None else values.v],
        }
        predicted = {"x": found.x, "t_x_days": found.recency, "age_days": found.age, "expected": expected}
        with given(context, "ltv_bound", one), given(context, "ltv_given", predicted):
            context.write(TABLE, _deciles_query())
    finally:
        context.connection.execute(f"drop table {_PEOPLE}")


def _values(context: Context) -> gamma_gamma.Parameters | None:
    """The values of orders, or None if they cannot be fitted; the numbers of orders are compared all the same."""
    settings = context.settings.ltv
    try:
        return estimate_values(spending(context, _PEOPLE), settings.minimum_repeat_buyers, settings.minimum_q)[0]
    except FitError:
        return None


def _people_query() -> str:
    return f"""
        create temp table {_PEOPLE} as
        with numbered as (
            select d.canonical_segment_id, d.order_day, d.value, b.cutoff,
                row_number() over (partition by d.canonical_segment_id order by d.order_day) as place
            from ltv_order_days as d
            cross join ltv_bound as b
            where d.order_day <= b.cutoff
        )
        select canonical_segment_id, count(*) - 1 as x, max(order_day) - min(order_day) as t_x_days,
            max(cutoff) - min(order_day) as age_days,
            count(case when place > 1 and value > 0 then 1 end) as valued_repeat_days,
            avg(case when place > 1 and value > 0 then cast(value as double) end) as mean_repeat_order
        from numbered
        group by canonical_segment_id
    """


def _deciles_query() -> str:
    return f"""
        with actual as (
            select d.canonical_segment_id, count(*) as orders, sum(d.value) as value
            from ltv_order_days as d
            cross join ltv_bound as b
            where d.order_day > b.cutoff
            group by d.canonical_segment_id
        ),
        compared as (
            select h.canonical_segment_id, g.expected, coalesce(a.orders, 0) as orders, coalesce(a.value, 0) as value,
                g.expected * b.p * (b.v + h.valued_repeat_days * coalesce(h.mean_repeat_order, 0))
                  / (b.p * h.valued_repeat_days + b.q - 1) as expected_value,
                b.cutoff, b.end_day,
                ntile(10) over (order by g.expected desc, h.canonical_segment_id) as decile
            from {_PEOPLE} as h
            join ltv_given as g on g.x = h.x and g.t_x_days = h.t_x_days and g.age_days = h.age_days
            cross join ltv_bound as b
            left join actual as a on a.canonical_segment_id = h.canonical_segment_id
        )
        select decile, min(cutoff) as calibrated_to, min(end_day) as compared_to, count(*) as people,
            sum(expected) as expected_orders, sum(orders) as actual_orders,
            sum(expected_value) as expected_value, sum(value) as actual_value
        from compared
        group by decile
    """
