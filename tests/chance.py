"""Seeds of tests that make up their input."""

from typing import Any

import pytest


def random_seeds(count: int) -> list[Any]:
    """`count` seeds to be parameters. The first is for every run, the others for a run on the checkout only."""
    return [0, *(pytest.param(seed, marks=pytest.mark.once) for seed in range(1, count))]
