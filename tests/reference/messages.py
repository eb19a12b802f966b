"""A message → its call, id, times and values by column, and what was lost. No types: every value is its canonical text."""

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

import xxhash
from canonical import instant_text, number_text, read_instant, text_of

from .naming import CALL_TABLE, column, event_column, table
from .parsing import Lost, Number, Pairs, RawMessage, compact, is_lossy
from .times import envelope_time

CALLS = frozenset(CALL_TABLE)
KNOWN = frozenset(
    "messageId anonymousId userId timestamp originalTimestamp sentAt receivedAt context request_ip".split()
)
OWN_KEYS = {
    "track": {"event"},
    "identify": set(),
    "page": {"name", "category"},
    "screen": {"name", "category"},
    "group": {"groupId"},
    "alias": {"previousId"},
}
LEFT_OUT = {
    "type": "type",
    "version": "version",
    "channel": "channel",
    "projectId": "project_id",
    "writeKey": "write_key",
    "integrations": "integrations",
    "_metadata": "metadata",
    "metadata": "metadata",
    "rudderId": "rudder_id",
    "forwardedFromProject": "forwarded_from_project",
}
SPELLINGS = {
    key.lower(): key for key in (*KNOWN, *LEFT_OUT, *"event name category groupId previousId properties traits".split())
}
DEEPEST_COLUMN = 10


@dataclass(frozen=True)
class Options:
    """How messages become rows. The defaults are those of the product."""

    exclude: frozenset[str] = frozenset()
    json_paths: frozenset[str] = frozenset()
    envelope_columns: frozenset[str] = frozenset()
    null_traits: str = "clear"
    date_only: str = "text"
    users_from_context_traits: bool = False
    raw_events: bool = False


@dataclass(frozen=True)
class Place:
    """Where a message is in the archive."""

    key: str
    line: int
    item: int


@dataclass
class Message:
    """A message as its tables see it."""

    place: Place
    call: str
    id: str
    received_at: datetime
    fingerprint: int
    envelope: dict[str, str | None]
    context: dict[str, str]
    payload: dict[str, str]
    latest: dict[str, str]
    nulls: list[str]
    event_table: str | None
    lost: list[Lost] = field(default_factory=list)
    raw: str = ""


class Reader:
    """Reads the messages of one object; equal ones without an id are numbered."""

    def __init__(self, key: str, received_day: date | None, last_modified: datetime, options: Options) -> None:
        self.key, self.day, self.last_modified, self.options = key, received_day, last_modified, options
        self._without_id: Counter[str] = Counter()

    def read(self, line: int, raw: RawMessage) -> Message | str:
        """The message, or the reason why it is none."""
        body = _spelled(raw.body)
        lost = [each for each in raw.lost if not _is_left_out(each, self.options)]
        call = body.get("type")
        if type(call) is not str:
            return "missing_type"
        call = call.strip().lower()
        if call not in CALLS:
            return "unknown_type"
        message_id = self._message_id(body, lost)
        ids = {key: _id_text(body, key, lost) for key in ("anonymousId", "userId", "groupId", "previousId")}
        times = self._times(body, raw.envelope_received_at, lost)
        root, payload = _payload(call, body, lost)
        context = _object(body, "context", lost)
        if body.get("request_ip") is not None:
            context = {**context, "request_ip": body["request_ip"]}
            if context.get("ip") is None:
                context["ip"] = body["request_ip"]
        _report_unknown(call, root, body, lost)
        envelope = {"anonymous_id": ids["anonymousId"], "user_id": ids["userId"]}
        envelope |= {name: time and instant_text(time) for name, time in times.items()}
        own = self._own(call, body, ids, payload, lost)
        event_table = table(own.event) if call == "track" else None
        columns = Columns(call, event_table, self.options, lost)
        context_columns = columns.of("context", context)
        payload_columns = columns.of(root, {key: payload[key] for key in payload if key not in own.absorbed})
        nulls = columns.nulls_of(root, payload, payload_columns) if call in ("identify", "group") else []
        latest = payload_columns
        if self.options.users_from_context_traits and call == "identify" and isinstance(context.get("traits"), dict):
            latest = columns.of("traits", context["traits"], is_reported=False) | payload_columns
        received_at = times["received_at"]
        assert received_at is not None
        return Message(
            Place(self.key, line, raw.item),
            call,
            message_id,
            received_at,
            _fingerprint(call, body, ids, own.values),
            envelope | own.values | _envelope_columns(body, columns, self.options),
            context_columns,
            payload_columns,
            latest,
            nulls,
            event_table,
            lost,
            compact(raw.body),
        )

    def _message_id(self, body: dict, lost: list[Lost]) -> str:
        value = body.get("messageId")
        if isinstance(value, Number):
            return str(value)
        if isinstance(value, str):
            clean = _without_nul(value, "messageId", lost).strip()
            if clean:
                return clean
        elif value is not None:
            lost.append(Lost("bad_message_id", ("messageId",)))
        canonical = _canonical({key: body[key] for key in body if key not in ("receivedAt", "sentAt")})
        self._without_id[canonical] += 1
        count = self._without_id[canonical]
        name = f"auto-{hashlib.sha256(canonical.encode()).hexdigest()[:32]}"
        return name if count == 1 else f"{name}-{count}"

    def _times(self, body: dict, envelope: object, lost: list[Lost]) -> dict[str, datetime | None]:
        def read(key: str) -> datetime | None:
            return envelope_time(body.get(key), key, lost)

        received, given, sent, original = (
            read(key) for key in ("receivedAt", "timestamp", "sentAt", "originalTimestamp")
        )
        received = received or envelope_time(envelope, "receivedAt", [])
        arrived = received
        if received is None and self.day is not None:
            received = datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC)
        received = received or sent or original or self.last_modified
        happened = given
        if happened is None and original and sent:
            try:
                happened = received - (sent - original)
            except OverflowError:
                happened = received
                lost.append(Lost("bad_timestamp", ("timestamp",)))
        if happened is None:
            happened = original or (sent if arrived is None and sent else received)
        return {"received_at": received, "timestamp": happened, "sent_at": sent, "original_timestamp": original}

    def _own(self, call: str, body: dict, ids: dict, payload: dict, lost: list[Lost]) -> "Own":
        if call == "group":
            return Own({"group_id": ids["groupId"]})
        if call == "alias":
            return Own({"previous_id": ids["previousId"]})
        if call == "track":
            event = _name_text(body.get("event"))
            if event is None and body.get("event") is not None:
                lost.append(Lost("bad_event_name", ("event",)))
            return Own({"event": None if event is None else event_column(event), "event_text": event}, event)
        own = Own({})
        for key in ("name", "category") if call in ("page", "screen") else ():
            top, inner = _name_text(body.get(key)), _name_text(payload.get(key))
            if top is None and body.get(key) is not None:
                lost.append(Lost("bad_name", (key,)))
            if isinstance(payload.get(key), list):
                inner = compact(payload[key])
            own.values[key] = inner if top is None else top
            if inner is not None and inner == own.values[key]:
                own.absorbed.add(key)
        return own


