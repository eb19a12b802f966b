"""Reads leaves in SQL: one typed read of the text per row, and JSON pointers for what that cannot read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from loader.core.dialect import identifier, literal, pointer
from loader.core.samples import KeyPath


class LeafReader:
    """The specification of a typed read for some paths, and the expression of each path.

    A read specification cannot hold two keys that differ only by case, an empty key, or a key that is both an object
    and a value; such paths are read by pointer, at the cost of a parse each.
    """

    def __init__(
        self,
        types: Mapping[KeyPath, str],
        absorbed: Mapping[KeyPath, str] | None = None,
        objects: Collection[KeyPath] = frozenset(),
        text_objects: Collection[KeyPath] = frozenset(),
        guards: Mapping[str, str] | None = None,
        told: Mapping[KeyPath, str] | None = None,
    ) -> None:
        """`absorbed` are paths that only count if they differ from a top-level key that is present.

        `objects` are paths that, in some message, hold an object to take apart; `text_objects` hold one that is kept as
        text. The former are not values, and neither are empty ones of the latter. `guards`: top-level key → condition
        under which anything below it is read. `told`: the SQL of leaves that are available without reading the text.
        """
        self._told = told or {}
        self._guards = guards or {}
        self._absorbed = {path: key for path, key in (absorbed or {}).items() if path in types}
        types = {**types, **{(key,): "VARCHAR" for key in self._absorbed.values()}}
        self._types = types
        self._spec: dict[str, Any] = {}
        self._by_pointer: set[KeyPath] = set()
        prefixes = {path[:length] for path in types for length in range(1, len(path))}
        self._taken_apart = {path for path in types if path in prefixes or path in objects}
        folded: dict[KeyPath, set[str]] = {}
        for step in prefixes | set(types):
            folded.setdefault((*step[:-1], step[-1].lower()), set()).add(step[-1])
        twins = {(*key[:-1], name) for key, names in folded.items() if len(names) > 1 for name in names}
        for path, kind in types.items():
            if path in self._told:
                continue
            steps = [path[:length] for length in range(1, len(path) + 1)]
            if (
                path in self._taken_apart
                or path in text_objects
                or any(step in twins or not step[-1] for step in steps)
            ):
                self._by_pointer.add(path)
            else:
                self._add(path, kind)

    def _add(self, path: KeyPath, kind: str) -> None:
        node = self._spec
        for key in path[:-1]:
            node = node.setdefault(key, {})
        node[path[-1]] = kind

    @property
    def read(self) -> str:
        """The expression that reads the text, to be named `r`; null if nothing is read this way."""
        return f"from_json(text, {literal(json.dumps(self._spec, ensure_ascii=False))})" if self._spec else "null"

    def value(self, path: KeyPath) -> str:
        """The expression of a leaf, in its type."""
        leaf = self._value(path)
        if path[0] in self._guards:
            return f"case when {self._guards[path[0]]} then {leaf} end"
        if path not in self._absorbed:
            return leaf
        top = self._value((self._absorbed[path],))
        said = f"({leaf} ->> '$')" if self._types[path] == "JSON" else f"({leaf})::varchar"
        return f"case when {top} is not null and {said} is distinct from {top} then {leaf} end"

    def _value(self, path: KeyPath) -> str:
        if path in self._told:
            return self._told[path]
        if path not in self._by_pointer:
            return "r." + identifier(*path)
        leaf = f"json_extract(text, {literal(pointer(path))})"
        none = f"json_type({leaf}) = 'NULL' or ({leaf})::varchar = '{{}}'"
        if path in self._taken_apart:
            none = f"json_type({leaf}) in ('OBJECT', 'NULL')"
        leaf = f"case when not ({none}) then {leaf} end"
        kind = self._types[path]
        if kind == "JSON":
            return f"({leaf})"
        return f"(({leaf}) ->> '$')" if kind == "VARCHAR" else f"try_cast(({leaf}) ->> '$' as {kind})"


def coalesced(values: Iterable[str]) -> str:
    """The first of several values that is not null, in SQL."""
    listed = list(values)
    return listed[0] if len(listed) == 1 else f"coalesce({', '.join(listed)})"
