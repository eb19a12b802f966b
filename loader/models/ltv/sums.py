"""The likelihoods of both models for the optimiser: summed over all people, with their gradients.

Terms that depend on only one number of a history, such as the gamma functions of `x`, are computed once per distinct
value, and there are few of those. Only two logarithms and a division remain for every history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, psi

from loader.models.ltv.likelihood import Floats

if TYPE_CHECKING:
    from loader.models.ltv.bgnbd import Histories
    from loader.models.ltv.gamma_gamma import Spending

_LARGE: Final = 100.0
"""From here on three terms of the series for what Stirling's formula leaves are exact."""

Indices = npt.NDArray[np.intp]
Numbers = npt.NDArray[Any]


class OrderSums:
    """ln L of BG/NBD, and its derivatives by r, alpha, a, b.

    Γ(r+x) / Γ(r) is the product of r+k over all k < x. This adds the logarithms of these factors instead of subtracting
    those of gamma functions: if people hardly differ, a and b are large, and the difference would lose its digits.
    """

    def __init__(self, histories: Histories) -> None:
        people = histories.people
        self._total = float(people.sum())
        self._orders = float(people @ histories.x)
        counted = np.bincount(histories.x.astype(np.intp), people)
        self._repeat = np.arange(counted.size - 1, dtype=np.float64)
        self._beyond = counted[::-1].cumsum()[::-1][1:]
        self._age, index = _distinct(histories.age)
        self._of_age = np.bincount(index, people)
        self._orders_of_age = np.bincount(index, people * histories.x)
        # Somebody without a repeat order is alive, so the rest of the sum is over the others.
        returned = histories.x > 0
        self._people = people[returned]
        self._index_of_age = index[returned]
        self._repeats, self._index_of_repeats = _distinct(histories.x[returned])
        self._recency, self._index_of_recency = _distinct(histories.recency[returned])

    def __call__(self, values: Floats) -> tuple[float, Floats]:
        """ln L at r, alpha, a, b, and its gradient there."""
        r, alpha, a, b = (float(value) for value in values)
        total, beyond = self._total, self._beyond
        in_r, in_b, in_both = r + self._repeat, b + self._repeat, a + b + self._repeat
        age, recency, repeats = self._index_of_age, self._index_of_recency, self._index_of_repeats
        aged, recent = alpha + self._age, alpha + self._recency
        stops = b + self._repeats - 1
        waited = np.log(aged)[age] - np.log(recent)[recency]
        rate = (r + self._repeats)[repeats]
        odds = rate * waited + (np.log(a) - np.log(stops))[repeats]
        small = 1 + np.exp(-np.abs(odds))
        gone = self._people * np.exp(np.minimum(odds, 0.0)) / small
        waits = np.log1p(self._age / alpha)
        of_age, of_both = _dot(self._of_age, waits), _dot(beyond, 1 / in_both)
        loglik = (
            _dot(beyond, np.log(in_r) + np.log1p(-a / in_both))
            - r * of_age
            - _dot(self._orders_of_age, waits)
            - self._orders * float(np.log(alpha))
            + _dot(self._people, np.maximum(odds, 0.0) + np.log(small))
        )
        by_parameter = (
            _dot(beyond, 1 / in_r) - of_age + _dot(gone, waited),
            total * r / alpha
            - _dot(r * self._of_age + self._orders_of_age, 1 / aged)
            + _dot(gone * rate, (1 / aged)[age] - (1 / recent)[recency]),
            float(gone.sum()) / a - of_both,
            _dot(beyond, 1 / in_b) - of_both - _dot(gone, (1 / stops)[repeats]),
        )
        return loglik, np.array(by_parameter)


class SpendingSums:
    """ln L of Gamma-Gamma, and its derivatives by p, q, v.

    With lnΓ(z) = (z - ½) ln z - z + ½ ln 2π + δ(z) and d = q·s - p·x·v, where s = x·m is what somebody spent, it is
    p·x·ln(1 + d/(p·x·(s+v))) + q·ln(1 - d/(q·(s+v))) + ½ ln(p·x·q / (2π·(p·x+q))) + δ(p·x+q) - δ(p·x) - δ(q) - ln m:
    no two large numbers are subtracted, even if all prices or people are alike and the parameters grow without limit.
    """

    def __init__(self, spending: Spending) -> None:
        x, mean, people = spending.x, spending.mean, spending.people
        self._total = float(people.sum())
        self._of_x = _counted(x, people)
        self._repeats, self._spent, self._people, self._orders = x, x * mean, people, people * x
        self._log_mean = _dot(people, np.log(mean))

    def __call__(self, values: Floats) -> tuple[float, Floats]:
        """ln L at p, q, v, and its gradient there."""
        p, q, v = (float(value) for value in values)
        x, of_x = self._of_x
        shape, level = p * self._repeats, self._spent + v
        apart = (q * self._spent - shape * v) / level
        of_orders, of_people = np.log1p(apart / shape), np.log1p(-apart / q)
        alone, both = p * x, p * x + q
        loglik = (
            _dot(self._people * shape, of_orders)
            + q * _dot(self._people, of_people)
            + _dot(of_x, 0.5 * np.log(alone / both) + _beyond_stirling(both) - _beyond_stirling(alone))
            + self._total * float(0.5 * np.log(q / (2 * np.pi)) - _beyond_stirling(np.array([q]))[0])
            - self._log_mean
        )
        slope = psi(both) - np.log(both)
        by_parameter = (
            _dot(self._orders, of_orders) + _dot(of_x * x, slope - psi(alone) + np.log(alone)),
            _dot(self._people, of_people) + _dot(of_x, slope) - self._total * float(psi(q) - np.log(q)),
            _dot(self._people, apart) / v,
        )
        return loglik, np.array(by_parameter)


def _beyond_stirling(z: Floats) -> Floats:
    """δ(z): the remainder of Stirling's formula for lnΓ(z)."""
    small = np.minimum(z, _LARGE)
    exact = gammaln(small) - ((small - 0.5) * np.log(small) - small + 0.5 * np.log(2 * np.pi))
    return np.where(z < _LARGE, exact, (1 / 12 - (1 / 360 - 1 / (1260 * z**2)) / z**2) / z)


def _dot(first: Numbers, second: Numbers) -> float:
    """The sum of products in one thread: with several, its last digits would vary and mislead the optimiser."""
    total: np.float64 = np.einsum("i,i->", first, second)
    return float(total)


def _distinct(values: Floats) -> tuple[Floats, Indices]:
    """The distinct values, and for each element the index of its value among them."""
    found, indices = np.unique(values, return_inverse=True)
    return np.asarray(found, dtype=np.float64), np.asarray(indices, dtype=np.intp)


def _counted(values: Floats, people: Floats) -> tuple[Floats, Floats]:
    """The distinct values, and the number of people who have each."""
    found, indices = _distinct(values)
    return found, np.asarray(np.bincount(indices, people))
