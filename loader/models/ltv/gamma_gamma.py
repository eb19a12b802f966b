"""Gamma-Gamma: the average value of an order of each person, shrunk towards the average of all people.

Source: Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value. Fitted on people whose repeat orders have a
value above zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from loader.models.ltv.likelihood import Fit, FitError, Floats, maximise
from loader.models.ltv.sums import SpendingSums

NAMES = ("p", "q", "v")


@dataclass(frozen=True, slots=True)
class Parameters:
    """Order values: Gamma(p, ν) with ν ~ Gamma(q, v). `v` has the unit of money."""

    p: float
    q: float
    v: float


@dataclass(frozen=True, slots=True)
class Spending:
    """Distinct pairs of the number and the mean value of valued repeat days, and how many people have each."""

    x: Floats
    mean: Floats
    people: Floats

    @property
    def total(self) -> int:
        """The number of people."""
        return int(self.people.sum())

    @property
    def correlation(self) -> float | None:
        """The correlation of number and mean value; the model assumes none. None if one of them does not vary."""
        if self.x.size < 2:
            return None
        covariance = np.cov(self.x, self.mean, fweights=self.people.astype(np.int64))
        product = float(covariance[0, 0] * covariance[1, 1])
        return float(covariance[0, 1]) / product**0.5 if product > 0 else None


def log_likelihood(given: Parameters, spending: Spending) -> Floats:
    """ln L of one person, for each distinct pair of number and mean."""
    x, mean = spending.x, spending.mean
    p, q, v = given.p, given.q, given.v
    return np.asarray(
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + (p * x - 1) * np.log(mean)
        + p * x * np.log(x)
        - (p * x + q) * np.log(x * mean + v)
    )


def fit(spending: Spending, minimum_q: float | None = None) -> tuple[Parameters, Fit]:
    """Fit by maximum likelihood. Meanwhile, money is divided by its mean. `minimum_q` is a lower bound of q.

    Raises FitError if q <= 1, because the mean over all people would then be infinite.
    """
    people = spending.total
    scale = float(spending.mean @ spending.people) / people
    scaled = Spending(spending.x, spending.mean / scale, spending.people)

    found = maximise(SpendingSums(scaled), NAMES, people, {} if minimum_q is None else {"q": minimum_q})
    p, q, v = found.values
    parameters = Parameters(p, q, v * scale)
    if q <= 1:
        raise FitError(
            f"Gamma-Gamma ended at q = {q:.4f}; with q <= 1 the expected value of an order is infinite. Set "
            "models.ltv.minimum_q, for instance to 1.1, or look for a few orders of extreme value"
        )
    loglik = float(log_likelihood(parameters, spending) @ spending.people)
    return parameters, Fit((p, q, v * scale), loglik, people, found.iterations, found.converged, found.at_bound)
