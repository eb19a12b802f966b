"""What the values of a column are, where counting kinds is not enough: large integers, exact decimals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from loader.core.columns import ColumnType, Evidence, Kind
from loader.normalize.leaves import coalesced
from loader.normalize.stage import Stage
from loader.normalize.tables import TableBatch
from loader.normalize.values import ColumnBatch


@dataclass(frozen=True, slots=True)
class _Question:
    column: ColumnBatch
    sql: str


class Probe:
    """Asks about the columns of one table, in one pass per kind of question."""

    def __init__(self, stage: Stage, batch: TableBatch) -> None:
        self._stage = stage
        self._batch = batch

    def ask(self, types: Mapping[str, ColumnType]) -> None:
        """Complete the evidence of all columns. `types` are the types of those that exist."""
        columns = list(self._batch.columns.values())
        large = [c for c in columns if _asks_for_large_integers(c.evidence, types.get(c.name))]
        questions = [_Question(c, _largest(_leaf(c))) for c in large]
        most = self._answers(questions, frozenset({Kind.INT}), "is_doubtful")
        for column, value in zip(large, most, strict=True):
            column.evidence.largest_integer = int(value or 0)
        exact = [c for c in columns if _asks_for_decimals(c.evidence, types.get(c.name))]
        questions = []
        for column in exact:
            leaf = _leaf(column)
            questions.append(_Question(column, _count(f"is_number({leaf}) and fit_int({leaf}) is null")))
            questions.append(_Question(column, _count(f"is_number({leaf}) and fit_dec9({leaf}) is null")))
        answers = self._answers(questions, frozenset({Kind.FLOAT, Kind.INT}))
        for column, integral, decimal in zip(exact, answers[::2], answers[1::2], strict=True):
            column.evidence.not_integral, column.evidence.not_decimal = integral, decimal

    def _answers(self, questions: list[_Question], kinds: frozenset[Kind], condition: str = "true") -> list[Any]:
        """`kinds`: what the questions are about; messages without such a value are not read."""
        if not questions:
            return []
        condition += f" and {having([question.column for question in questions], kinds)}"
        reader = self._batch.reader({path: "JSON" for question in questions for path in question.column.paths})
        asked = ", ".join(question.sql for question in questions)
        # Leaves are bound to names first, so that each is read once however often a question mentions it.
        named = {question.column.name: question.column for question in questions}
        leaves = ", ".join(
            f"{coalesced(reader.value(path) for path in column.paths)} as c{index}"
            for index, column in enumerate(named.values())
            if column.paths
        )
        for index, name in enumerate(named):
            asked = asked.replace(f"«{name}»", f"c{index}")
        (row,) = self._stage.engine.execute(
            f"select {asked} from (select {leaves} from (select text, {reader.read} as r from {self._stage.name} "
            f"where {self._batch.condition} and {condition}))"
        ).fetchall()
        return list(row)


def _leaf(column: ColumnBatch) -> str:
    return f"«{column.name}»"


def having(columns: Iterable[ColumnBatch], kinds: Iterable[Kind] | None = None) -> str:
    """The SQL of: the message has a value of one of the kinds in one of the columns; by default of a strange kind."""
    found: set[int] = set()
    for column in columns:
        for kind in column.strange_kinds if kinds is None else kinds:
            found |= column.signatures.get(kind, set())
    return f"signature in ({', '.join(map(str, sorted(found)))})" if found else "false"


def _count(condition: str) -> str:
    return f"count(*) filter (where {condition})"


def _largest(leaf: str) -> str:
    number = f"abs(try_cast({leaf} ->> '$' as hugeint))"
    return f"max(case when json_type({leaf}) in ('BIGINT', 'UBIGINT') then {number} end)"


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
