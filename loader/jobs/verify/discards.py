"""Compares the discards of a row with its message: the same values, as they were sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from loader.core.dialect import DUCKDB
from loader.core.naming import table_name
from loader.core.tables import CALL_TABLE
from loader.jobs.verify.exact import Told
from loader.jobs.verify.values import WHOLE_ROW, Discard, Wanted, is_as_sent, is_equal, is_same

_UNKNOWN: Final = "unknown_top_level"
_Key = tuple[str, str, str | None, str, str | None, str | None]
"""Reason, path, value, table, column and type of a discard."""
_OF_PAYLOAD: Final = ("properties", "traits")


@dataclass(frozen=True, slots=True)
class Lossy:
    """A message with what its discards follow from."""

    call: str
    told: Told
    """Under the options of its row in the call table."""
    told_payload: Told
    """Under those of the row that holds its payload, which may have been made by another load."""
    wanted: list[Wanted]
    """All that belongs in columns of the row that holds the payload."""
    event_text: str | None


def wrong_discards(message: Lossy, discards: Iterable[Discard]) -> Iterator[tuple[str, str]]:
    """Each wrong discard of a row, in words, and what is wrong: `missing`, `unexplained` or `another value`."""
    noted: Counter[_Key] = Counter()
    unknown: list[Discard] = []
    for discard in discards:
        if discard.reason == _UNKNOWN:
            unknown.append(discard)
        elif discard.reason in WHOLE_ROW or discard.reason == "type_conflict":
            if not _is_explained(message, discard):
                yield _named(discard.reason, discard.column or discard.path or discard.table), "unexplained"
        else:
            noted[_key(discard)] += 1
    expected: Counter[_Key] = Counter(
        (reason, path, value, CALL_TABLE[message.call], None, None) for reason, path, value in _losses(message)
    )
    for reason, path, *_ in (expected - noted).elements():
        yield _named(reason, path), "missing"
    for reason, path, *_ in (noted - expected).elements():
        yield _named(reason, path), "unexplained"
    yield from _wrong_unknown(message, unknown)


def _key(discard: Discard) -> _Key:
    return (
        discard.reason,
        discard.path or "",
        discard.value_json,
        discard.table,
        discard.column,
        discard.column_type,
    )


def _named(reason: str, where: str) -> str:
    return f"{reason} of {where or 'the message'}"


def _losses(message: Lossy) -> Iterator[tuple[str, str, str | None]]:
    """Losses of the payload of events follow the event table, all others the call table."""
    is_apart = message.call == "track"
    for told, is_payload in ((message.told, False), (message.told_payload, True)):
        for reason, path, value in told.losses:
            if (is_apart and path.partition(".")[0] in _OF_PAYLOAD) == is_payload:
                yield reason, path, value


def _wrong_unknown(message: Lossy, found: list[Discard]) -> Iterator[tuple[str, str]]:
    expected = message.told.unknown(message.call)
    if len(found) != bool(expected):
        yield _named(_UNKNOWN, ""), "missing" if expected and not found else "unexplained"
    for discard in found:
        shape = (discard.table, discard.column, discard.path, discard.column_type)
        if shape != (CALL_TABLE[message.call], None, "", None) or not is_equal(expected, discard.value):
            yield _named(_UNKNOWN, ""), "another value"


def _is_explained(message: Lossy, discard: Discard) -> bool:
    if discard.reason == "type_conflict":
        return discard.path is not None and any(
            each.column == discard.column and _is_sent(each, discard.value) for each in message.wanted
        )
    if discard.reason == "table_cap":
        table = table_name(message.event_text, DUCKDB.identifier_bytes)
        is_shaped = (discard.table, discard.column, discard.path) == (CALL_TABLE["track"], table, "properties")
    else:
        is_shaped = (discard.column, discard.path) == (None, "")
    values = discard.value
    sent: dict[str | None, list[Any]] = {}
    for each in message.wanted:
        sent.setdefault(each.column, []).append(each.value)
    return (
        is_shaped
        and discard.column_type is None
        and isinstance(values, dict)
        and all(any(is_as_sent(each, value) for each in sent.get(column, ())) for column, value in values.items())
    )


def _is_sent(wanted: Wanted, value: Any) -> bool:
    return is_as_sent(wanted.value, value) or is_same(wanted.value, value)
