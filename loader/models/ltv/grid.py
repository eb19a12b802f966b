"""Computes what people with each number of repeat orders and age are expected to do, if they are alive.

The hypergeometric series depends only on (x, age), which most people share. So it is computed once per pair,
and scoring a person is a join and a product. The same is true for the value of future orders, because P(alive) and the
value per order are factors of the sum over weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from loader.models.ltv.bgnbd import Parameters, expected_if_alive
from loader.models.ltv.likelihood import Floats

STEP_DAYS: Final = 7
YEAR_DAYS: Final = 365
_PAIRS_AT_ONCE: Final = 20_000
"""Bounds memory: some dozen arrays of this many rows and a column for each week ahead."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """How far to look ahead, and how much later money is worth."""

    horizon_days: int
    window_days: int
    """The guide's window."""
    likelihood_days: int
    """What an order soon is, for audiences."""
    discount_rate: float
    """By year."""

    @property
    def steps(self) -> list[int]:
        """The ends of the steps by which money is discounted: every 7 days, and the horizon."""
        return [*range(STEP_DAYS, self.horizon_days, STEP_DAYS), self.horizon_days]

    @property
    def weights(self) -> Floats:
        """How much money of each step is worth today, as if paid at the end of the step."""
        return np.asarray((1 + self.discount_rate) ** (-np.array(self.steps) / YEAR_DAYS))

    def multiple(self, periods: int | None) -> float | None:
        """The value of the revenue of this many windows, as a multiple of one window; None means infinitely many.

        The rate of a window is (1 + rate)^(window / 365) − 1. None if there are infinitely many and no discount.
        """
        rate: float = (1 + self.discount_rate) ** (self.window_days / YEAR_DAYS) - 1
        if rate == 0:
            return None if periods is None else float(periods)
        return 1 / rate if periods is None else (1 - (1 + rate) ** -periods) / rate


@dataclass(frozen=True, slots=True)
class Grid:
    """The columns of `ltv_grid`, with one element per pair."""

    x: Floats
    age: Floats
    z: Floats
    h: Floats
    expected: Floats
    """Orders within the horizon."""
    discounted: Floats
    """The same, those of later weeks counting less."""
    window: Floats
    """Orders within the guide's window."""
    soon: Floats
    """Orders within the days of the likelihood."""


def make_grid(given: Parameters, x: Floats, age: Floats, outlook: Outlook) -> Grid:
    """Make the grid over distinct pairs. Raises FitError if the series does not converge."""
    parts = []
    for start in range(0, x.size, _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        ahead = [*outlook.steps, outlook.window_days, outlook.likelihood_days]
        z, h, expected = expected_if_alive(given, x[part], age[part], ahead)
        by_step = np.diff(expected[:, : len(outlook.steps)], axis=1, prepend=0.0)
        horizon, window, soon = expected[:, -3:].T
        parts.append(np.stack([z[:, -3], h[:, -3], horizon, by_step @ outlook.weights, window, soon]))
    columns = np.concatenate(parts, axis=1) if parts else np.zeros((6, 0))
    return Grid(x, age, *columns)
