"""The likelihoods of both models as the optimiser asks for them: summed over all people, with their gradients.

What depends on one number of a history only, such as the gamma functions of `x`, is computed once for each value the
number has, and there are few; what is left for every history are two logarithms and a division.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, psi

from loader.models.ltv.likelihood import Floats

if TYPE_CHECKING:
    from loader.models.ltv.bgnbd import Histories
    from loader.models.ltv.gamma_gamma import Spending

Places = npt.NDArray[np.intp]
Numbers = npt.NDArray[Any]


class OrderSums:
    """ln L of BG/NBD, and its derivatives by r, alpha, a, b."""

    def __init__(self, histories: Histories) -> None:
        people = histories.people
        self._total = float(people.sum())
        self._x, self._of_x = _counted(histories.x, people)
        self._age, place = _distinct(histories.age)
        self._of_age = np.bincount(place, people)
        self._orders_of_age = np.bincount(place, people * histories.x)
        # Somebody who did not return is alive, so the rest of the sum is of the others.
        returned = histories.x > 0
        self._people = people[returned]
        self._place_of_age = place[returned]
        self._repeats, self._place_of_repeats = _distinct(histories.x[returned])
        self._recency, self._place_of_recency = _distinct(histories.recency[returned])

    def __call__(self, values: Floats) -> tuple[float, Floats]:
        """ln L at r, alpha, a, b, and its gradient there."""
        r, alpha, a, b = (float(value) for value in values)
        x, total, of_x = self._x, self._total, self._of_x
        age, recency, repeats = self._place_of_age, self._place_of_recency, self._place_of_repeats
        aged, recent = alpha + self._age, alpha + self._recency
        stops = b + self._repeats - 1
        waited = np.log(aged)[age] - np.log(recent)[recency]
        rate = (r + self._repeats)[repeats]
        odds = rate * waited + (np.log(a) - np.log(stops))[repeats]
        small = 1 + np.exp(-np.abs(odds))
        gone = self._people * np.exp(np.minimum(odds, 0.0)) / small
        of_age, of_both = _dot(self._of_age, np.log(aged)), _dot(of_x, psi(a + b + x))
        loglik = (
            _dot(of_x, gammaln(r + x) + gammaln(b + x) - gammaln(a + b + x))
            + total * float(gammaln(a + b) - gammaln(b) - gammaln(r) + r * np.log(alpha))
            - r * of_age
            - _dot(self._orders_of_age, np.log(aged))
            + _dot(self._people, np.maximum(odds, 0.0) + np.log(small))
        )
        by_parameter = (
            _dot(of_x, psi(r + x)) + total * float(np.log(alpha) - psi(r)) - of_age + _dot(gone, waited),
            total * r / alpha
            - _dot(r * self._of_age + self._orders_of_age, 1 / aged)
            + _dot(gone * rate, (1 / aged)[age] - (1 / recent)[recency]),
            total * float(psi(a + b)) - of_both + float(gone.sum()) / a,
            total * float(psi(a + b) - psi(b)) + _dot(of_x, psi(b + x)) - of_both - _dot(gone, (1 / stops)[repeats]),
        )
        return loglik, np.array(by_parameter)


class SpendingSums:
    """ln L of Gamma-Gamma, and its derivatives by p, q, v."""

    def __init__(self, spending: Spending) -> None:
        x, mean, people = spending.x, spending.mean, spending.people
        self._total = float(people.sum())
        self._x, self._of_x = _counted(x, people)
        self._spent, self._people, self._orders = x * mean, people, people * x
        self._log_mean = _dot(people, np.log(mean))
        self._log_spent = _dot(self._orders, np.log(self._spent))

    def __call__(self, values: Floats) -> tuple[float, Floats]:
        """ln L at p, q, v, and its gradient there."""
        p, q, v = (float(value) for value in values)
        x, total, of_x = self._x, self._total, self._of_x
        level = self._spent + v
        logs, parts = np.log(level), 1 / level
        by_order, by_person = _dot(self._orders, logs), _dot(self._people, logs)
        loglik = (
            _dot(of_x, (gammaln(p * x + q) - gammaln(p * x)))
            + total * float(q * np.log(v) - gammaln(q))
            + p * (self._log_spent - by_order)
            - self._log_mean
            - q * by_person
        )
        both = psi(p * x + q)
        by_parameter = (
            _dot(of_x * x, (both - psi(p * x))) + self._log_spent - by_order,
            _dot(of_x, both) + total * float(np.log(v) - psi(q)) - by_person,
            total * q / v - p * _dot(self._orders, parts) - q * _dot(self._people, parts),
        )
        return loglik, np.array(by_parameter)


def _dot(first: Numbers, second: Numbers) -> float:
    """The sum of the products, in one thread: a sum whose last digits change leads the optimiser astray."""
    total: np.float64 = np.einsum("i,i->", first, second)
    return float(total)


def _distinct(values: Floats) -> tuple[Floats, Places]:
    """The values that there are, and for each element the place of its value among them."""
    found, places = np.unique(values, return_inverse=True)
    return np.asarray(found, dtype=np.float64), np.asarray(places, dtype=np.intp)


def _counted(values: Floats, people: Floats) -> tuple[Floats, Floats]:
    """The values that there are, and the number of people that have each."""
    found, places = _distinct(values)
    return found, np.asarray(np.bincount(places, people))
