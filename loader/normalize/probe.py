"""What the values of a column are, where counting kinds is not enough: timestamps, large integers, exact decimals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from loader.core.columns import ColumnType, Evidence, Kind
from loader.normalize.leaves import coalesced
from loader.normalize.stage import Stage
from loader.normalize.tables import TableBatch
from loader.normalize.values import ColumnBatch

_TEXTS: Final = frozenset({Kind.STRING})


@dataclass(frozen=True, slots=True)
class _Question:
    column: ColumnBatch
    sql: str


class Probe:
    """Asks about the columns of one table, in one pass per kind of question."""

    def __init__(self, stage: Stage, batch: TableBatch, timestamp: str, whole: TableBatch | None = None) -> None:
        """`whole` is a table that has been asked about, and that has every row of this one: its context is known."""
        self._stage = stage
        self._batch = batch
        self._timestamp = timestamp
        self._whole = {} if whole is None else whole.columns

    def ask(self, types: Mapping[str, ColumnType]) -> None:
        """Complete the evidence of all columns. `types` are the types of those that exist."""
        columns = list(self._batch.columns.values())
        strings = [c for c in columns if _asks_for_timestamps(c.evidence, types.get(c.name)) and not self._is_told(c)]
        unsure = [c for c in strings if types.get(c.name) is ColumnType.TIMESTAMP]
        new = [c for c in strings if types.get(c.name) is not ColumnType.TIMESTAMP]
        begins = self._answers([_Question(c, self._count_digit_first(c)) for c in new], _TEXTS)
        unsure += [c for c, count in zip(new, begins, strict=True) if count]
        for column in strings:
            column.is_asked_for_timestamps = True
        counts = self._answers([_Question(c, self._count_timestamps(c)) for c in unsure], _TEXTS)
        for column, count in zip(unsure, counts, strict=True):
            column.evidence.timestamps = count
        self._ask_for_numbers(columns, types)

    def _is_told(self, column: ColumnBatch) -> bool:
        """None or all of the strings of all rows are timestamps: so it is with the rows of this table."""
        whole = self._whole.get(column.name)
        if whole is None or not whole.is_asked_for_timestamps or not column.name.startswith("context_"):
            return False
        if whole.evidence.timestamps == whole.evidence.counts[Kind.STRING]:
            column.evidence.timestamps = column.evidence.counts[Kind.STRING]
            return True
        return whole.evidence.timestamps == 0

    def _ask_for_numbers(self, columns: list[ColumnBatch], types: Mapping[str, ColumnType]) -> None:
        large = [c for c in columns if _asks_for_large_integers(c.evidence, types.get(c.name))]
        questions = [_Question(c, _largest(self._leaf(c))) for c in large]
        most = self._answers(questions, frozenset({Kind.INT}), "is_doubtful")
        for column, value in zip(large, most, strict=True):
            column.evidence.largest_integer = int(value or 0)
        exact = [c for c in columns if _asks_for_decimals(c.evidence, types.get(c.name))]
        questions = []
        for column in exact:
            leaf = self._leaf(column)
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
        reader = self._batch.reader(
            {
                path: "VARCHAR" if kinds == _TEXTS and _is_text(question.column) else "JSON"
                for question in questions
                for path in question.column.paths
            }
        )
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

    def _leaf(self, column: ColumnBatch) -> str:
        return f"«{column.name}»"

    def _text(self, column: ColumnBatch) -> str:
        leaf = self._leaf(column)
        return leaf if _is_text(column) else f"case when json_type({leaf}) = 'VARCHAR' then {leaf} ->> '$' end"

    def _count_digit_first(self, column: ColumnBatch) -> str:
        # Every timestamp begins with a digit; comparing costs far less than matching a pattern.
        text = self._text(column)
        return _count(f"{text} >= '0' and {text} < ':'")

    def _count_timestamps(self, column: ColumnBatch) -> str:
        return _count(f"{self._timestamp}({self._text(column)}) is not null")


def _is_text(column: ColumnBatch) -> bool:
    return column.evidence.kinds == _TEXTS and not column.special_paths


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


def _asks_for_timestamps(evidence: Evidence, existing: ColumnType | None) -> bool:
    return Kind.STRING in evidence.kinds and existing in (None, ColumnType.TIMESTAMP)


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
