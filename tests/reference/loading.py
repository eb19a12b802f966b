"""Objects of an archive → tables: one winner per call and id, users and accounts, copies, quarantine and discards."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from canonical import instant_text

from .messages import Message, Options, Place, Reader
from .naming import CALL_TABLE
from .parsing import WHITE, read_object

Row = dict[str, str]


@dataclass(frozen=True)
class StoredObject:
    """One object of the archive, unpacked."""

    key: str
    received_day: date | None
    last_modified: datetime
    body: bytes


@dataclass
class ObjectCounts:
    """Where the lines and messages of one object went."""

    lines: int = 0
    blank: int = 0
    quarantined_lines: int = 0
    parsed: int = 0
    messages: int = 0
    quarantined_messages: int = 0
    winners: int = 0
    copies: int = 0


@dataclass
class Loaded:
    """What a warehouse holds after loading, as canonical texts."""

    tables: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    """Rows by table and id. One per id, but for tables whose ids repeat, which there are none of."""
    nulls: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    copies: set[tuple[str, str, str, int, int]] = field(default_factory=set)
    conflicts: int = 0
    quarantine: set[tuple[str, int, int, str]] = field(default_factory=set)
    discards: set[tuple[str, str, str, tuple[str, ...]]] = field(default_factory=set)
    raw: dict[tuple[str, str], str] = field(default_factory=dict)
    counts: dict[str, ObjectCounts] = field(default_factory=dict)

    def rows(self, table: str) -> dict[str, Row]:
        """Rows of a table by id."""
        return {row_id: rows[0] for row_id, rows in self.tables.get(table, {}).items()}


def load(objects: Iterable[StoredObject], options: Options | None = None) -> Loaded:
    """Everything that a loader makes of these objects, whatever their order."""
    options = options or Options()
    loaded = Loaded()
    offered: dict[tuple[str, str], list[Message]] = {}
    for stored in objects:
        for message in _messages(stored, options, loaded):
            offered.setdefault((message.call, message.id), []).append(message)
    winners = []
    for (call, message_id), messages in offered.items():
        winner, *losers = sorted(messages, key=_rank)
        winners.append(winner)
        loaded.counts[winner.place.key].winners += 1
        for loser in losers:
            loaded.copies.add((call, message_id, loser.place.key, loser.place.line, loser.place.item))
            loaded.counts[loser.place.key].copies += 1
            loaded.conflicts += loser.fingerprint != winner.fingerprint
    for winner in winners:
        _store(winner, options, loaded)
    _latest(winners, "identify", "users", "user_id", options, loaded)
    _latest(winners, "group", "accounts", "group_id", options, loaded)
    return loaded


def _rank(message: Message) -> tuple[datetime, int, str, int, int]:
    place = message.place
    return message.received_at, message.fingerprint, place.key, place.line, place.item


def _messages(stored: StoredObject, options: Options, loaded: Loaded) -> Iterable[Message]:
    reader = Reader(stored.key, stored.received_day, stored.last_modified, options)
    counts = loaded.counts.setdefault(stored.key, ObjectCounts())
    for line in read_object(stored.body):
        counts.lines += 1
        counts.blank += line.is_blank
        found = []
        refused = {(refusal.item, refusal.reason) for refusal in line.refusals}
        for raw in line.messages:
            message = reader.read(line.number, raw)
            if isinstance(message, str):
                refused.add((raw.item, message))
            else:
                found.append(message)
        loaded.quarantine |= {(stored.key, line.number, item, reason) for item, reason in refused}
        items = len(refused) + len(found)
        if items and not found and items == 1:
            counts.quarantined_lines += 1
        elif not line.is_blank:
            counts.parsed += 1
            counts.messages += items
            counts.quarantined_messages += len(refused)
        yield from found


def _store(message: Message, options: Options, loaded: Loaded) -> None:
    call_table = CALL_TABLE[message.call]
    common = {"id": message.id, **message.envelope, **message.context}
    tables = {call_table: {} if message.call == "track" else message.payload}
    if message.event_table is not None:
        tables[message.event_table] = message.payload
    for table, payload in tables.items():
        row = {name: value for name, value in {**common, **payload}.items() if value is not None}
        excluded = {name for name in row if name in options.exclude or f"{table}.{name}" in options.exclude}
        row = {name: row[name] for name in row if name not in excluded}
        loaded.tables.setdefault(table, {}).setdefault(message.id, []).append(row)
    loaded.places[call_table, message.id] = message.place
    if message.nulls:
        loaded.nulls[call_table, message.id] = message.nulls
    for lost in message.lost:
        loaded.discards.add((message.call, message.id, lost.reason, lost.path))
    if options.raw_events:
        loaded.raw[message.call, message.id] = message.raw


def _latest(winners: list[Message], call: str, table: str, id_column: str, options: Options, loaded: Loaded) -> None:
    by_owner: dict[str, list[Message]] = {}
    for message in winners:
        owner = message.envelope.get(id_column) if message.call == call else None
        if owner is not None and owner.strip(WHITE):
            by_owner.setdefault(owner, []).append(message)
    for owner, messages in by_owner.items():
        ranked = sorted(messages, key=lambda m: (m.received_at, m.envelope["timestamp"], m.id), reverse=True)
        row: Row = {}
        settled: set[str] = set()
        for message in ranked:
            values = message.context | message.latest
            nulls = set(message.nulls) if options.null_traits == "clear" else set()
            row |= {name: values[name] for name in values if name not in settled}
            settled |= set(values) | nulls
        row = {name: row[name] for name in row if f"{table}.{name}" not in options.exclude}
        row |= {"id": owner, "received_at": instant_text(ranked[0].received_at)}
        loaded.tables.setdefault(table, {})[owner] = [row]
