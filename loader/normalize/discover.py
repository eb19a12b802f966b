"""Signatures → shapes: what all messages of a batch consist of, learnt from a few samples, exactly.

A signature is a hash of the keys of all known objects and the types at all known paths of its group of messages. Messages of one signature agree
in all of them; so when a sample shows no key and no path that is not known, every message of its signature is like it
(up to collisions of a 64-bit hash). Samples that show something new extend what is known, and their signatures alone
are refined. Cost: one parse per message, and Python work per new signature, not per message.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from loader.core.messages import MessageColumns, message_columns
from loader.core.samples import KeyPath, Shape, WalkRules, shape_of
from loader.core.tables import CALLS
from loader.normalize.stage import Known, KnownPaths, MessageGroup, Stage, signature

_ALWAYS: Final = (
    *("messageId", "userId", "anonymousId", "groupId", "previousId", "event", "name", "category"),
    *("context", "properties", "traits"),
)
_START: Final = KnownPaths(
    objects=((), ("context",), ("properties",), ("traits",)), paths=tuple((key,) for key in _ALWAYS)
)
_MOST_EVENTS: Final = 64
"""Events that get a group of their own: each costs a branch per message."""
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
        self._groups: dict[MessageGroup | None, _Places] = {None: _Places()}
        self._new_groups: dict[MessageGroup, _Places] = {}
        self._shapes: dict[tuple[str, int], MessageColumns] = {}

    @property
    def known(self) -> Known:
        """What signatures cover now."""
        groups = {group: places.known() for group, places in self._groups.items() if group is not None}
        return Known(groups, self._groups[None].known())

    def seed(self, texts: Iterable[str]) -> None:
        """Learn from lines that have not been judged: those that are no messages teach nothing."""
        for text in texts:
            # Half a character cannot be part of a statement; such lines are odd anyway.
            if not text.startswith("{") or "\\ud" in text.lower():
                continue
            try:
                shape = shape_of(text, self._rules)
            except (ValueError, RecursionError, TypeError):
                continue
            if shape.call in CALLS:
                self._learn_for_next(shape)
        self.begin_batch()

    def begin_batch(self) -> None:
        """Groups met for the first time count from here on: within a batch they stay as they are."""
        for group, places in self._new_groups.items():
            self._groups[group] = places
        self._new_groups = {}

    def columns(self, call: str, key: int) -> MessageColumns:
        """What messages of a call and signature have. Only after `explain`."""
        return self._shapes[call, key]

    def explain(self, stage: Stage) -> list[int]:
        """Look at samples until every signature of the stage is known. Returns the signatures of odd messages."""
        while unknown := self._unknown(stage):
            before = {group: places.copy() for group, places in self._groups.items()}
            refined: dict[MessageGroup | None, list[int]] = {}
            for call, key, text in unknown:
                shape = shape_of(text, self._rules)
                group = self._group_of(shape)
                if before[group].covers(shape):
                    self._shapes[call, key] = message_columns(
                        shape, call, self._identifier_bytes, self._excluded, self._reserved
                    )
                    self._learn_for_next(shape)
                else:
                    self._groups[group].learn(shape)
                    refined.setdefault(group, []).append(key)
            for group, keys in refined.items():
                self._refine(stage, self._groups[group].beyond(before[group]), keys)
        return [key for call, key in self._signatures(stage) if self._shapes[call, key].is_odd]

    def _group_of(self, shape: Shape) -> MessageGroup | None:
        group = _group(shape)
        return group if group in self._groups else None

    def _learn_for_next(self, shape: Shape) -> None:
        """Prepare a group for the messages of this kind, if they have none and there is room."""
        group = _group(shape)
        if group is None or group in self._groups:
            return
        if group[1] is not None and len(self._groups) + len(self._new_groups) >= _MOST_EVENTS:
            return
        self._new_groups.setdefault(group, _Places()).learn(shape)

    def _signatures(self, stage: Stage) -> list[tuple[str, int]]:
        return stage.engine.execute(f"select distinct call, signature from {stage.name}").fetchall()

    def _unknown(self, stage: Stage) -> list[tuple[str, int, str]]:
        rows = stage.engine.execute(
            f"select call, signature, min(rowid) from {stage.name} group by call, signature"
        ).fetchall()
        wanted = [(call, key, row) for call, key, row in rows if (call, key) not in self._shapes][:_ROUND]
        if not wanted:
            return []
        listed = ", ".join(str(row) for _, _, row in wanted)
        found = dict(stage.engine.execute(f"select rowid, text from {stage.name} where rowid in ({listed})").fetchall())
        return [(call, key, found[row]) for call, key, row in wanted]

    def _refine(self, stage: Stage, added: KnownPaths, keys: list[int]) -> None:
        """Extend the signatures whose sample showed something new by what is new. Others cannot have it."""
        listed = ", ".join(map(str, dict.fromkeys(keys)))
        stage.engine.execute(
            f"update {stage.name} set signature = hash(signature, {signature('text', added)}) "
            f"where signature in ({listed})"
        )


class _Places:
    """Objects and paths known of one group, in the order in which they were learnt."""

    def __init__(self) -> None:
        self._objects = dict.fromkeys(_START.objects)
        self._paths = dict.fromkeys(_START.paths)

    def copy(self) -> _Places:
        """As they are now."""
        copied = _Places()
        copied._objects, copied._paths = dict(self._objects), dict(self._paths)  # noqa: SLF001
        return copied

    def known(self) -> KnownPaths:
        """For a signature."""
        return KnownPaths(tuple(self._objects), tuple(self._paths))

    def covers(self, shape: Shape) -> bool:
        """Whether a shape shows nothing new."""
        return self._objects.keys() >= shape.objects and self._paths.keys() >= _paths(shape)

    def learn(self, shape: Shape) -> None:
        """Add what a shape shows."""
        self._objects.update(dict.fromkeys(sorted(shape.objects)))
        self._paths.update(dict.fromkeys(sorted(_paths(shape))))

    def beyond(self, before: _Places) -> KnownPaths:
        """What was learnt since."""
        return KnownPaths(
            tuple(path for path in self._objects if path not in before._objects),  # noqa: SLF001
            tuple(path for path in self._paths if path not in before._paths),  # noqa: SLF001
        )


def _group(shape: Shape) -> MessageGroup | None:
    """The group that messages like this one have, or would have. The SQL of signatures asks the same question."""
    if shape.call is None or (shape.call == "track" and shape.event is None):
        return None
    return shape.call, shape.event if shape.call == "track" else None


def _paths(shape: Shape) -> set[KeyPath]:
    return {*shape.leaves, *shape.nulls, *shape.text_objects, *(path for path in shape.objects if path)}
