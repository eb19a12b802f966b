"""The hypergeometric function ₂F₁ by its series, for many arguments at once."""

from __future__ import annotations

from typing import Final

import numpy as np

from loader.models.ltv.likelihood import FitError, Floats

_FEWEST: Final = 10
_MOST: Final = 5_000
_PRECISION: Final = 1e-13


def gauss_series(first: float, second: float, third: Floats, z: Floats) -> Floats:
    """₂F₁(first, second; third; z) for 0 <= z < 1, to a relative error near 1e-13. `third` and `z` are broadcast.

    Terms are added until the rest, bounded by a geometric series, no longer matters. Elements that are done are taken
    out, so that a few slow ones do not hold up the others. Raises FitError after 5,000 terms.
    """
    shape = np.broadcast_shapes(third.shape, z.shape)
    low = np.broadcast_to(third, shape).ravel()
    at = np.broadcast_to(z, shape).ravel()
    result = np.ones(at.size)
    open_places = np.arange(at.size)
    term, total = np.ones(at.size), np.ones(at.size)
    for step in range(_MOST):
        if not open_places.size:
            break
        term = term * ((first + step) * (second + step) / (step + 1)) / (low + step) * at
        total = total + term
        if step + 1 < _FEWEST:
            continue
        done = np.abs(term) * at <= _PRECISION * np.abs(total) * (1 - at)
        if done.any():
            result[open_places[done]] = total[done]
            rest = ~done
            open_places, term, total, low, at = open_places[rest], term[rest], total[rest], low[rest], at[rest]
    if open_places.size:
        raise FitError(
            f"the expected orders did not converge: {open_places.size} values need more than {_MOST} terms "
            f"(z up to {at.max():.6f}); choose a shorter horizon"
        )
    return result.reshape(shape)
