"""Finds what the warehouse has for places of the archive (object, line, item), for some lines at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, cast

from loader.inventory import Table
from loader.reading import Reader

WINDOW_LINES: Final = 50_000
"""Lines whose places are in memory at the same time."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the warehouse has for one place."""

    item: int
    kind: Literal["row", "copy", "quarantine"]
    call: str = ""
    id: str = ""
    record: Mapping[str, object] = field(default_factory=dict)
    """What is told of a copy, or of what is in quarantine."""


Lines = dict[int, list[Found]]


class PlaceReader:
    """Reads what the warehouse has for some objects."""

    def __init__(self, reader: Reader, source: str, tables: Mapping[str, Table]) -> None:
        self._reader = reader
        self._source = source
        self._tables = tables

    def lines(self, objects: Iterable[int], first: int = 1, last: int | None = None) -> dict[int, Lines]:
        """Everything from line `first` to line `last`, by object and line; None means to the end."""
        wanted = {"objects": list(objects), "first": first, "last": last}
        found: dict[int, Lines] = {}
        for call, table in self._tables.items():
            rows = self._reader.check("row_places", {**wanted, "table": table.qualified}).rows
            for object_id, line, item, row_id in cast("list[tuple[int, int, int, str]]", rows):
                _put(found, object_id, line, Found(item, "row", call, row_id))
        wanted["source"] = self._source
        for record in self._reader.check("copy_places", wanted).records():
            object_id, line, item = _taken(record)
            call, row_id = str(record.pop("call")), str(record.pop("id"))
            _put(found, object_id, line, Found(item, "copy", call, row_id, record))
        for record in self._reader.check("quarantine_places", wanted).records():
            object_id, line, item = _taken(record)
            _put(found, object_id, line, Found(item, "quarantine", record=record))
        return found


def _taken(record: dict[str, object]) -> tuple[int, int, int]:
    """The place that a record is told of, which is no part of it any more."""
    return cast("tuple[int, int, int]", tuple(record.pop(name) for name in ("object_id", "line", "item")))


def _put(found: dict[int, Lines], object_id: int, line: int, place: Found) -> None:
    found.setdefault(object_id, {}).setdefault(line, []).append(place)


class ObjectPlaces:
    """The places of one object, taken line by line, in order. Places that are not taken go to `unclaimed`."""

    def __init__(
        self,
        places: PlaceReader,
        object_id: int,
        held: Lines | None,
        unclaimed: Callable[[int, list[Found]], None],
    ) -> None:
        self._places = places
        self._object_id = object_id
        self._unclaimed = unclaimed
        self._held = {} if held is None else held
        self._until = 0 if held is None else None
        """Last line that was asked for; None: all of them."""

    def take(self, line: int) -> list[Found]:
        """Take what the warehouse has for a line."""
        if self._until is not None and line > self._until:
            self._ask(self._until + 1, line + WINDOW_LINES)
            self._until = line + WINDOW_LINES
        return self._held.pop(line, [])

    def finish(self) -> None:
        """End: no further line exists."""
        if self._until is not None:
            self._ask(self._until + 1, None)
        self._hand_over()

    def _ask(self, first: int, last: int | None) -> None:
        self._hand_over()
        self._held = self._places.lines([self._object_id], first, last).get(self._object_id, {})

    def _hand_over(self) -> None:
        for line, found in sorted(self._held.items()):
            self._unclaimed(line, found)
        self._held = {}
