"""BG/NBD: how often people order, and whether they still do.

Source: Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model;
likelihood and expectation are rearranged so that no step overflows or cancels. All times are in days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from loader.models.ltv.likelihood import Fit, Floats, maximise
from loader.models.ltv.series import gauss_series
from loader.models.ltv.sums import OrderSums

NAMES = ("r", "alpha", "a", "b")
_SHIFT = 2e-6
"""What `a` is moved by where a denominator of the expectation vanishes; the expectation is continuous there."""
_MOST_CANCELLED = 5.0
"""Logarithm of how far the terms of a series with changing signs may rise above its sum: two digits are lost then."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Orders of a living customer: Gamma(r, alpha) by day; dropping out after an order: Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class Histories:
    """Distinct order histories in days, and how many people have each. Without repeat orders, x = recency = 0."""

    x: Floats
    recency: Floats
    age: Floats
    people: Floats

    @property
    def total(self) -> int:
        """The number of people."""
        return int(self.people.sum())


def log_odds_of_loss(given: Parameters, x: Floats, recency: Floats, age: Floats) -> Floats:
    """δ = ln(P(gone) / P(alive)). Minus infinity without a repeat order, because nobody drops out before one."""
    bought = x > 0
    later = np.where(bought, given.b + x - 1, 1.0)
    odds: Floats = (
        np.log(given.a) - np.log(later) + (given.r + x) * (np.log(given.alpha + age) - np.log(given.alpha + recency))
    )
    return np.where(bought, odds, -np.inf)


def alive(given: Parameters, x: Floats, recency: Floats, age: Floats) -> Floats:
    """P(alive). It is 1 for everybody without a repeat order, which is a property of the model."""
    return np.asarray(1 / (1 + np.exp(np.clip(log_odds_of_loss(given, x, recency, age), -700, 700))))


def log_likelihood(given: Parameters, histories: Histories) -> Floats:
    """ln L of one person, for each distinct history."""
    x, age = histories.x, histories.age
    r, alpha, a, b = given.r, given.alpha, given.a, given.b
    odds = log_odds_of_loss(given, x, histories.recency, age)
    return np.asarray(
        gammaln(r + x)
        - gammaln(r)
        + r * np.log(alpha)
        + gammaln(a + b)
        + gammaln(b + x)
        - gammaln(b)
        - gammaln(a + b + x)
        - (r + x) * np.log(alpha + age)
        + np.logaddexp(0.0, odds)
    )


def fit(histories: Histories) -> tuple[Parameters, Fit]:
    """Fit by maximum likelihood. Meanwhile, time is divided by the mean age, so `alpha` is bounded on that scale.

    Raises FitError if the likelihood is not a number.
    """
    people = histories.total
    scale = max(float(histories.age @ histories.people) / people, 1.0)
    scaled = Histories(histories.x, histories.recency / scale, histories.age / scale, histories.people)

    found = maximise(OrderSums(scaled), NAMES, people)
    r, alpha, a, b = found.values
    parameters = Parameters(r, alpha * scale, a, b)
    loglik = float(log_likelihood(parameters, histories) @ histories.people)
    return parameters, Fit((r, alpha * scale, a, b), loglik, people, found.iterations, found.converged, found.at_bound)


def expected_if_alive(
    given: Parameters, x: Floats, age: Floats, days: Sequence[float]
) -> tuple[Floats, Floats, Floats]:
    """Orders that people who are alive are expected to place in the next `days`. For all people, multiply by P(alive).

    Rows are histories, columns are `days`. Returns z = days / (alpha + age + days), h = the hypergeometric series, and
    the expectation. Raises FitError if the series does not converge.

    E = C / (a − 1) · [1 − (1 − z)^(a−1) · h], h = ₂F₁(a−1, a+b−1−r; C; z), C = a+b+x−1: the textbook's
    (1 − z)^(r+x) · ₂F₁(r+x, b+x; C; z) after Euler's transformation, whose terms always decrease from the first on.
    If a−1 is larger than r+x, because people hardly differ in when they stop, the textbook's own terms decrease. It
    is also used if r is large, because people hardly differ in how often they order: then the transformed terms
    change their signs and nearly cancel, while those of the textbook are all positive.
    """
    a = given.a
    if abs(a - 1) < _SHIFT / 2 or bool(np.any(np.abs(a + given.b + x - 1) < _SHIFT / 2)):
        a += _SHIFT
    ahead = np.asarray(days, dtype=np.float64)[None, :]
    z = ahead / (given.alpha + age[:, None] + ahead)
    last = a + given.b + x - 1
    rise = max(0.0, given.r + 1 - a - given.b) * z.max(axis=1)
    is_transformed = (abs(a - 1) <= given.r + x) & (rise * (abs(a - 1) + rise) <= _MOST_CANCELLED * (last + rise))
    power = np.where(is_transformed, a - 1, given.r + x)[:, None]
    second = np.where(is_transformed, last - x - given.r, given.b + x)[:, None]
    h = gauss_series(power, second, last[:, None], z)
    return z, h, last[:, None] / (a - 1) * (1 - np.exp(power * np.log1p(-z)) * h)
