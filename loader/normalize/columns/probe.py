"""Asks more about the values of a column if counting kinds is not enough: large integers, exact decimals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from loader.core.columns import ColumnType, Evidence, Kind
from loader.normalize.columns.tables import TableBatch
from loader.normalize.columns.values import ColumnBatch, judged
from loader.normalize.messages.stage import Stage


class Probe:
    """Asks about the columns of one table, in one pass per kind of question."""

    def __init__(self, stage: Stage, batch: TableBatch) -> None:
        self._stage = stage
        self._batch = batch

    def ask(self, types: Mapping[str, ColumnType]) -> None:
        """Complete the evidence of all columns. `types` are the types of those that exist."""
        columns = list(self._batch.columns.values())
        large = [c for c in columns if _asks_for_large_integers(c.evidence, types.get(c.name))]
        most = self._answers(large, [_largest(c) for c in large], frozenset({Kind.INT}), "is_doubtful")
        for column, value in zip(large, most, strict=True):
            column.evidence.largest_integer = int(value or 0)
        exact = [c for c in columns if _asks_for_decimals(c.evidence, types.get(c.name))]
        questions = [question for column in exact for question in _inexact(column)]
        answers = self._answers(exact, questions, frozenset({Kind.FLOAT, Kind.INT}))
        for column, integral, decimal in zip(exact, answers[::2], answers[1::2], strict=True):
            column.evidence.not_integral, column.evidence.not_decimal = integral, decimal

    def _answers(
        self, columns: list[ColumnBatch], questions: list[str], kinds: frozenset[Kind], condition: str = "true"
    ) -> list[Any]:
        """Ask about values of these kinds; messages without such a value are not read."""
        if not columns:
            return []
        condition = f"{self._batch.condition} and {condition} and {having(columns, kinds)}"
        types = {path: "JSON" for column in columns for path in column.paths}
        with self._stage.rows(condition, leaves=types) as rows:
            reader = self._batch.reader(types, rows.leaves)
            (row,) = self._stage.engine.execute(
                f"select {', '.join(questions)} from {judged(rows.name, columns, reader, has_specials=False)}"
            ).fetchall()
        return list(row)


def having(columns: Iterable[ColumnBatch], kinds: Iterable[Kind] | None = None) -> str:
    """The condition that a message has a value of one of these kinds (by default a strange one) in a column."""
    found: set[int] = set()
    for column in columns:
        for kind in column.strange_kinds if kinds is None else kinds:
            for signatures in column.signatures.get(kind, ()):
                found.update(signatures.tolist())
    return f"signature in ({', '.join(map(str, sorted(found)))})" if found else "false"


def _largest(column: ColumnBatch) -> str:
    number = column.number
    return f"max(case when t{number} in ('BIGINT', 'UBIGINT') then abs(try_cast(x{number} as hugeint)) end)"


def _inexact(column: ColumnBatch) -> Iterable[str]:
    """How many numbers of a column are not integers, and how many do not fit a decimal with nine places."""
    number = column.number
    for rule in ("fit_int", "fit_dec9"):
        yield f"count(*) filter (where is_number(t{number}) and {rule}(t{number}, x{number}) is null)"


def _asks_for_large_integers(evidence: Evidence, existing: ColumnType | None) -> bool:
    kinds = evidence.kinds
    return Kind.INT in kinds and (
        existing is ColumnType.FLOAT or (Kind.FLOAT in kinds and existing is not ColumnType.TEXT)
    )


def _asks_for_decimals(evidence: Evidence, existing: ColumnType | None) -> bool:
    kinds = evidence.kinds
    if Kind.FLOAT not in kinds:
        return False
    if existing is None:
        return Kind.HUGE in kinds or evidence.largest_integer > 2**53
    return existing in (ColumnType.INT, ColumnType.DECIMAL)
