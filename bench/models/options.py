"""What the command line decides about the benchmarks of models."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """Sizes are those of the smaller warehouse where two are compared."""

    runs: int
    memory: str
    users: int
    events: int
    touches: int
    customers: int
    scored: int
    factor: int = 10
    """How many times the rows of the smaller warehouse the larger one has."""
