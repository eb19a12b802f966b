"""The exact parser: reads the rare odd lines one by one and turns them into repaired messages in strict JSON.

Its messages then go through the same SQL as plain lines, so it decides only what that SQL cannot: lenient JSON,
envelopes, ids, times, keys that share a column, and numbers that the engine's JSON cannot hold.
"""

from __future__ import annotations

import codecs
import hashlib
from base64 import b64encode
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from loader.core.naming import table_name
from loader.core.samples import WalkRules
from loader.core.tables import CALL_TABLE, CALLS, EXCLUDED
from loader.core.warnings import WarningName
from loader.normalize.exact.columns import ColumnRules, Settler
from loader.normalize.exact.json import (
    NO_STACK,
    Loss,
    Members,
    Unreadable,
    canonical,
    compact,
    has_control_character,
    quoted,
    read_values,
)
from loader.normalize.exact.message import (
    Draft,
    Objects,
    draft,
    fingerprint,
    given_id,
    id_texts,
    is_respelled,
    name_text,
    respelled,
    unpacked,
)
from loader.normalize.exact.times import ObjectDates, instant_text, message_times, read_time

__all__ = ["ExactMessage", "ExactReader", "Loss", "ObjectDates", "Refusal"]

_DETAIL: Final = {
    "not_an_object": "not a JSON object",
    "unsupported_envelope": "an envelope of `data` and `metadata` holds no message",
    "missing_type": "`type` is missing or no string",
    "unknown_type": "`type` is none of the six calls",
}


@dataclass(frozen=True, slots=True)
class ExactMessage:
    """A repaired message."""

    item: int
    """Position in its line, from 0."""
    text: str
    """Strict minified JSON that set-based SQL reads like a plain line."""
    specials: dict[str, str]
    """Values that JSON numbers cannot say, by JSON pointer: `d:` and a literal, or `s:` and JSON text."""
    losses: tuple[Loss, ...]
    fingerprint: int
    """Of what the message says, repaired or not."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Input that is not a message. Its ids are known if the input can be read that far."""

    item: int
    reason: str
    detail: str
    byte_offset: int | None
    """In the line, of the place where it cannot be read on."""
    user_id: str | None = None
    anonymous_id: str | None = None
    received_at: str | None = None


class ExactReader:
    """Reads odd lines of any number of objects. Equal messages without an id are numbered within their object."""

    def __init__(
        self, rules: WalkRules, identifier_bytes: int, reserved: frozenset[str], excluded: frozenset[str]
    ) -> None:
        self._rules = ColumnRules(rules, identifier_bytes, reserved, excluded)
        self._without_id: dict[str, Counter[str]] = {}
        self._warnings: Counter[WarningName] = Counter()

    def read(self, key: str, dates: ObjectDates, raw: bytes, is_cut: bool) -> list[ExactMessage | Refusal]:
        """The messages in a line of the object `key`, in order. `is_cut`: it is the last line and has no line feed."""
        text, notes = _decoded(raw)
        found: list[ExactMessage | Refusal] = []
        objects = 0
        for value in read_values(text, is_cut):
            if isinstance(value, Unreadable):
                offset = _byte_offset(raw, value.position)
                found.append(Refusal(len(found), value.reason, value.detail, offset))
                continue
            parts = unpacked(value)
            if isinstance(parts, str):
                found.append(Refusal(len(found), parts, _DETAIL[parts], None))
                continue
            items, envelope = parts
            objects += 1
            self._warnings["empty_batch"] += not items
            for item in items:
                try:
                    found.append(self._item(len(found), item, envelope, notes, key, dates))
                except RecursionError:
                    found.append(Refusal(len(found), "too_deep", NO_STACK, None))
        self._warnings["concatenated_json"] += objects > 1
        return found

    def take_warnings(self) -> Counter[WarningName]:
        """The warnings since the last call of this method."""
        counted, self._warnings = self._warnings, Counter()
        return counted

    def forget(self, key: str) -> None:
        """End an object: drop its counter."""
        self._without_id.pop(key, None)

    def _item(
        self, number: int, item: Any, envelope: dict[str, Any], notes: list[Loss], key: str, dates: ObjectDates
    ) -> ExactMessage | Refusal:
        if not isinstance(item, Members):
            return Refusal(number, "not_an_object", _DETAIL["not_an_object"], None)
        found = draft(item, envelope)
        body = respelled(found.body)
        call = body.get("type")
        # Numbers are subclasses of str here.
        if type(call) is not str:
            return _refused(number, "missing_type", body, found)
        call = call.strip().lower()
        if call not in CALLS:
            return _refused(number, "unknown_type", body, found)
        self._warnings["key_case"] += is_respelled(found.body, body)
        losses = [*notes, *found.losses]
        message_id = given_id(body, losses) or self._made_id(key, body)
        ids = id_texts(body, losses)
        times = message_times(body, found.received_at, dates, losses)
        self._warnings["received_at_imputed"] += times.is_imputed
        settler = Settler(self._rules, call, self._tables(call, body), {}, losses)
        members = Objects(call, body, settler, losses).members(ids, self._rules.walk)
        text = compact({"type": call, "messageId": message_id, **times.texts, **members})
        losses = [loss for loss in losses if not self._is_left_out(loss)]
        return ExactMessage(number, text, settler.specials, tuple(losses), fingerprint(call, body, ids))

    def _tables(self, call: str, body: dict[str, Any]) -> list[str]:
        """The tables with a row of a message."""
        events = [table_name(name_text(body.get("event")), self._rules.identifier_bytes)] if call == "track" else []
        return [CALL_TABLE[call], *events]

    def _is_left_out(self, loss: Loss) -> bool:
        """Whether a repeated key is below a key that is left out, whose values are not discards (docs/tables.md)."""
        is_below = len(loss.path) > 1 and loss.path[0] in EXCLUDED and loss.path[0] not in self._rules.walk.envelope
        return is_below and loss.reason == "duplicate_key"

    def _made_id(self, key: str, body: dict[str, Any]) -> str:
        """An id made of the content, so that reading the message again gives the same id."""
        content = canonical({name: body[name] for name in body if name not in ("receivedAt", "sentAt")})
        digest = hashlib.sha256(content.encode()).hexdigest()[:32]
        counter = self._without_id.setdefault(key, Counter())
        counter[digest] += 1
        return f"auto-{digest}" if counter[digest] == 1 else f"auto-{digest}-{counter[digest]}"


def _decoded(raw: bytes) -> tuple[str, list[Loss]]:
    """The text of a line, and the losses that apply to every message in it."""
    notes = []
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode(errors="replace")
        notes.append(Loss("invalid_utf8", (), quoted(b64encode(raw).decode())))
    if has_control_character(text):
        notes.append(Loss("control_char", (), None))
    return text, notes


def _byte_offset(raw: bytes, position: int) -> int:
    """The byte offset of a character of the decoded line. One to three bad bytes became one character."""
    return bisect_left(
        range(len(raw)), position, key=lambda end: len(codecs.utf_8_decode(raw[:end], "replace", False)[0])
    )


def _refused(number: int, reason: str, body: dict[str, Any], found: Draft) -> Refusal:
    ids = id_texts(body, [])
    received_at = read_time(body.get("receivedAt"), "receivedAt", []) or read_time(found.received_at, "receivedAt", [])
    return Refusal(
        number,
        reason,
        _DETAIL[reason],
        None,
        ids.get("userId"),
        ids.get("anonymousId"),
        instant_text(received_at) if received_at else None,
    )
