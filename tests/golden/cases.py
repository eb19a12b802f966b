"""A case of the bad-input catalogue: what goes in, and what the contract says comes out."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from factories import Line, a_key, a_track_call, an_archive_object, as_bytes
from loading import Loading, Outcome

KEY, OTHER = a_key(), a_key(name="part-1")
RECEIVED = "2026-03-01T10:00:00.000000Z"
HAPPENED = "2026-03-01T09:59:58.250000Z"
"""`timestamp` of a call of the factories: also what the formula gives from the other three times."""
_MARK = "@raw@"


@dataclass(frozen=True)
class Case:
    """Expectations name what the rule says; a row has other columns as well."""

    name: str
    lines: Sequence[Line] | bytes = ()
    """Of the one object, or its whole unpacked content."""
    objects: Mapping[str, Sequence[Line]] = field(default_factory=dict)
    """Several objects by key, instead of `lines`."""
    stored: bytes | None = None
    """Bytes of the object as they are stored, where they are not the gzipped lines."""
    options: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, Mapping[str, Mapping[str, str | None]]] = field(default_factory=dict)
    """Table → id → column → canonical text; None for a column that the row has no value in. Ids are complete."""
    no_tables: Sequence[str] = ()
    """Tables without rows."""
    quarantine: Sequence[tuple[int, int, str] | tuple[str, int, int, str]] = ()
    """(line, item, reason) of the one object, or with a key before; complete."""
    discards: Sequence[tuple[str, str, str]] = ()
    """(id, reason, dotted path); complete."""
    offsets: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """(line, item) in quarantine → the byte of the line at which it cannot be read on."""
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: Mapping[str, int] = field(default_factory=dict)
    """Warning counters; complete. Those of the product: the reference has none."""
    status: str | None = None
    """Of the one object."""

    def write(self, loading: Loading) -> None:
        """Write the archive of the case."""
        loading.with_options(**self.options)
        if self.objects:
            loading.write_objects(self.objects)
            return
        body = self.lines if isinstance(self.lines, bytes) else an_archive_object(self.lines)
        if self.stored is None:
            loading.write_body(body)
        else:
            loading.write_stored(self.stored, body)

    def problems(self, outcome: Outcome) -> list[str]:
        """What is other than the contract says, one sentence each."""
        return [*self._row_problems(outcome), *self._record_problems(outcome)]

    def _row_problems(self, outcome: Outcome) -> list[str]:
        found = [
            f"{table} has rows: {sorted(outcome.rows[table])}" for table in self.no_tables if table in outcome.rows
        ]
        for table, wanted in self.rows.items():
            there = outcome.rows.get(table, {})
            if wanted.keys() != there.keys():
                found.append(f"{table}: ids {sorted(wanted)} expected, {sorted(there)} found")
            for row_id in wanted.keys() & there.keys():
                found += [
                    f"{table} {row_id} {name}: {value!r} expected, {there[row_id].get(name)!r} found"
                    for name, value in wanted[row_id].items()
                    if there[row_id].get(name) != value
                ]
        return found

    def _record_problems(self, outcome: Outcome) -> list[str]:
        wanted = Counter([at if len(at) == 4 else (KEY, *at) for at in self.quarantine])
        found = [f"quarantine: {at} is missing" for at in (wanted - outcome.quarantine).elements()]
        found += [f"quarantine: {at} is too much" for at in (outcome.quarantine - wanted).elements()]
        discards = set(self.discards)
        found += [f"discard {each} is missing" for each in sorted(discards - outcome.discards)]
        found += [f"discard {each} is too much" for each in sorted(outcome.discards - discards)]
        if outcome.warnings is not None and outcome.warnings != self.warnings:
            found.append(f"warnings: {self.warnings} expected, {outcome.warnings} found")
        found += [
            f"offset of {at}: {offset} expected, {outcome.offsets.get(at)} found"
            for at, offset in self.offsets.items()
            if outcome.offsets is not None and outcome.offsets.get(at) != offset
        ]
        found += [
            f"{name}: {count} expected, {outcome.counts[name]} found"
            for name, count in self.counts.items()
            if outcome.counts[name] != count
        ]
        return found


def with_properties(text: str, message_id: str = "m1", **fields: Any) -> str:
    """A track call whose properties are this JSON text, as it is."""
    return raw_field("properties", text, message_id=message_id, **fields)


def raw_field(name: str, text: str, **fields: Any) -> str:
    """A track call with one field written as it is."""
    line = json.dumps(a_track_call(**{"properties": {"total": 1}, **fields, _snake(name): _MARK}), ensure_ascii=False)
    return line.replace(f'"{_MARK}"', text)


def _snake(name: str) -> str:
    return "message_id" if name == "messageId" else name


def raw_bytes(line: Line, text: str, replacement: bytes) -> bytes:
    """A line with a piece of its text replaced by bytes."""
    return as_bytes(line).replace(text.encode(), replacement)


def eight(text: str) -> str:
    """Eight hex digits of the SHA-256 of a text."""
    return sha256(text.encode()).hexdigest()[:8]


def auto_id(call: Mapping[str, Any]) -> str:
    """The id of a message without one: keys sorted, no spaces, without the two times that differ between copies."""
    kept = {key: value for key, value in call.items() if key not in ("receivedAt", "sentAt")}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"auto-{sha256(text.encode()).hexdigest()[:32]}"
