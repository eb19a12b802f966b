"""Finds the shape of every signature in a batch from one sample message each."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from loader.core.messages import Leaf, MessageColumns, message_columns
from loader.core.samples import WalkRules, shape_of
from loader.normalize.messages.stage import Stage

LeafNumbers = npt.NDArray[np.int64]
_ROUND: Final = 2_000
"""Most new signatures that are looked at together."""


class Discovery:
    """The known shapes of one source. It is kept from batch to batch, so that known shapes cost nothing."""

    def __init__(
        self, rules: WalkRules, identifier_bytes: int, excluded: frozenset[str], reserved: frozenset[str]
    ) -> None:
        self._reserved = reserved
        self._rules = rules
        self._identifier_bytes = identifier_bytes
        self._excluded = excluded
        self._shapes: dict[tuple[str, int], MessageColumns] = {}
        self.leaves: list[Leaf] = []
        """All that were seen in any message, by their numbers. It only grows, while another thread may read it."""
        self._numbers: dict[Leaf, int] = {}
        self._leaves: dict[tuple[str, int], LeafNumbers] = {}

    def leaf_numbers(self, call: str, signature: int) -> LeafNumbers:
        """The numbers of the leaves of messages with this call and signature. Call `explain` first."""
        return self._leaves[call, signature]

    def columns(self, call: str, signature: int) -> MessageColumns:
        """The columns of messages with this call and signature. Call `explain` first."""
        return self._shapes[call, signature]

    def explain(self, stage: Stage) -> list[int]:
        """Look at a sample of every new signature in the stage. Returns the signatures of odd messages."""
        signatures = stage.engine.execute(
            f"select call, signature, min(row) from {stage.name} group by call, signature"
        ).fetchall()
        unknown = [(call, key, row) for call, key, row in signatures if (call, key) not in self._shapes]
        for start in range(0, len(unknown), _ROUND):
            self._look(stage, unknown[start : start + _ROUND])
        return [key for call, key, _ in signatures if self._shapes[call, key].is_odd]

    def _look(self, stage: Stage, samples: list[tuple[str, int, int]]) -> None:
        for call, signature, row in samples:
            shape = shape_of(stage.text(row), self._rules)
            columns = message_columns(shape, call, self._identifier_bytes, self._excluded, self._reserved)
            self._shapes[call, signature] = columns
            self._leaves[call, signature] = np.array([self._number(leaf) for leaf in columns.leaves], dtype=np.int64)

    def _number(self, leaf: Leaf) -> int:
        if leaf not in self._numbers:
            self._numbers[leaf] = len(self.leaves)
            self.leaves.append(leaf)
        return self._numbers[leaf]
