"""Customers who order and stop as BG/NBD and Gamma-Gamma say they do, so that what a fit has to find is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from loader.models.ltv.likelihood import Floats

PARAMETERS: Final = {"r": 0.2426, "alpha": 30.9, "a": 0.793, "b": 2.426, "p": 6.25, "q": 3.74, "v": 15.44}
"""Those of the CDNOW sample, in days."""
OLDEST_DAYS: Final = 730
_SEED: Final = 2026
_AT_ONCE: Final = 1_000_000

TABLE: Final = """
    create table models.ltv_rfm (
        canonical_segment_id varchar, as_of timestamp, orders bigint, x bigint, t_x_days bigint, age_days bigint,
        mean_order double, valued_repeat_days bigint, mean_repeat_order double, monetary_total decimal(28, 6)
    )
"""
_INSERT: Final = """
    insert into models.ltv_rfm
    select 'use_' || md5('customer ' || cast(n as varchar)), timestamp '2026-01-01', x + 1, x, t_x_days, age_days,
        (first + x * coalesce(mean, 0)) / (x + 1), x, mean, cast(first + x * coalesce(mean, 0) as decimal(28, 6))
    from given
"""


@dataclass(slots=True)
class _Customers:
    """One element per customer."""

    age: Floats
    x: Floats
    recency: Floats

    @property
    def size(self) -> int:
        return int(self.age.size)


def write_customers(warehouse: Path, customers: int) -> None:
    """A warehouse with the columns of `ltv_rfm` that fitting and scoring read."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'; set threads = 2; create schema models")
        connection.execute(TABLE)
        for columns in _parts(customers):
            connection.register("given", pa.table(columns))
            connection.execute(_INSERT)
            connection.unregister("given")


def _parts(customers: int) -> Iterator[dict[str, Any]]:
    generator = np.random.default_rng(_SEED)
    for start in range(0, customers, _AT_ONCE):
        count = min(_AT_ONCE, customers - start)
        drawn = _histories(generator, count)
        first, mean = _values(generator, drawn)
        yield {
            "n": np.arange(start, start + count),
            "x": drawn.x.astype(np.int64),
            "t_x_days": drawn.recency.astype(np.int64),
            "age_days": drawn.age.astype(np.int64),
            "first": first,
            "mean": pa.array(mean, mask=drawn.x == 0),
        }


def _histories(generator: np.random.Generator, count: int) -> _Customers:
    """Order after order of everybody at once, until all are gone or at the end. Orders of one day are one."""
    given = PARAMETERS
    rate = generator.gamma(given["r"], 1 / given["alpha"], count)
    loss = generator.beta(given["a"], given["b"], count)
    drawn = _Customers(generator.integers(1, OLDEST_DAYS + 1, count).astype(float), np.zeros(count), np.zeros(count))
    moment, left = np.zeros(count), np.arange(count)
    while left.size:
        moment[left] += generator.exponential(1 / np.maximum(rate[left], 1e-12))
        left = left[np.floor(moment[left]) <= drawn.age[left]]
        day = np.floor(moment[left])
        is_new = day > drawn.recency[left]
        drawn.x[left] += is_new
        drawn.recency[left] = day
        left = left[generator.random(left.size) >= loss[left]]
    return drawn


def _values(generator: np.random.Generator, drawn: _Customers) -> tuple[Floats, Floats]:
    """Value of the first order, and the mean of the repeat orders, of whole cents each; 0 without one."""
    given = PARAMETERS
    level = generator.gamma(given["q"], 1 / given["v"], drawn.size)
    first = np.maximum(np.round(generator.gamma(given["p"], 1 / level), 2), 0.01)
    total = np.round(generator.gamma(np.maximum(given["p"] * drawn.x, 1e-9), 1 / level), 2)
    mean = np.maximum(total, 0.01 * drawn.x) / np.maximum(drawn.x, 1)
    return first, np.where(drawn.x > 0, mean, 0.0)
