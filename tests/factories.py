"""Messages and archives for tests. Every factory defaults what the rule under test does not mention; no chance, no clock."""

import gzip
import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from reference import StoredObject

SOURCE_ID = "8kz3Vq1bXw"
FIRST_DAY = date(2026, 3, 1)
LAST_MODIFIED = datetime(2026, 3, 9, 12, tzinfo=UTC)
Line = Mapping[str, Any] | str | bytes
ABSENT = object()
"""As a value: the field is left out."""

_CONTEXT = {"library": {"name": "analytics.js", "version": "2.1.0"}, "ip": "192.0.2.7", "locale": "en-GB"}


def received(day: int = 1, second: int = 0) -> str:
    """An instant as archives spell it: `second` seconds after 10:00 on a day of the test month."""
    instant = datetime(2026, 3, 1, 10, tzinfo=UTC) + timedelta(days=day - 1, seconds=second)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def a_call(kind: str, message_id: Any = "m1", **fields: Any) -> dict[str, Any]:
    """A message of any call. Fields have the names of the archive; ABSENT leaves one out."""
    base: dict[str, Any] = {
        "type": kind,
        "messageId": message_id,
        "anonymousId": "a-1",
        "userId": "u-1",
        "context": _CONTEXT,
        "receivedAt": received(),
        "timestamp": "2026-03-01T09:59:58.250Z",
        "originalTimestamp": "2026-03-01T09:59:57.250Z",
        "sentAt": "2026-03-01T09:59:59.000Z",
        "integrations": {},
        "version": 2,
        "channel": "client",
        "projectId": SOURCE_ID,
    }
    return {key: value for key, value in {**base, **fields}.items() if value is not ABSENT}


def a_track_call(
    properties: Any = ABSENT, event: Any = "Order Completed", message_id: Any = "m1", **fields: Any
) -> dict[str, Any]:
    """A track call; one property unless others are given."""
    chosen = {"total": 12.5} if properties is ABSENT else properties
    return a_call("track", message_id, event=event, properties=chosen, **fields)


def an_identify_call(
    traits: Any = ABSENT, user_id: Any = "u-1", message_id: Any = "m1", **fields: Any
) -> dict[str, Any]:
    """An identify call with a plan, unless other traits are given."""
    chosen = {"plan": "pro"} if traits is ABSENT else traits
    return a_call("identify", message_id, userId=user_id, traits=chosen, **fields)


def a_group_call(traits: Any = ABSENT, group_id: Any = "g-1", message_id: Any = "m1", **fields: Any) -> dict[str, Any]:
    """A group call."""
    return a_call("group", message_id, groupId=group_id, traits={"seats": 5} if traits is ABSENT else traits, **fields)


def a_page_call(properties: Any = ABSENT, name: Any = "Home", message_id: Any = "m1", **fields: Any) -> dict[str, Any]:
    """A page call."""
    chosen = {"url": "https://shop.example/", "title": "Shop"} if properties is ABSENT else properties
    return a_call("page", message_id, name=name, properties=chosen, **fields)


def a_screen_call(
    properties: Any = ABSENT, name: Any = "Cart", message_id: Any = "m1", **fields: Any
) -> dict[str, Any]:
    """A screen call."""
    return a_call("screen", message_id, name=name, properties={} if properties is ABSENT else properties, **fields)


def an_alias_call(previous_id: Any = "a-1", message_id: Any = "m1", **fields: Any) -> dict[str, Any]:
    """An alias call."""
    return a_call("alias", message_id, previousId=previous_id, **fields)


def as_bytes(line: Line) -> bytes:
    """A line without its line feed; text and bytes as they are."""
    if isinstance(line, bytes):
        return line
    text = line if isinstance(line, str) else json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def an_archive_object(lines: Iterable[Line]) -> bytes:
    """Lines, each with its line feed."""
    return b"".join(as_bytes(line) + b"\n" for line in lines)


def a_key(day: int = 1, name: str = "part-0", source_id: str = SOURCE_ID) -> str:
    """A key of the Segment layout: `day` counts from the first day of the test month."""
    midnight = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC) + timedelta(days=day - 1)
    return f"segment-logs/{source_id}/{int(midnight.timestamp() * 1000)}/{name}.gz"


def day_of(key: str) -> date | None:
    """The received day of a key of the Segment layout."""
    name = key.split("/")[-2] if "/" in key else ""
    return datetime.fromtimestamp(int(name) / 1000, UTC).date() if name.isdigit() else None


def write_archive(
    folder: Path, objects: Mapping[str, Iterable[Line] | bytes], last_modified: datetime = LAST_MODIFIED
) -> list[StoredObject]:
    """Write objects gzipped under their keys, all modified at one time; what the reference loads from the same."""
    stored = []
    for key, lines in objects.items():
        body = lines if isinstance(lines, bytes) else an_archive_object(lines)
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(body, 1, mtime=0))
        os.utime(path, (last_modified.timestamp(), last_modified.timestamp()))
        stored.append(StoredObject(key, day_of(key), last_modified, body))
    return stored
