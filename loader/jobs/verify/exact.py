"""Reads lines of the archive the exact way once more, for what rows, copies and records say beside values.

Fingerprints, ids that are made, times that stand in, and reasons follow from one definition, that of the exact way, and
there is no second one. Values are judged by a reader of their own (`values`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from loader.config.settings import LoadSettings
from loader.core.dialect import DUCKDB
from loader.core.messages import source_name
from loader.core.naming import column_name
from loader.core.samples import WalkRules
from loader.core.tables import EXCLUDED, is_known_key, payload_root
from loader.jobs.verify.lines import Line, Written
from loader.normalize.exact.reader import ExactMessage, ExactReader, ObjectDates, Refusal

_TIMES: Final = {
    "received_at": "receivedAt",
    "timestamp": "timestamp",
    "sent_at": "sentAt",
    "original_timestamp": "originalTimestamp",
}
_IDS: Final = {"user_id": "userId", "anonymous_id": "anonymousId"}
_OWN: Final = {
    "track": {"event_text": "event"},
    "page": {"name": "name", "category": "category"},
    "screen": {"name": "name", "category": "category"},
    "group": {"group_id": "groupId"},
    "alias": {"previous_id": "previousId"},
}
_DEEPEST: Final = 10
_ROUNDED: Final = timedelta(microseconds=1)
"""The engine may round what lies below a microsecond."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The object that a line is of, as the ledger has it."""

    key: str
    received_day: date | None
    last_modified: datetime


Record = dict[str, object]


@dataclass(frozen=True, slots=True)
class Told:
    """A message as the exact way tells it."""

    fingerprint: int
    losses: tuple[tuple[str, str, str | None], ...]
    """Reason, path and value of what is not loaded, or not as it was sent."""
    body: dict[str, Any]

    def cells(self, call: str) -> Record:
        """What the columns of the envelope hold."""
        keys = _IDS | _OWN.get(call, {})
        cells: Record = {column: self.body.get(key) for column, key in keys.items()}
        return cells | {column: _instant(self.body.get(key)) for column, key in _TIMES.items()}

    def is_id(self, row_id: object) -> bool:
        """Whether a row with this id is of the message. Equal messages without an id are numbered."""
        own = str(self.body["messageId"])
        return row_id == own or (own.startswith("auto-") and str(row_id).rpartition("-")[0] == own)

    def nulls(self, call: str, load: LoadSettings) -> list[str]:
        """The trait columns that are an explicit null, in order."""
        traits = self.body.get("traits")
        texts = frozenset(tuple(path.split(".")) for path in load.json_paths)
        nulls: set[str] = set()
        taken: set[str] = set()
        waiting: list[tuple[tuple[str, ...], dict[str, Any]]] = []
        if isinstance(traits, dict):
            waiting.append((("traits",), traits))
        while waiting:
            at, value = waiting.pop()
            for key, member in value.items():
                path = (*at, key)
                if isinstance(member, dict) and len(path) <= _DEEPEST and (call, *path) not in texts:
                    waiting.append((path, member))
                elif member != {}:
                    name = column_name(path, call, DUCKDB.identifier_bytes, frozenset(load.envelope_columns))
                    (nulls if member is None else taken).add(name)
        return sorted(nulls - taken - set(load.exclude))

    def unknown(self, call: str) -> dict[str, Any]:
        """Top-level keys that nothing is made of, with their values."""
        root = payload_root(call, {key for key, value in self.body.items() if value is not None})
        return {
            key: value
            for key, value in self.body.items()
            if value not in (None, {}) and not is_known_key(call, root, key) and key not in EXCLUDED
        }


def is_same_cell(cell: object, expected: object) -> bool:
    """Whether a column of the envelope holds what it should."""
    if isinstance(cell, datetime) and isinstance(expected, datetime):
        return abs(cell - expected) <= _ROUNDED
    return cell == expected


class ExactLines:
    """Reads lines under the options of their loads."""

    def __init__(self) -> None:
        self._readers: dict[LoadSettings, ExactReader] = {}

    def messages(self, origin: Origin, line: Line, load: LoadSettings) -> dict[int, Told]:
        """The messages of a line that is none of the damaged, by item."""
        return {item.item: _told(item) for item in self._read(origin, line, load) if isinstance(item, ExactMessage)}

    def records(self, origin: Origin, line: Line, load: LoadSettings) -> dict[int, Record]:
        """What the quarantine says of a line, by item."""
        damage = line.damage
        if damage is not None:
            about = {"byte_offset": None, "reason": damage.reason, "detail": f"{damage.length} bytes"}
            nobody = {"user_id": None, "anonymous_id": None, "received_at": None}
            sizes = {"raw_bytes": damage.length, "sha256": damage.sha256}
            return {0: {**about, **_raw(damage.excerpt), **sizes, **nobody}}
        raw = _raw(line.body)
        sizes = {"raw_bytes": len(line.body), "sha256": hashlib.sha256(line.body).hexdigest()}
        return {
            refusal.item: {
                "byte_offset": refusal.byte_offset,
                "reason": refusal.reason,
                "detail": refusal.detail,
                **raw,
                **sizes,
                "user_id": refusal.user_id,
                "anonymous_id": refusal.anonymous_id,
                "received_at": _instant(refusal.received_at),
            }
            for refusal in self._read(origin, line, load)
            if isinstance(refusal, Refusal)
        }

    def _read(self, origin: Origin, line: Line, load: LoadSettings) -> list[ExactMessage | Refusal]:
        if load not in self._readers:
            walk = WalkRules(
                frozenset(tuple(path.split(".")) for path in load.json_paths),
                frozenset(key for key, column in EXCLUDED.items() if column in load.envelope_columns),
            )
            reserved, excluded = frozenset[str](load.envelope_columns), frozenset(load.exclude)
            self._readers[load] = ExactReader(walk, DUCKDB.identifier_bytes, reserved, excluded)
        reader, dates = self._readers[load], ObjectDates(origin.received_day, origin.last_modified)
        try:
            return reader.read(origin.key, dates, line.body, line.is_unterminated)
        finally:
            reader.forget(origin.key)


def _told(message: ExactMessage) -> Told:
    losses = tuple((loss.reason, source_name(loss.path), loss.value_json) for loss in message.losses)
    body = json.loads(message.text, parse_int=Written, parse_float=Written, strict=False)
    return Told(message.fingerprint, losses, body)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _raw(raw: bytes) -> Record:
    """The hash of what is kept of a line, and how it is spelled: the text itself may be long."""
    try:
        raw.decode()
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "base64"
    text = raw if encoding == "utf-8" else base64.b64encode(raw)
    return {"raw": hashlib.sha256(text).hexdigest(), "raw_encoding": encoding}
