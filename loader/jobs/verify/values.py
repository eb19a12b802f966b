"""Computes the values that the row of a message should hold: in a column, in a variant of it, or in a discard.

The rules are in docs/tables.md: columns, names, types, variants and discards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Final

from loader.config.settings import LoadSettings
from loader.core.columns import VARIANTS
from loader.core.dialect import DUCKDB, pointer
from loader.core.naming import column_name, event_slug, key_name
from loader.core.tables import EXCLUDED, REQUEST_IP
from loader.jobs.verify.lines import Written, member

Row = Mapping[str, Any]
_IDS: Final = {"userId": "user_id", "anonymousId": "anonymous_id"}
_NAMES: Final = {"name": "name", "category": "category"}
_OWN: Final = {
    "track": {"event": "event_text"},
    "page": _NAMES,
    "screen": _NAMES,
    "group": {"groupId": "group_id"},
    "alias": {"previousId": "previous_id"},
}
_TIMES: Final = {
    "receivedAt": "received_at",
    "timestamp": "timestamp",
    "sentAt": "sent_at",
    "originalTimestamp": "original_timestamp",
}
_UNSET: Final = datetime(1, 1, 1, tzinfo=UTC)
"""What libraries send for "no time"."""
_VARIANTS: Final = tuple(f"__v_{variant}" for variant in VARIANTS)
_DEEPEST: Final = 10
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s?(?:[Zz]|([+-]\d\d)(?::?(\d\d))?)?)?", re.ASCII
)
WHOLE_ROW: Final = frozenset({"column_cap", "table_cap"})
"""Reasons of discards that stand for several values of a row."""
_BESIDE: Final = frozenset({"precision", "invalid_utf8", "control_char", "lone_surrogate", "duplicate_key"})
"""Reasons of discards beside which the row has a value all the same."""


@dataclass(frozen=True)
class Discard:
    """A value that has no column, as the warehouse recorded it."""

    table: str
    column: str | None
    path: str | None
    value_json: str | None
    column_type: str | None
    reason: str

    @cached_property
    def value(self) -> Any:
        """The value, as far as it is JSON."""
        return parsed(self.value_json)


@dataclass(frozen=True)
class Wanted:
    """A value of a message and where it belongs."""

    path: tuple[str, ...]
    value: Any
    column: str | None
    """None: no table has a column for it, only a discard can hold it."""

    @property
    def kind(self) -> str:
        """What it is, without saying it: values may be personal."""
        if isinstance(self.value, Written):
            return "a number"
        names = {bool: "true or false", str: "a text", list: "JSON", dict: "JSON"}
        return names.get(type(self.value), "a value")


def envelope_values(call: str, body: dict[str, Any]) -> Iterator[Wanted]:
    """What belongs in the ids, names and times of a row. Times that are missing or spelled unusually are not judged."""
    for key, column in (_IDS | _OWN.get(call, {})).items():
        value = member(body, key)
        if value is not None:
            yield Wanted((key,), value, column)
    event = member(body, "event") if call == "track" else None
    if type(event) is str:
        yield Wanted(("event",), event_slug(_text(event), DUCKDB.identifier_bytes), "event")
    for key, column in _TIMES.items():
        value = member(body, key)
        if type(value) is str and _instant(value) not in (None, _UNSET):
            yield Wanted((key,), value, column)


def context_values(call: str, body: dict[str, Any], load: LoadSettings) -> Iterator[Wanted]:
    """What belongs in the context columns."""
    yield from _wanted(call, "context", member(body, "context"), load)


def payload_values(call: str, body: dict[str, Any], load: LoadSettings) -> Iterator[Wanted]:
    """What belongs in the payload columns, and payload of the other kind, which is for the discards."""
    properties, traits = member(body, "properties"), member(body, "traits")
    root = "traits" if call in ("identify", "group", "alias") else "properties"
    if call == "track" and properties is None and traits is not None:
        root = "traits"
    of_root, other = (traits, properties) if root == "traits" else (properties, traits)
    yield from _wanted(call, root, of_root, load)
    unused = "properties" if root == "traits" else "traits"
    if other is not None and other != {}:
        yield Wanted((unused,), other, None)


def wanted_columns(call: str, body: dict[str, Any], load: LoadSettings) -> Iterator[Wanted]:
    """What belongs in the columns of envelope keys that are otherwise left out, and of the address of the sender."""
    for key, name in EXCLUDED.items():
        value = member(body, key) if name in load.envelope_columns else None
        if key == "type" and value is not None:
            yield Wanted((key,), call, name)
        elif isinstance(value, dict):
            for path, leaf in _leaves((call, key), value, frozenset()):
                yield Wanted(path, leaf, "_".join((name, *map(key_name, path[1:]))))
        elif value is not None:
            yield Wanted((key,), value, name)
    address, context = member(body, REQUEST_IP), member(body, "context")
    if address is not None:
        has_own = isinstance(context, dict) and context.get("ip") is not None
        yield from _wanted(call, "context", {REQUEST_IP: address} | ({} if has_own else {"ip": address}), load)


def _wanted(call: str, root: str, value: Any, load: LoadSettings) -> Iterator[Wanted]:
    if isinstance(value, dict):
        reserved = frozenset[str](load.envelope_columns)
        texts = frozenset(tuple(path.split(".")) for path in load.json_paths)
        for path, leaf in _leaves((call, root), value, texts):
            yield Wanted(path, leaf, column_name(path, call, DUCKDB.identifier_bytes, reserved))
    elif value is not None:
        yield Wanted((root,), value, None)


def _leaves(
    at: tuple[str, ...], value: dict[str, Any], json_paths: frozenset[tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, below in value.items():
        path = (*at, key)
        if isinstance(below, dict) and len(path) - 2 < _DEEPEST and path not in json_paths:
            yield from _leaves(path, below, json_paths)
        elif below is not None and below != {}:
            yield tuple(_text(part) for part in path[1:]), below


def columns_held(wanted: Iterable[Wanted], call: str, row: Row) -> list[str | None]:
    """Of each value, the column that holds it: its own or a variant of that; None where none does."""
    return [None if each.column is None else _column_held(each, each.column, call, row) for each in wanted]


def _column_held(wanted: Wanted, column: str, call: str, row: Row) -> str | None:
    if is_same(wanted.value, row.get(column)):
        return column
    for name in _VARIANTS:
        if is_same(wanted.value, row.get(column + name)):
            return column + name
    if call in ("page", "screen") and len(wanted.path) == 2 and wanted.path[1] in ("name", "category"):
        name = wanted.path[1]  # the same as the top-level one: one column for both
        return name if is_same(wanted.value, row.get(name)) else None
    return None


def is_left_out(wanted: Wanted, table: str, discards: list[Discard], load: LoadSettings) -> bool:
    """Whether a value that no column holds is one of the discards, or excluded."""
    names = {wanted.column, f"{table}.{wanted.column}"}
    return not names.isdisjoint(load.exclude) or any(_stands_for(discard, wanted) for discard in discards)


def _stands_for(discard: Discard, wanted: Wanted) -> bool:
    if discard.reason in _BESIDE:
        return False
    if discard.reason in WHOLE_ROW:
        values = discard.value
        return isinstance(values, dict) and wanted.column in values and is_as_sent(wanted.value, values[wanted.column])
    if discard.reason == "unknown_top_level" and len(wanted.path) == 1:
        return True
    if wanted.column is not None and discard.column is not None:
        return discard.column.partition("__v_")[0] == wanted.column
    return discard.path in (
        ".".join(wanted.path),
        pointer(wanted.path),
        wanted.path[0] if len(wanted.path) == 1 else "",
    )


def is_same(value: Any, cell: Any) -> bool:
    """Whether a cell holds a value: numbers by value, timestamps by instant, JSON by what it says, text as it is."""
    if cell is None:
        return False
    if isinstance(value, bool):
        return cell is value or cell == ("true" if value else "false")
    if isinstance(value, Written):
        return _is_same_number(value, cell)
    if isinstance(value, str):
        return _is_same_text(_text(value), cell)
    return isinstance(cell, str) and _is_same_json(value, cell)


def _is_same_number(written: str, cell: Any) -> bool:
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal | str):
        return False
    if cell == written:
        return True
    one, other = _number(written), _number(str(cell))
    if one is None or other is None:
        return False
    return one == other or (any(mark in written for mark in ".eE") and float(one) == float(other))


def _is_same_text(text: str, cell: Any) -> bool:
    if isinstance(cell, str):
        if cell == text:
            return True
        one, other = _number(text), _number(cell)
        if one is not None and one == other:
            return True
        cell_instant = _instant(cell)
    elif isinstance(cell, datetime):
        cell_instant = cell if cell.tzinfo is not None else cell.replace(tzinfo=UTC)
    elif isinstance(cell, bool):
        return False
    else:
        return _is_same_number(text, cell) or repr(cell) == text
    instant = _instant(text)
    # The engine may round what lies below a microsecond.
    return instant is not None and cell_instant is not None and abs(cell_instant - instant) <= timedelta(microseconds=1)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _instant(text: str) -> datetime | None:
    match = _INSTANT.fullmatch(text)
    if match is None:
        return None
    day, minute, second, fraction, hours, minutes = match.groups()
    offset = timedelta(hours=abs(int(hours or 0)), minutes=int(minutes or 0))
    try:
        zone = timezone(-offset if (hours or "").startswith("-") else offset)
        moment = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}").replace(tzinfo=zone)
        return moment + timedelta(microseconds=int(f"{fraction or ''}000000"[:6]))
    except (ValueError, OverflowError):
        return None


def _is_same_json(value: Any, cell: str) -> bool:
    return is_equal(value, parsed(cell))


def parsed(text: str | None) -> Any:
    """The value that a text is as JSON; None where it is none."""
    try:
        return json.loads(
            text or "null", parse_int=Written, parse_float=Written, parse_constant=lambda _: None, strict=False
        )
    except (ValueError, RecursionError):
        return None


def is_as_sent(value: Any, stored: Any) -> bool:
    """Whether a value is the one that was sent; what has numbers that JSON readers would change may be a text."""
    if type(stored) is str and isinstance(value, Written | list | dict):
        return stored == value or (not isinstance(value, str) and _is_same_json(value, stored))
    return is_equal(value, stored)


def is_equal(one: Any, other: Any) -> bool:
    """Whether two values of JSON say the same. Not recursive: they may be deeper than calls can be."""
    waiting = [(one, other)]
    while waiting:
        left, right = waiting.pop()
        if isinstance(left, Written):
            is_same_here = isinstance(right, Written) and _is_same_number(left, right)
        elif isinstance(left, str):
            is_same_here = type(right) is str and _text(left) == right
        elif isinstance(left, list):
            if is_same_here := isinstance(right, list) and len(left) == len(right):
                waiting += zip(left, right, strict=True)
        elif isinstance(left, dict):
            named = {_text(key): item for key, item in left.items()}
            if is_same_here := isinstance(right, dict) and named.keys() == right.keys():
                waiting += [(item, right[key]) for key, item in named.items()]
        else:
            is_same_here = left is right
        if not is_same_here:
            return False
    return True


def _text(text: str) -> str:
    """As a warehouse can store it: halves of surrogate pairs become the replacement character."""
    return _SURROGATE.sub("\ufffd", text)
