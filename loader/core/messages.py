"""Decides which leaf of a message goes into which column, and which leaves have no column, by shape and call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from loader.core.columns import Kind
from loader.core.naming import column_name, key_name, snake
from loader.core.samples import KeyPath, Shape
from loader.core.tables import EXCLUDED, REQUEST_IP, is_known_key, payload_root

_TEXT_KEYS: Final = ("messageId", "userId", "anonymousId", "groupId", "previousId", "event")
_OWN_IDS: Final = {"group": "groupId", "alias": "previousId"}
"""The ids of calls that have one beside those of people."""
_TIME_KEYS: Final = ("receivedAt", "timestamp", "sentAt", "originalTimestamp")
_OTHER_KEYS: Final = ("context", "properties", "traits", "name", "category", REQUEST_IP)
_ENVELOPE_KEYS: Final = {key.lower(): key for key in (*_TEXT_KEYS, *_TIME_KEYS, *_OTHER_KEYS, *EXCLUDED)}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value of a message and its column."""

    path: KeyPath
    column: str
    kind: Kind
    is_context: bool
    """Whether it is a column of every table of the call, not of the payload's table alone."""
    is_timestamp: bool = False
    """Whether it is a string that is a timestamp; `is_day` likewise."""
    is_day: bool = False


# Unusual archives have tens of thousands of shapes made of few leaves, so equal leaves share one object.
_leaf: Final = lru_cache(maxsize=100_000)(Leaf)


@lru_cache(maxsize=10_000)
def _shared(paths: frozenset[KeyPath]) -> frozenset[KeyPath]:
    return paths


@dataclass(slots=True)
class MessageColumns:
    """What all messages of one shape and call have in common."""

    leaves: Sequence[Leaf] = ()
    null_columns: list[str] = field(default_factory=list)
    """Payload columns that are null, in order of their names."""
    unknown_keys: list[str] = field(default_factory=list)
    """Top-level keys that are neither loaded nor on the exclusion list."""
    is_odd: bool = False
    """The exact way must read such messages: what they say is not what set-based SQL would take them for."""
    root: str = "properties"
    objects: frozenset[KeyPath] = frozenset()
    """Paths whose object is taken apart."""
    text_objects: frozenset[KeyPath] = frozenset()
    """Paths that hold an object kept as text."""


def message_columns(
    shape: Shape, call: str, identifier_bytes: int, excluded: frozenset[str], reserved: frozenset[str] = frozenset()
) -> MessageColumns:
    """Find the columns of the leaves of a message. `excluded` columns are not loaded into any table."""
    present = {path[0] for path in (*shape.leaves, *shape.objects) if path}
    columns = MessageColumns(
        root=payload_root(call, present),
        objects=_shared(frozenset(shape.objects)),
        text_objects=_shared(frozenset(shape.text_objects)),
    )
    leaves: list[Leaf] = []
    columns.is_odd = shape.has_repeated_key or _is_odd_envelope(shape, call) or _has_case_variant(shape, present)
    taken: dict[str, int] = {}
    skipped = shape.repeated_names if call in ("page", "screen") else frozenset[KeyPath]()
    for path, kind in shape.leaves.items():
        if path in skipped:
            continue
        for column, is_context in columns_of(path, call, columns.root, identifier_bytes, reserved):
            if column not in excluded:
                times = (path in shape.timestamps, path in shape.days)
                leaves.append(_leaf(path, column, kind, is_context, *times))
            taken[column] = taken.get(column, 0) + (path[0] != REQUEST_IP)
        if len(path) == 1 and not is_known_key(call, columns.root, path[0]):
            columns.unknown_keys.append(path[0])
    columns.leaves = tuple(leaves)
    columns.is_odd = columns.is_odd or any(count > 1 for count in taken.values()) or _is_odd_sender(shape, taken)
    for key in ("properties", "traits"):
        if key != columns.root and (key,) in shape.objects and _has_members(shape, key):
            columns.unknown_keys.append(key)
    nulls = [path for path in shape.nulls if len(path) > 1 and path[0] == columns.root]
    names = {column_name(path, call, identifier_bytes, reserved) for path in nulls}
    columns.null_columns = sorted(names - set(taken) - excluded)
    return columns


def _has_members(shape: Shape, key: str) -> bool:
    """Whether a top-level object has any key, even one that is null."""
    return any(len(path) > 1 and path[0] == key for path in (*shape.leaves, *shape.nulls, *shape.objects))


def columns_of(path: KeyPath, call: str, root: str, limit: int, reserved: frozenset[str]) -> list[tuple[str, bool]]:
    """The columns of a path, and whether each is one of every table of the call. `root`: the key of its payload."""
    key = path[0]
    if key == REQUEST_IP and len(path) == 1:
        return [("context_request_ip", True), ("context_ip", True)]
    if key in EXCLUDED:
        return [("_".join((EXCLUDED[key], *map(key_name, path[1:]))), True)]
    if len(path) == 1 or key not in ("context", root):
        return []
    return [(column_name(path, call, limit, reserved), key == "context")]


def _is_odd_envelope(shape: Shape, call: str) -> bool:
    names = ("name", "category") if call in ("page", "screen") else ()
    ids = ("userId", "anonymousId", _OWN_IDS.get(call))
    for key in (*_TEXT_KEYS, *_TIME_KEYS, *names):
        kind = shape.leaves.get((key,), Kind.STRING)
        if kind is not Kind.STRING and not (kind is Kind.INT and key in ids):
            return True
    # A batch is unpacked, no matter what other keys the line has.
    if any(shape.leaves.get((key,)) is Kind.JSON for key in ("batch", "payload")):
        return True
    # An empty object in the place of a text is not a leaf.
    if any((key,) in shape.text_objects for key in (*_TEXT_KEYS, *names, REQUEST_IP)):
        return True
    if any(("properties", key) in shape.objects | shape.text_objects for key in names):
        return True
    if any(shape.leaves.get(("properties", key), Kind.STRING) is not Kind.STRING for key in names):
        return True
    return any((key,) in shape.leaves for key in ("context", "properties", "traits"))


def _is_odd_sender(shape: Shape, taken: Mapping[str, int]) -> bool:
    """Whether the context has anything but a plain `ip` in the columns of the address of the sender.

    `taken` counts the other values of each column.
    """
    if (REQUEST_IP,) not in shape.leaves:
        return False
    ip = ("context", "ip")
    others = taken["context_ip"] + taken[f"context_{REQUEST_IP}"] - (ip in shape.leaves)
    return others > 0 or ip in shape.objects | shape.text_objects


def _has_case_variant(shape: Shape, present: set[str]) -> bool:
    return any(
        path[0] not in _ENVELOPE_KEYS.values()
        and _ENVELOPE_KEYS.get(path[0].lower(), path[0]) not in present | {path[0]}
        for path in (*shape.leaves, *shape.text_objects)
        if len(path) == 1
    )


def source_name(path: KeyPath) -> str:
    """A path as people write it, `properties.cart.id`, for the registry of names."""
    return ".".join(path)


def naming_rule(path: KeyPath, column: str) -> str:
    """The rule that made the name, for the registry of names."""
    plain = "_".join(filter(None, map(snake, path[1:] or path)))
    if path[0] == "context":
        plain = f"context_{plain}"
    if column == plain:
        return "snake_case"
    return "escaped" if column == f"_{plain}" else "hashed"


def table_excluded(excluded: frozenset[str], table: str) -> frozenset[str]:
    """The columns that are not loaded into this table."""
    prefix = f"{table}."
    return frozenset(name.removeprefix(prefix) for name in excluded if "." not in name or name.startswith(prefix))
