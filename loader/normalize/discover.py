"""Signatures → shapes: what all messages of a batch consist of, learnt from a few samples, exactly.

A signature is a hash of the keys of all known objects and the types at all known paths. Messages of one signature agree
in all of them; so when a sample shows no key and no path that is not known, every message of its signature is like it
(up to collisions of a 64-bit hash). Samples that show something new extend what is known, and their signatures alone
are refined. Cost: one parse per message, and Python work per new signature, not per message.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from loader.core.messages import MessageColumns, message_columns
from loader.core.samples import KeyPath, Shape, WalkRules, shape_of
from loader.normalize.stage import KnownPaths, Stage, signature

_ALWAYS: Final = (
    *("messageId", "userId", "anonymousId", "groupId", "previousId", "event", "name", "category"),
    *("context", "properties", "traits"),
)
_START: Final = KnownPaths(
    objects=((), ("context",), ("properties",), ("traits",)), paths=tuple((key,) for key in _ALWAYS)
)
_ROUND: Final = 2_000
"""Most new signatures that are looked at together."""


class Discovery:
    """What is known of the messages of one source. Kept from batch to batch, so that known shapes cost nothing."""

    def __init__(
        self, rules: WalkRules, identifier_bytes: int, excluded: frozenset[str], reserved: frozenset[str]
    ) -> None:
        self._reserved = reserved
        self._rules = rules
        self._identifier_bytes = identifier_bytes
        self._excluded = excluded
        self._objects = dict.fromkeys(_START.objects)
        self._paths = dict.fromkeys(_START.paths)
        self._known = _START
        self._shapes: dict[tuple[str, int], MessageColumns] = {}

    @property
    def known(self) -> KnownPaths:
        """What a signature covers now."""
        return self._known

    def seed(self, texts: Iterable[str]) -> None:
        """Learn from lines that have not been judged: those that are no messages teach nothing."""
        for text in texts:
            try:
                shape = shape_of(text, self._rules) if text.startswith("{") else None
            except (ValueError, RecursionError, TypeError):
                continue
            if shape is not None:
                self._learn(shape)
        self._renew()

    def columns(self, call: str, key: int) -> MessageColumns:
        """What messages of a call and signature have. Only after `explain`."""
        return self._shapes[call, key]

    def explain(self, stage: Stage) -> list[int]:
        """Look at samples until every signature of the stage is known. Returns the signatures of odd messages."""
        while unknown := self._unknown(stage):
            refined: dict[tuple[KeyPath, ...], list[int]] = {}
            before = (set(self._objects), set(self._paths))
            for call, key, text in unknown[:_ROUND]:
                shape = shape_of(text, self._rules)
                news = tuple(sorted(self._new_places(shape, *before)))
                if news:
                    self._learn(shape)
                    refined.setdefault(news, []).append(key)
                else:
                    self._shapes[call, key] = message_columns(
                        shape, call, self._identifier_bytes, self._excluded, self._reserved
                    )
            if refined:
                self._refine(stage, before, [key for keys in refined.values() for key in keys])
        return [key for call, key in self._signatures(stage) if self._shapes[call, key].is_odd]

    def _signatures(self, stage: Stage) -> list[tuple[str, int]]:
        return stage.engine.execute(f"select distinct call, signature from {stage.name}").fetchall()

    def _unknown(self, stage: Stage) -> list[tuple[str, int, str]]:
        rows = stage.engine.execute(
            f"select call, signature, min(rowid) from {stage.name} group by call, signature"
        ).fetchall()
        wanted = [(call, key, row) for call, key, row in rows if (call, key) not in self._shapes]
        if not wanted:
            return []
        found: dict[int, str] = {}
        numbers = [row for _, _, row in wanted[:_ROUND]]
        listed = ", ".join(map(str, numbers))
        found.update(stage.engine.execute(f"select rowid, text from {stage.name} where rowid in ({listed})").fetchall())
        return [(call, key, found[row]) for call, key, row in wanted[:_ROUND]]

    def _new_places(self, shape: Shape, objects: set[KeyPath], paths: set[KeyPath]) -> set[KeyPath]:
        return (_paths(shape) - paths) | (shape.objects - objects)

    def _learn(self, shape: Shape) -> None:
        self._objects.update(dict.fromkeys(sorted(shape.objects)))
        self._paths.update(dict.fromkeys(sorted(_paths(shape))))

    def _renew(self) -> None:
        self._known = KnownPaths(tuple(self._objects), tuple(self._paths))

    def _refine(self, stage: Stage, before: tuple[set[KeyPath], set[KeyPath]], keys: list[int]) -> None:
        """Extend the signatures whose sample showed something new by what is new. Others cannot have it."""
        self._renew()
        added = KnownPaths(
            tuple(path for path in self._objects if path not in before[0]),
            tuple(path for path in self._paths if path not in before[1]),
        )
        listed = ", ".join(map(str, dict.fromkeys(keys)))
        stage.engine.execute(
            f"update {stage.name} set signature = hash(signature, {signature('text', added)}) "
            f"where signature in ({listed})"
        )


def _paths(shape: Shape) -> set[KeyPath]:
    return {*shape.leaves, *shape.nulls, *(path for path in shape.objects if path)}
