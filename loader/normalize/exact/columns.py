"""Reduces an object of an odd message to what columns can hold: one value per column, in range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from loader.core.dialect import pointer
from loader.core.naming import column_name
from loader.core.samples import DEEPEST, KeyPath, WalkRules
from loader.normalize.exact.json import (
    Loss,
    NumberText,
    compact,
    has_changing_number,
    is_int64,
    is_lossy,
    is_out_of_range,
)

_KINDS: Final = (NumberText, str, bool, dict, list)


@dataclass(frozen=True, slots=True)
class ColumnRules:
    """The rules by which paths become columns."""

    walk: WalkRules
    identifier_bytes: int
    reserved: frozenset[str]
    """Columns of wanted envelope keys, which a payload key must not take."""
    excluded: frozenset[str]
    """Columns that are not loaded, as `column` or `table.column`."""

    def column(self, path: KeyPath, call: str) -> str:
        """The column of a path."""
        return column_name(path, call, self.identifier_bytes, self.reserved)

    def is_excluded(self, column: str, tables: Sequence[str]) -> bool:
        """Whether none of the tables has the column."""
        return column in self.excluded or all(f"{table}.{column}" in self.excluded for table in tables)


@dataclass(slots=True)
class _Leaf:
    """A value, and the object in the copy that contains it."""

    path: KeyPath
    parent: dict[str, Any]
    value: Any

    def remove(self) -> None:
        """Remove the value from the copy."""
        del self.parent[self.path[-1]]

    def loss(self, reason: str) -> Loss:
        """The value as a loss, for this reason."""
        return Loss(reason, self.path, compact(self.value))


@dataclass(slots=True)
class Settler:
    """Settles the objects of one message. Collects values that their JSON cannot express, and losses."""

    rules: ColumnRules
    call: str
    tables: Sequence[str]
    """The tables that have a row of the message, that of the payload last."""
    specials: dict[str, str]
    losses: list[Loss]

    def settle(self, root: str, value: dict[str, Any]) -> dict[str, Any]:
        """A copy of `context` or of the payload, with one value per column."""
        leaves: list[_Leaf] = []
        nulls: list[_Leaf] = []
        copy = self._copied(value, (root,), leaves, nulls)
        claims: dict[str, list[_Leaf]] = {}
        for leaf in leaves:
            column = self.rules.column(leaf.path, self.call)
            if isinstance(leaf.value, NumberText) and is_out_of_range(leaf.value):
                if self._is_reported(root, column):
                    # Keep the literal as it was written; it has no other spelling.
                    self.losses.append(Loss("number_out_of_range", leaf.path, str(leaf.value)))
                leaf.remove()
            else:
                claims.setdefault(column, []).append(leaf)
        special = {column for column, claimed in claims.items() if self._is_special(root, column, claimed)}
        for leaf in nulls:
            # The value of another spelling of the key is not in the text, so this null would count as the value of the column.
            if special and self.rules.column(leaf.path, self.call) in special:
                leaf.remove()
        return copy

    def _copied(self, value: dict[str, Any], path: KeyPath, leaves: list[_Leaf], nulls: list[_Leaf]) -> dict[str, Any]:
        copy: dict[str, Any] = {}
        for key, member in value.items():
            below = (*path, key)
            if isinstance(member, dict) and len(below) <= DEEPEST and (self.call, *below) not in self.rules.walk.texts:
                copy[key] = self._copied(member, below, leaves, nulls)
                continue
            copy[key] = member
            if member is None:
                nulls.append(_Leaf(below, copy, member))
            elif member != {}:
                leaves.append(_Leaf(below, copy, member))
        return copy

    def _is_reported(self, root: str, column: str) -> bool:
        """Whether what a column loses is a discard: some table has the column."""
        return not self.rules.is_excluded(column, self.tables if root == "context" else self.tables[-1:])

    def _is_special(self, root: str, column: str, claimed: list[_Leaf]) -> bool:
        """Settle a column. Returns whether its value is kept beside the text."""
        winner = _winner(root, column, claimed)
        is_reported = self._is_reported(root, column)
        for leaf in claimed:
            if leaf is winner:
                continue
            leaf.remove()
            if is_reported and not _is_same(leaf.value, winner.value):
                self.losses.append(leaf.loss("name_collision"))
        value = winner.value
        special = _special(value)
        if special is not None:
            self.specials[pointer(winner.path)] = special
            winner.remove()
        elif is_reported and isinstance(value, NumberText) and not value.is_integer and is_lossy(value):
            self.losses.append(Loss("precision", winner.path, str(value)))
        return special is not None


def _winner(root: str, column: str, claimed: list[_Leaf]) -> _Leaf:
    """The key that is spelled like its column, else the last key."""
    prefix = "context_" if root == "context" else ""
    exact = [leaf for leaf in claimed if len(leaf.path) == 2 and prefix + leaf.path[1] == column]
    return (exact or claimed)[-1]


def _is_same(one: Any, other: Any) -> bool:
    kinds = [next(kind for kind in _KINDS if isinstance(value, kind)) for value in (one, other)]
    return kinds[0] is kinds[1] and compact(one) == compact(other)


def _special(value: Any) -> str | None:
    """The value to keep beside the message, if the engine's JSON numbers would change it."""
    if isinstance(value, NumberText):
        return f"d:{value}" if value.is_integer and not is_int64(value) else None
    if isinstance(value, (dict, list)) and has_changing_number(value):
        return f"s:{compact(value)}"
    return None
