"""A project with three received days: few enough messages to count by hand."""

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path

DAYS = (date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3))
SOURCE_ID = "k2V9xqPw7r"
# Per day: three orders, one identify, one page. The second day repeats a message of the first; the third has one
# line that is not JSON.
TRACKS, IDENTIFIES, PAGES, DUPLICATES, QUARANTINED = 9, 3, 3, 1, 1
LINES = 5 * 3 + DUPLICATES + QUARANTINED


def a_call(call: str, message_id: str, day: date, **fields: object) -> str:
    """One line of the archive."""
    at = f"{day.isoformat()}T10:00:00.000Z"
    envelope = {"type": call, "messageId": message_id, "userId": "u1", "receivedAt": at, "sentAt": at, "timestamp": at}
    return json.dumps({**envelope, "originalTimestamp": at, "context": {"ip": "192.0.2.1"}, **fields})


def lines_of(day: date) -> list[str]:
    """What arrived on one day."""
    total = {"total": 10.5, "currency": "EUR"}
    return [
        *(a_call("track", f"{day}-t{n}", day, event="Order Completed", properties=total) for n in range(3)),
        a_call("identify", f"{day}-i", day, traits={"plan": "pro"}),
        a_call("page", f"{day}-p", day, name="Home", properties={"path": "/"}),
    ]


def write_object(archive: Path, day: date, lines: list[str], name: str = "first.gz") -> Path:
    """One object of the Segment layout."""
    milliseconds = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    path = archive / "segment-logs" / SOURCE_ID / str(milliseconds) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    return path


def write_project(folder: Path, more: str = "", start: str = ", start: 2026-03-01") -> Path:
    """The archive and its configuration file."""
    first, second, third = DAYS
    archive = folder / "archive"
    write_object(archive, first, lines_of(first))
    write_object(archive, second, [*lines_of(second), lines_of(first)[0]])
    write_object(archive, third, [*lines_of(third), '{"type": "track", oops'])
    config = folder / "loader.yaml"
    config.write_text(
        "warehouse: {path: ./warehouse.duckdb}\n"
        f"sources:\n  - {{name: shop, archive: {{uri: ./archive, layout: segment}}{start}}}\n{more}",
        encoding="utf-8",
    )
    return config
