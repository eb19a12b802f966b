"""dlt into DuckDB: one table per event name, merged on the message id; lists made text beforehand, as dlt would
otherwise make a child table of each.

No table of all tracks, no quarantine, no check of precision. Files that are waiting are on disk in dlt's own form.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.load.peers.reading import lines_of, message_of, print_result, table_of

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}

import dlt


def messages(archive: Path) -> Iterator[dict[str, Any]]:
    """Every message of the archive, its lists as JSON text."""
    for line in lines_of(archive):
        message = message_of(line)
        if message is not None:
            yield without_lists(message)


def without_lists(value: dict[str, Any]) -> dict[str, Any]:
    """The object with every list in it as JSON text."""
    changed = {}
    for key, inner in value.items():
        if isinstance(inner, dict):
            changed[key] = without_lists(inner)
        else:
            changed[key] = json.dumps(inner) if isinstance(inner, list) else inner
    return changed


def load(archive: Path, database: Path) -> None:
    """Load the archive into a new DuckDB file."""
    pipeline = dlt.pipeline(
        pipeline_name="bench",
        pipelines_dir=str(database.parent / "dlt"),
        destination=dlt.destinations.duckdb(str(database)),
        dataset_name="events",
    )
    resource = dlt.resource(
        messages(archive), name="messages", table_name=table_of, primary_key="messageId", write_disposition="merge"
    )
    pipeline.run(resource)


if __name__ == "__main__":
    started_at = time.perf_counter()
    load(Path(sys.argv[1]), Path(sys.argv[2]))
    print_result(Path(sys.argv[2]), started_at)
