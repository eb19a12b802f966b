"""Decides the type of a column, new or existing, from the values of a batch. Families: bool, num, ts, text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ColumnType(StrEnum):
    """A logical type. `OTHER` is a type that a user chose; it takes values that survive a round trip as text."""

    BOOL = "bool"
    INT = "int"
    DECIMAL = "dec"
    DECIMAL_9 = "dec9"
    FLOAT = "float"
    TIMESTAMP = "ts"
    TEXT = "text"
    OTHER = "other"


class Kind(StrEnum):
    """The kind of a JSON value. `HUGE` is an integer beyond 64 bits, of up to 38 digits."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    HUGE = "huge"
    STRING = "string"
    JSON = "json"
    """An array, or an object that is kept as JSON text."""


VARIANTS: Final = ("text", "num", "ts", "bool")
"""Suffixes of the columns beside a column that hold values of other types: `total__v_text`."""

EXACT_INTEGERS: Final = 2**53
"""Integers up to here are exact in a float."""

_NUMBERS: Final = frozenset({Kind.INT, Kind.FLOAT, Kind.HUGE})
FITTING: Final = {
    ColumnType.BOOL: frozenset({Kind.BOOL}),
    ColumnType.INT: frozenset({Kind.INT}),
    ColumnType.DECIMAL: frozenset({Kind.INT, Kind.HUGE}),
    ColumnType.FLOAT: frozenset({Kind.FLOAT}),
    ColumnType.TEXT: frozenset(Kind),
}
"""Kinds of which every value fits a type."""


@dataclass(slots=True)
class Evidence:
    """What is known of the values of one column in one batch. Counts are exact; the rest is known if it was probed."""

    counts: dict[Kind, int]
    timestamps: int = 0
    """Strings that are timestamps, as `loader.core.timestamps` tells them."""
    largest_integer: int = 0
    """Largest magnitude of a plain integer, as far as it matters: 0 when all are below 2^53."""
    not_integral: int = 0
    """Floats that are no integer, or too large to be exact as one."""
    not_decimal: int = 0
    """Numbers that a DECIMAL(38, 9) cannot hold exactly."""

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds that occur."""
        return frozenset(kind for kind, count in self.counts.items() if count)


def is_direct(column_type: ColumnType, kinds: Iterable[Kind]) -> bool:
    """Whether the type can hold every possible value of these kinds."""
    return FITTING.get(column_type, frozenset()) >= frozenset(kinds)


def new_type(evidence: Evidence, on_conflict: str) -> ColumnType:
    """The type of a new column: the family that most values have, or text in case of a tie."""
    counts = evidence.counts
    strings = counts.get(Kind.STRING, 0)
    sizes = {
        ColumnType.TEXT: strings - evidence.timestamps + counts.get(Kind.JSON, 0),
        ColumnType.BOOL: counts.get(Kind.BOOL, 0),
        ColumnType.FLOAT: sum(counts.get(kind, 0) for kind in _NUMBERS),
        ColumnType.TIMESTAMP: evidence.timestamps,
    }
    found = [family for family, size in sizes.items() if size]
    if on_conflict == "text" and len(found) > 1:
        return ColumnType.TEXT
    most = max(sizes.values())
    largest = [family for family in found if sizes[family] == most]
    if len(largest) != 1:
        return ColumnType.TEXT
    return _number_type(evidence) if largest[0] is ColumnType.FLOAT else largest[0]


def _number_type(evidence: Evidence) -> ColumnType:
    kinds = evidence.kinds & _NUMBERS
    if kinds == {Kind.INT}:
        return ColumnType.INT
    if Kind.FLOAT not in kinds:
        return ColumnType.DECIMAL
    if kinds == {Kind.FLOAT} or (Kind.HUGE not in kinds and evidence.largest_integer <= EXACT_INTEGERS):
        return ColumnType.FLOAT
    return ColumnType.TEXT if evidence.not_decimal else ColumnType.DECIMAL_9


@dataclass(frozen=True, slots=True)
class Stored:
    """Bounds of the values in an existing numeric column."""

    largest: int
    """Largest magnitude, rounded up."""


def widened(column_type: ColumnType, evidence: Evidence, stored: Stored, on_conflict: str) -> ColumnType:
    """The type that an existing column should have: a wider one if that keeps every stored value, else its own."""
    kinds = evidence.kinds
    if on_conflict == "text" and column_type is not ColumnType.TEXT and _has_conflict(column_type, evidence):
        return ColumnType.TEXT
    floats = Kind.FLOAT in kinds and evidence.not_integral > 0
    if column_type is ColumnType.INT:
        if Kind.HUGE in kinds:
            return ColumnType.DECIMAL
        if floats and max(stored.largest, evidence.largest_integer) <= EXACT_INTEGERS:
            return ColumnType.FLOAT
        if floats and not evidence.not_decimal:
            return ColumnType.DECIMAL_9
    if column_type is ColumnType.DECIMAL and floats and not evidence.not_decimal and stored.largest < 10**29:
        return ColumnType.DECIMAL_9
    return column_type


def _has_conflict(column_type: ColumnType, evidence: Evidence) -> bool:
    kinds = evidence.kinds
    if column_type is ColumnType.TIMESTAMP:
        return kinds != {Kind.STRING} or evidence.timestamps < evidence.counts[Kind.STRING]
    if column_type is ColumnType.BOOL:
        return kinds != {Kind.BOOL}
    return not kinds <= _NUMBERS
