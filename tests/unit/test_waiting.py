"""Waiting for what another process holds."""

import pytest

from loader import waiting
from loader.waiting import PAUSE_SECONDS, Deadline


class Clock:
    """Stands in for the clock of the system: time passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(waiting, "time", clock)
    return clock


def test_a_wait_is_made_of_short_pauses_and_ends_at_its_deadline(clock):
    """The last pause is as short as what is left."""
    deadline = Deadline(2.5 * PAUSE_SECONDS)

    while not deadline.has_passed:
        deadline.pause()

    assert clock.slept == [PAUSE_SECONDS, PAUSE_SECONDS, 0.5 * PAUSE_SECONDS]


def test_who_does_not_wait_tries_once(clock):
    """A wait of no seconds is over when it begins."""
    assert Deadline(0.0).has_passed


def test_a_pause_after_the_deadline_takes_no_time(clock):
    """A try may have taken longer than there was to wait."""
    deadline = Deadline(1.0)
    clock.sleep(3.0)

    deadline.pause()

    assert clock.slept == [3.0, 0.0]
