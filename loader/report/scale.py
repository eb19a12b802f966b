"""Places marks on an axis: round ticks, labels that do not overlap, and days grouped into periods."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

DAYS_SHOWN_SINGLY: Final = 92
DAYS_SHOWN_IN_WEEKS: Final = 730
_TICKS: Final = 4


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis from `low` to `high`. Both ends are ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """The position of a value between `low` (0) and `high` (1)."""
        return (value - self.low) / (self.high - self.low)


def axis(values: Sequence[float]) -> Axis:
    """An axis that contains 0 and all values. Its ticks are 1, 2, 2.5 or 5 times a power of ten apart."""
    low, high = min([0.0, *values]), max([0.0, *values])
    if low == high:
        high = low + 1
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return Axis(first * step, last * step, tuple(index * step for index in range(first, last + 1)))


def label_step(count: int, most: int) -> int:
    """The number of marks from one label to the next, so that there are at most `most` labels."""
    return max(1, math.ceil(count / most))


@dataclass(frozen=True, slots=True)
class Period:
    """A period of days that is drawn as one mark."""

    word: str
    first: date

    @property
    def after(self) -> date:
        """The first day of the next period."""
        if self.word == "month":
            return (self.first.replace(day=1) + timedelta(days=32)).replace(day=1)
        return self.first + timedelta(days=7 if self.word == "week" else 1)


def periods(first: date, last: date) -> list[Period]:
    """All periods from that of `first` to that of `last`: days, weeks from Monday, or months."""
    span = (last - first).days
    word = "day" if span < DAYS_SHOWN_SINGLY else "week" if span < DAYS_SHOWN_IN_WEEKS else "month"
    found = [period_of(word, first)]
    while found[-1].after <= last:
        found.append(Period(word, found[-1].after))
    return found


def period_of(word: str, day: date) -> Period:
    """The period that contains a day."""
    if word == "week":
        return Period(word, day - timedelta(days=day.weekday()))
    return Period(word, day.replace(day=1) if word == "month" else day)
