"""What the scripts share: the archive's lines, and the counts they print."""

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb


def lines_of(archive: Path) -> Iterator[bytes]:
    """Every line of every object, unpacked."""
    for path in sorted(archive.rglob("*.gz")):
        with gzip.open(path) as lines:
            yield from lines


def message_of(line: bytes) -> dict[str, Any] | None:
    """The message of a line, or None where a script of this kind skips the line."""
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) and "type" in message else None


def table_of(message: dict[str, Any]) -> str:
    """One table per event name; one per call for the rest."""
    name = message.get("event") or message["type"] + "s"
    return str(name).lower().replace(" ", "_")


def print_result(database: Path, started: float) -> None:
    """Print tables, rows and seconds as one JSON object."""
    seconds = time.perf_counter() - started
    with duckdb.connect(str(database), read_only=True) as connection:
        query = """select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE'
            and not starts_with(table_name, '_dlt') and not ends_with(table_schema, '_staging')"""
        tables = connection.execute(query).fetchall()
        counts = [connection.execute(f'select count(*) from "{at}"."{name}"').fetchall() for at, name in tables]
    print(json.dumps({"tables": len(tables), "rows": sum(count[0][0] for count in counts), "seconds": seconds}))