@dataclass
class Own:
    """Columns that only some calls have; payload keys they make superfluous."""

    values: dict[str, str | None]
    event: str | None = None
    absorbed: set[str] = field(default_factory=set)


class Columns:
    """Objects → values by column, with the rule for keys that share a column."""

    def __init__(self, call: str, event_table: str | None, options: Options, lost: list[Lost]) -> None:
        self.call, self.options, self.lost = call, options, lost
        self.tables = [CALL_TABLE[call]] if event_table is None else [CALL_TABLE[call], event_table]
        self.reserved = options.envelope_columns
        self.texts = {tuple(path.split(".")) for path in options.json_paths}

    def of(self, root: str, value: dict, is_reported: bool = True) -> dict[str, str]:
        """Every leaf that is not null. Of several paths of one column one wins, the others are reported as lost."""
        claims: dict[str, list[tuple[tuple[str, ...], object, list[Lost], str]]] = {}
        for path, leaf in self._leaves(root, value, ()):
            notes: list[Lost] = []
            text = _leaf_text(leaf, (root, *path), notes, self.options)
            name = column(root, path, self.call, self.reserved)
            if self._is_excluded(name, root):
                continue
            if text is None:
                self.lost.extend(notes if is_reported else [])
            else:
                claims.setdefault(name, []).append((path, leaf, notes, text))
        result = {}
        for name, claimed in claims.items():
            exact = [claim for claim in claimed if _is_exact(root, claim[0], name)]
            winner = (exact or claimed)[-1]
            result[name] = winner[3]
            if is_reported:
                self.lost.extend(winner[2])
                self.lost.extend(
                    Lost("name_collision", (root, *claim[0])) for claim in claimed if not _is_same(claim[1], winner[1])
                )
        return result

    def nulls_of(self, root: str, value: dict, present: dict[str, str]) -> list[str]:
        """Columns of explicit nulls."""
        names = {column(root, path, self.call, self.reserved) for path in _null_paths(value, ())}
        return sorted(names - set(present) - self.options.exclude)

    def _leaves(self, root: str, value: dict, path: tuple[str, ...]):
        for key, member in value.items():
            here = (*path, key)
            is_text = (self.call, root, *here) in self.texts
            if isinstance(member, dict) and not is_text and len(here) < DEEPEST_COLUMN:
                yield from self._leaves(root, member, here)
            elif member is not None and member != {}:
                yield here, member

    def _is_excluded(self, name: str, root: str) -> bool:
        tables = self.tables if root == "context" else self.tables[-1:]
        return name in self.options.exclude or all(f"{each}.{name}" in self.options.exclude for each in tables)


