"""Maximum likelihood over positive parameters, for both models of lifetime value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]
Objective = Callable[[Floats], tuple[float, Floats]]
"""From parameters to the sum of the log-likelihood and its gradient by these parameters."""

LOWEST: Final = 1e-6
HIGHEST: Final = 1e6
"""Bounds of every parameter; those with a unit are bounded on the scaled data."""
_FLAT: Final = 1e-6
"""A gradient of the mean log-likelihood, by the logs, below which a point is the maximum."""


class FitError(Exception):
    """Parameters cannot be estimated from these people, or cannot be used. The text says why and what to do.

    The model catches it, records it and leaves its tables empty, so it never leaves this package.
    """


@dataclass(frozen=True, slots=True)
class Fit:
    """The parameters at the maximum. `loglik` is the sum over `people`."""

    values: tuple[float, ...]
    loglik: float
    people: int
    iterations: int
    converged: bool
    at_bound: bool
    """Whether a parameter ended at its bound: the data do not determine it."""


def maximise(objective: Objective, names: Sequence[str], people: int, lowest: dict[str, float] | None = None) -> Fit:
    """Maximise the mean log-likelihood: L-BFGS on the logarithms of the parameters, from 1, with exact gradients.

    `lowest`: lower bounds of single parameters. Raises FitError if the likelihood is not a number.
    """
    bounds = [(np.log((lowest or {}).get(name, LOWEST)), np.log(HIGHEST)) for name in names]

    def negative_mean(logs: Floats) -> tuple[float, Floats]:
        values = np.exp(logs)
        loglik, gradient = objective(values)
        return -loglik / people, -gradient * values / people

    start = np.array([max(0.0, low) for low, _ in bounds])
    found = minimize(
        negative_mean,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 2000, "maxfun": 4000, "ftol": 1e-15, "gtol": 5e-9},
    )
    logs = np.asarray(found.x, dtype=np.float64)
    mean, slope = negative_mean(logs)
    if not np.isfinite(mean):
        raise FitError("the likelihood of these orders is no number; look for impossible values in ltv_rfm")
    near = [bool(min(at - low, high - at) < 1e-9) for at, (low, high) in zip(logs, bounds, strict=True)]
    free = [abs(float(each)) for each, is_bound in zip(slope, near, strict=True) if not is_bound]
    return Fit(
        values=tuple(float(value) for value in np.exp(logs)),
        loglik=-float(mean) * people,
        people=people,
        iterations=int(found.nit),
        # At the limit of precision the line search reports a failure, although the point is the maximum.
        converged=bool(found.success) or max(free, default=0.0) < _FLAT,
        at_bound=any(near),
    )
