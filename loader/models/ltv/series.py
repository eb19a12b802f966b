"""Computes the hypergeometric function ₂F₁ by its series, for many arguments at once."""

from __future__ import annotations

from typing import Final

import numpy as np

from loader.core.plurals import counted
from loader.models.ltv.likelihood import FitError, Floats

_FEWEST: Final = 10
_MOST: Final = 5_000
_PRECISION: Final = 1e-13


def gauss_series(first: Floats, second: Floats, third: Floats, z: Floats) -> Floats:
    """₂F₁(first, second; third; z) for 0 <= z < 1, to a relative error near 1e-13. The arguments are broadcast.

    Adds terms until the rest, which a geometric series bounds, no longer matters. Finished elements are removed, so
    that a few slow ones do not delay the others. Raises FitError after 5,000 terms, or if a value exceeds a float.
    """
    up, over, low, at = (each.ravel() for each in np.broadcast_arrays(first, second, third, z))
    shape = np.broadcast_shapes(first.shape, second.shape, third.shape, z.shape)
    result = np.ones(at.size)
    open_places = np.arange(at.size)
    term, total = np.ones(at.size), np.ones(at.size)
    for step in range(_MOST):
        if not open_places.size:
            break
        with np.errstate(over="ignore", invalid="ignore"):
            term = term * ((up + step) / (low + step)) * ((over + step) / (step + 1)) * at
            total = total + term
        if step + 1 < _FEWEST:
            continue
        done = np.abs(term) * at <= _PRECISION * np.abs(total) * (1 - at)
        if done.any():
            result[open_places[done]] = total[done]
            rest = ~done
            open_places, term, total = open_places[rest], term[rest], total[rest]
            up, over, low, at = up[rest], over[rest], low[rest], at[rest]
    if not np.isfinite(total).all() or not np.isfinite(result).all():
        raise FitError("the expected orders are beyond what a float holds; choose a shorter horizon")
    if open_places.size:
        raise FitError(
            f"the expected orders did not converge: {counted(open_places.size, 'value')} with more than {_MOST} terms "
            f"(z up to {at.max():.6f}); choose a shorter horizon"
        )
    return result.reshape(shape)
