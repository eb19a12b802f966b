"""Finds the shape of a message: its leaves and their kinds. It is used on samples, never on every message."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from loader.core.columns import Kind
from loader.core.tables import EXCLUDED
from loader.core.timestamps import is_day, is_timestamp

KeyPath = tuple[str, ...]

DEEPEST: Final = 10
"""Levels of objects that become columns; what lies deeper is JSON text in the column of its path."""
ROOTS: Final = frozenset({"context", "properties", "traits"})
"""Top-level keys whose objects become columns."""


@dataclass(frozen=True, slots=True)
class WalkRules:
    """Which objects are taken apart.

    `texts` are paths whose objects are kept as JSON text, each with its call in front: ("track", "properties",
    "cart"). `envelope` are keys that are left out by default but wanted here.
    """

    texts: frozenset[KeyPath] = frozenset()
    envelope: frozenset[str] = frozenset()


@dataclass(slots=True)
class Shape:
    """The leaves, objects and peculiarities of one message."""

    leaves: dict[KeyPath, Kind] = field(default_factory=dict)
    """Paths of values that are not null. Arrays, and objects kept as text, are leaves of kind JSON."""
    timestamps: set[KeyPath] = field(default_factory=set)
    """Paths of strings that are timestamps."""
    days: set[KeyPath] = field(default_factory=set)
    """Paths of strings that are days without a time."""
    nulls: list[KeyPath] = field(default_factory=list)
    """Paths that are null."""
    objects: set[KeyPath] = field(default_factory=set)
    """Paths of objects whose keys are columns; () is the message."""
    text_objects: set[KeyPath] = field(default_factory=set)
    """Paths of objects that are kept as text; where such an object is empty it is no value."""
    call: str | None = None
    """What `type` says, whatever that is, where it is a string; `event` likewise."""
    event: str | None = None
    has_repeated_key: bool = False
    repeated_names: set[KeyPath] = field(default_factory=set)
    """`name` and `category` in properties that say what the top level says, or fill it where it says nothing."""


class _Object(list[tuple[str, Any]]):
    """Keys and values in document order, including repeated keys."""


def shape_of(text: str, rules: WalkRules) -> Shape:
    """The shape of a message. The text must be one that the engine accepted as a JSON object."""
    shape = Shape()
    message = json.loads(text, object_pairs_hook=_Object)
    top = dict(message)
    kept = frozenset(path[1:] for path in rules.texts if path[0] == top.get("type"))
    _walk(message, (), shape, WalkRules(kept, rules.envelope))
    shape.call, shape.event = (_text(top.get(key)) for key in ("type", "event"))
    properties = top.get("properties")
    if isinstance(properties, _Object):
        for key, value in properties:
            if key in ("name", "category") and top.get(key) in (None, value):
                shape.repeated_names.add(("properties", key))
    return shape


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _walk(value: _Object, path: KeyPath, shape: Shape, rules: WalkRules) -> None:
    """Here, `rules.texts` holds only the paths of this call, without the call."""
    shape.objects.add(path)
    seen: set[str] = set()
    for key, child in value:
        shape.has_repeated_key = shape.has_repeated_key or key in seen
        seen.add(key)
        below = (*path, key)
        if not path and key in EXCLUDED and key not in rules.envelope:
            continue
        if child is None:
            shape.nulls.append(below)
        elif isinstance(child, _Object) and _is_taken_apart(below, rules):
            _walk(child, below, shape, rules)
        else:
            if isinstance(child, _Object):
                shape.has_repeated_key = shape.has_repeated_key or _repeats(child)
                shape.text_objects.add(below)
            if child or not isinstance(child, _Object):
                shape.leaves[below] = _kind_of(child)
            if isinstance(child, str):
                if is_timestamp(child):
                    shape.timestamps.add(below)
                elif is_day(child):
                    shape.days.add(below)


def _is_taken_apart(path: KeyPath, rules: WalkRules) -> bool:
    if len(path) == 1:
        return path[0] in ROOTS or path[0] in rules.envelope
    return len(path) <= DEEPEST and path not in rules.texts


def _repeats(value: Any) -> bool:
    """Whether an object that is kept as text has a key twice, at any depth outside of arrays, which are kept as is."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Object):
            if len({key for key, _ in item}) < len(item):
                return True
            waiting += [child for _, child in item]
    return False


def _kind_of(value: Any) -> Kind:
    if isinstance(value, bool):
        return Kind.BOOL
    if isinstance(value, int):
        return Kind.INT
    if isinstance(value, float):
        return Kind.FLOAT
    return Kind.STRING if isinstance(value, str) else Kind.JSON
