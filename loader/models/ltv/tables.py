"""Reads distinct values and their counts from tables into arrays, and writes small arrays into tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from loader.models.ltv.bgnbd import Histories
from loader.models.ltv.gamma_gamma import Spending
from loader.models.ltv.likelihood import Floats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loader.models.context import Context


def arrays(context: Context, query: str) -> list[Floats]:
    """The columns of a query, in order, as arrays of numbers. No value may be NULL."""
    found = context.execute(query).fetchnumpy()
    return [np.asarray(column, dtype=np.float64) for column in found.values()]


def histories(context: Context, table: str, columns: Sequence[str] = ("x", "t_x_days", "age_days")) -> Histories:
    """Distinct values of three columns, with the number of people who have them. Nothing else leaves the warehouse."""
    x, recency, age = columns
    return Histories(
        *arrays(
            context,
            f"select {x} as x, {recency} as recency, {age} as age, count(*) as people from {table} "
            "group by 1, 2, 3 order by 1, 2, 3",
        )
    )


def spending(context: Context, table: str) -> Spending:
    """Distinct numbers and means of valued repeat days, with the number of people who have them."""
    return Spending(
        *arrays(
            context,
            "select valued_repeat_days as x, mean_repeat_order as mean, count(*) as people "
            f"from {table} where valued_repeat_days > 0 group by 1, 2 order by 1, 2",
        )
    )


@contextmanager
def given(context: Context, name: str, columns: Mapping[str, Any]) -> Iterator[None]:
    """Make arrays or lists available as a table of this name inside the block."""
    context.connection.register(name, pa.table(dict(columns)))
    try:
        yield
    finally:
        context.connection.unregister(name)


def write_columns(context: Context, table: str, columns: Mapping[str, Any]) -> None:
    """Make a table of the model from arrays or lists, by the names of the columns."""
    with given(context, "ltv_given", columns):
        context.write(table, f"select {', '.join(columns)} from ltv_given")