def _is_exact(root: str, path: tuple[str, ...], name: str) -> bool:
    return len(path) == 1 and (f"context_{path[0]}" if root == "context" else path[0]) == name


def _is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and compact(one) == compact(other)


def _null_paths(value: dict, path: tuple[str, ...]):
    for key, member in value.items():
        if isinstance(member, dict) and len(path) < DEEPEST_COLUMN - 1:
            yield from _null_paths(member, (*path, key))
        elif member is None:
            yield (*path, key)


def _leaf_text(leaf: object, path: tuple[str, ...], notes: list[Lost], options: Options) -> str | None:
    if isinstance(leaf, bool):
        return "true" if leaf else "false"
    if isinstance(leaf, (dict, list)):
        return text_of(compact(leaf))
    if not isinstance(leaf, Number):
        is_day = options.date_only == "timestamp" and re.fullmatch(r"\d{4}-\d\d-\d\d", leaf, re.ASCII)
        day = read_instant(f"{leaf}T00:00Z") if is_day else None
        return instant_text(day) if day else text_of(leaf)
    if leaf.is_integer and len(leaf.lstrip("-")) <= 38:
        return number_text(Decimal(leaf))
    if leaf.is_integer or float(leaf) in (float("inf"), float("-inf")):
        notes.append(Lost("number_out_of_range", path))
        return None
    if is_lossy(leaf):
        notes.append(Lost("precision", path))
    return number_text(float(leaf))


def _spelled(body: dict) -> dict:
    """Envelope keys in their usual spelling, where that spelling is absent."""
    renamed = {}
    for key, value in body.items():
        usual = SPELLINGS.get(key.lower(), key)
        renamed[key if usual in body or usual in renamed else usual] = value
    return renamed


def _object(body: dict, key: str, lost: list[Lost]) -> dict:
    value = body.get(key)
    if isinstance(value, dict):
        return value
    if value is not None:
        lost.append(Lost("not_an_object", (key,)))
    return {}


def _payload(call: str, body: dict, lost: list[Lost]) -> tuple[str, dict]:
    root = "traits" if call in ("identify", "group", "alias") else "properties"
    if call == "track" and body.get("properties") is None and body.get("traits") is not None:
        root = "traits"
    return root, _object(body, root, lost)


def _report_unknown(call: str, root: str, body: dict, lost: list[Lost]) -> None:
    known = KNOWN | OWN_KEYS[call] | set(LEFT_OUT) | {root}
    if any(key not in known and body[key] not in (None, {}) for key in body):
        lost.append(Lost("unknown_top_level", ()))


def _without_nul(text: str, key: str, lost: list[Lost]) -> str:
    if "\0" in text:
        lost.append(Lost("nul_byte", (key,)))
    return text.replace("\0", "")


def _id_text(body: dict, key: str, lost: list[Lost]) -> str | None:
    value = body.get(key)
    if isinstance(value, Number):
        return str(value)
    if type(value) is str:
        return _without_nul(value, key, lost)
    if value is not None:
        lost.append(Lost("bad_id", (key,)))
    return None


def _name_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else None


def _is_left_out(lost: Lost, options: Options) -> bool:
    """A key that stands twice below one of the exclusion list: what is there is neither loaded nor discarded."""
    is_below = len(lost.path) > 1 and lost.path[0] in LEFT_OUT
    return is_below and lost.reason == "duplicate_key" and LEFT_OUT[lost.path[0]] not in options.envelope_columns


def _envelope_columns(body: dict, columns: Columns, options: Options) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for key, name in LEFT_OUT.items():
        value = columns.call if key == "type" else body.get(key)
        if name not in options.envelope_columns or value is None:
            continue
        if isinstance(value, dict):
            for path, leaf in columns._leaves(key, value, ()):
                inner = column("context", path, columns.call).removeprefix("context_")
                found[f"{name}_{inner}"] = _leaf_text(leaf, (key, *path), [], options)
        else:
            found[name] = _leaf_text(value, (key,), [], options)
    return found


def _fingerprint(call: str, body: dict, ids: dict[str, str | None], own: dict[str, str | None]) -> int:
    event = own.get("event_text")
    names = [_name_text(body.get(key)) for key in ("name", "category")]
    texts = [call, event, ids["userId"], ids["anonymousId"], ids["groupId"], ids["previousId"], *names]
    printed = [compact(text or "")[1:-1] for text in texts]
    for key in ("context", "properties", "traits"):
        printed.append(compact(body[key], str) if isinstance(body.get(key), dict) else "")
    return xxhash.xxh64_intdigest("\x1f".join(printed).encode())


def _canonical(value: object) -> str:
    """Keys sorted, no spaces, numbers as written."""
    if isinstance(value, (dict, Pairs)):
        members = value.items() if isinstance(value, dict) else value
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_canonical(v)}" for k, v in sorted(members)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_canonical(item) for item in value) + "]"
    return str(value) if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)
