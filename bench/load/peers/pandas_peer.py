"""The pandas script one writes: json_normalize per event name, drop_duplicates, a DuckDB table each.

No table of all tracks, no types beyond what pandas infers (a column of mixed values becomes text), no quarantine,
the whole archive in memory.
"""

import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from bench.load.peers.reading import lines_of, message_of, print_result, table_of


def load(archive: Path, database: Path) -> None:
    """Load the archive into a new DuckDB file."""
    messages: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines_of(archive):
        message = message_of(line)
        if message is not None:
            messages[table_of(message)].append(message)
    with duckdb.connect(str(database)) as connection:
        for table, rows in messages.items():
            frame = typed(pd.json_normalize(rows, sep="_").drop_duplicates("messageId"))
            connection.register("frame", frame)
            connection.execute(f'create table "{table}" as select * from frame')
            connection.unregister("frame")


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with instants as timestamps, and values that are of several types, or lists, as text."""
    for column in frame.columns:
        if column in ("timestamp", "originalTimestamp", "sentAt", "receivedAt"):
            frame[column] = pd.to_datetime(frame[column], utc=True, format="ISO8601")
        elif frame[column].dtype == object:
            kept = frame[column].dropna()
            kinds = {type(value) for value in kept}
            if len(kinds) > 1 or kinds & {list, dict}:
                frame[column] = kept.map(lambda value: value if isinstance(value, str) else json.dumps(value))
    return frame


if __name__ == "__main__":
    started_at = time.perf_counter()
    load(Path(sys.argv[1]), Path(sys.argv[2]))
    print_result(Path(sys.argv[2]), started_at)
