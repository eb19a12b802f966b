"""Makes the SQL of the values of a column, and of the variant columns beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from loader.core.columns import EXACT_INTEGERS, FITTING, ColumnType, Evidence, Kind, is_direct
from loader.core.dialect import literal, pointer
from loader.core.samples import KeyPath
from loader.normalize.columns.leaves import LeafReader, coalesced

SQL_TYPE: Final = {
    ColumnType.BOOL: "BOOLEAN",
    ColumnType.INT: "BIGINT",
    ColumnType.DECIMAL: "DECIMAL(38,0)",
    ColumnType.DECIMAL_9: "DECIMAL(38,9)",
    ColumnType.FLOAT: "DOUBLE",
    ColumnType.TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
    ColumnType.TEXT: "VARCHAR",
}
TYPE_OF: Final = {sql: column_type for column_type, sql in SQL_TYPE.items()}
_FIT: Final = {
    ColumnType.BOOL: "fit_bool",
    ColumnType.INT: "fit_int",
    ColumnType.DECIMAL: "fit_dec",
    ColumnType.DECIMAL_9: "fit_dec9",
    ColumnType.FLOAT: "fit_float",
}
FAMILIES: Final = ("bool", "num", "ts", "text")
"""Variants in the order in which a value is offered to them; text takes whatever is left."""
_FAMILY: Final = {
    "bool": frozenset({ColumnType.BOOL}),
    "num": frozenset({ColumnType.INT, ColumnType.DECIMAL, ColumnType.DECIMAL_9, ColumnType.FLOAT}),
    "ts": frozenset({ColumnType.TIMESTAMP}),
    "text": frozenset({ColumnType.TEXT}),
}


@dataclass(slots=True)
class ColumnBatch:
    """One column of one table, as the rows of a batch need it."""

    name: str
    number: int
    """Its own in the table: the names by which statements know its leaf."""
    paths: dict[KeyPath, None] = field(default_factory=dict)
    """Keys that become this column."""
    special_paths: dict[KeyPath, None] = field(default_factory=dict)
    """Those with values beside the message."""
    evidence: Evidence = field(default_factory=lambda: Evidence({}))
    signatures: dict[Kind, list[npt.NDArray[np.uint64]]] = field(default_factory=dict)
    """Signatures of the messages that have a value of a kind: questions about it need no other rows."""
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    column_type: ColumnType = ColumnType.TEXT
    sql_type: str = "VARCHAR"
    variants: dict[str, str] = field(default_factory=dict)
    """Variant columns that exist or are wanted: family → SQL type."""
    wanted_variants: set[str] = field(default_factory=set)
    """Variant columns that rows of this batch have values for."""
    has_misfits: bool = False
    """Some value may not fit the type: the leaf is read as JSON, each value is judged by itself."""

    @property
    def strange_kinds(self) -> frozenset[Kind]:
        """The kinds with values that may not fit, once the type is settled."""
        kinds = self.evidence.kinds
        return kinds - FITTING.get(self.column_type, frozenset()) - self._fitting_integers()

    def _fitting_integers(self) -> frozenset[Kind]:
        is_fitting = self.column_type is ColumnType.FLOAT and self.evidence.largest_integer <= EXACT_INTEGERS
        return frozenset({Kind.INT}) if is_fitting else frozenset()

    @property
    def read_type(self) -> str:
        """How the leaves are read."""
        if self.has_misfits:
            return "JSON"
        return "VARCHAR" if self.column_type is ColumnType.TIMESTAMP else self.sql_type

    def may_have(self, family: str) -> bool:
        """Whether values of this batch may belong into a variant."""
        kinds = self.strange_kinds
        if family == "bool":
            return Kind.BOOL in kinds
        if family == "num":
            return bool(kinds & {Kind.INT, Kind.FLOAT, Kind.HUGE})
        if family == "ts":
            # Strings go where strings of this column went before: asking again in every batch costs more than it tells.
            goes_to_text = "text" in self.wanted_variants and "ts" not in self.wanted_variants
            return Kind.STRING in kinds and self.evidence.timestamps > 0 and not goes_to_text
        return True

    def settle(self) -> None:
        """Decide whether values must be judged one by one. The type must be known."""
        kinds = self.evidence.kinds
        strings = self.evidence.counts.get(Kind.STRING, 0)
        if self.column_type is ColumnType.TIMESTAMP:
            self.has_misfits = kinds != {Kind.STRING} or self.evidence.timestamps < strings
        elif self.column_type is ColumnType.FLOAT and kinds <= {Kind.INT, Kind.FLOAT}:
            self.has_misfits = self.evidence.largest_integer > 2**53
        else:
            self.has_misfits = not is_direct(self.column_type, kinds)


def judged(rows: str, columns: Iterable[ColumnBatch], reader: LeafReader, has_specials: bool = True) -> str:
    """Rows with named leaves of some columns whose values are judged one by one.

    For column 3, `j3` is the leaf as JSON, `t3` its type and `x3` its text. With names, a leaf is read once, no matter how
    often a statement uses it, and planning takes a fraction of the time.
    """
    source = f"(select *, {reader.read} as r from {rows})"
    numbered = {column.number: _leaf(column, reader, has_specials) for column in columns}
    if not numbered:
        return source
    leaves = ", ".join(f"{leaf} as j{number}" for number, leaf in numbered.items())
    said = ", ".join(f"json_type(j{number}) as t{number}, j{number} ->> '$' as x{number}" for number in numbered)
    return f"(select *, {said} from (select *, {leaves} from {source}))"


def value(column: ColumnBatch, reader: LeafReader, timestamp: str) -> str:
    """The SQL of the base column. If it has misfits, this is SQL over `judged` rows.

    `timestamp` is the name of the macro for strings that are timestamps.
    """
    if column.has_misfits:
        return _fitted(column.column_type, column.sql_type, column.number, timestamp)
    leaf = _leaf(column, reader)
    return f"{timestamp}({leaf})" if column.column_type is ColumnType.TIMESTAMP else leaf


def variant_values(column: ColumnBatch, timestamp: str) -> dict[str, str]:
    """The SQL over `judged` rows of every variant column that rows of this batch may fill, by family.

    A variant has the value if neither the column nor an earlier variant has it.
    """
    if not column.has_misfits:
        return {}
    number = column.number
    taken = [_fitted(column.column_type, column.sql_type, number, timestamp)]
    found: dict[str, str] = {}
    for family in FAMILIES:
        is_own = column.column_type in _FAMILY[family] and family != "num"
        if is_own or not column.may_have(family):
            continue
        sql_type = column.variants[family]
        fits = _fitted(TYPE_OF.get(sql_type, ColumnType.OTHER), sql_type, number, timestamp)
        if family == "num":
            fits = f"case when is_number(t{number}) then {fits} end"
        elif family == "ts":
            fits = f"{_rule(timestamp)}(t{number}, x{number})"
        found[family] = f"case when {' and '.join(f'({item}) is null' for item in taken)} then {fits} end"
        taken.append(fits)
    return found


def _fitted(column_type: ColumnType, sql_type: str, number: int, timestamp: str) -> str:
    said = f"(t{number}, x{number})"
    if column_type is ColumnType.TEXT:
        return f"x{number}"
    if column_type is ColumnType.TIMESTAMP:
        return f"{_rule(timestamp)}{said}"
    if column_type is ColumnType.OTHER:
        cast = f"try_cast(x{number} as {sql_type})"
        return f"case when {cast}::varchar = x{number} then {cast} end"
    return f"{_FIT[column_type]}{said}"


def _rule(timestamp: str) -> str:
    return "fit_ts" if timestamp == "timestamp_of" else "fit_ts_or_day"


def _leaf(column: ColumnBatch, reader: LeafReader, has_specials: bool = True) -> str:
    values = [reader.value(path) for path in column.paths]
    for path in column.special_paths if has_specials else ():
        special = f"special(specials, {literal(pointer(path))})"
        values.append(special if column.has_misfits else _typed_special(column, special))
    return coalesced(values)


def _typed_special(column: ColumnBatch, special: str) -> str:
    text = f"({special} ->> '$')"
    return text if column.read_type == "VARCHAR" else f"try_cast({text} as {column.sql_type})"


def misfit(column: ColumnBatch, timestamp: str) -> str:
    """The SQL over `judged` rows of a value that the column cannot hold, if variants are not wanted."""
    number = column.number
    fits = _fitted(column.column_type, column.sql_type, number, timestamp)
    return f"case when t{number} <> 'NULL' and ({fits}) is null then j{number} end"
