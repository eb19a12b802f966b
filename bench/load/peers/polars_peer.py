"""The Polars script one writes: read_ndjson per event name, unnested, unique, a typed DuckDB table each.

No table of all tracks, lines that do not look like an object are skipped, values that do not fit the inferred type
are lost or become text, the whole archive in memory.
"""

import re
import sys
import time
from collections import defaultdict
from io import BytesIO
from pathlib import Path

import duckdb
import polars as pl

from bench.load.peers.reading import lines_of, print_result

_NAME = re.compile(rb'"(?:event|type)":"([^"]+)"')
_EVENT = re.compile(rb'"event":"([^"]+)"')


def load(archive: Path, database: Path) -> None:
    """Load the archive into a new DuckDB file."""
    parts: dict[str, list[bytes]] = defaultdict(list)
    for line in lines_of(archive):
        found = _EVENT.search(line) or _NAME.search(line)
        if found is not None and line.startswith(b"{") and line.endswith(b"}\n"):
            parts[found[1].decode().lower().replace(" ", "_")].append(line)
    with duckdb.connect(str(database)) as connection:
        for table, lines in parts.items():
            frame = typed(flat(read(lines)).unique("messageId", keep="first"))
            connection.register("frame", frame.to_arrow())
            connection.execute(f'create table "{table}" as select * from frame')
            connection.unregister("frame")


def read(lines: list[bytes]) -> pl.DataFrame:
    """The lines of one event name as a frame, its types inferred from all of them."""
    return pl.read_ndjson(BytesIO(b"".join(lines)), infer_schema_length=None, ignore_errors=True)


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `a.b.c` as the column `a_b_c`."""
    while nested := [name for name, kind in frame.schema.items() if isinstance(kind, pl.Struct)]:
        for name in nested:
            fields = frame.schema[name].fields  # type: ignore[attr-defined]
            renamed = [f"{name}_{field.name}" for field in fields]
            if fields:
                frame = frame.with_columns(pl.col(name).struct.rename_fields(renamed)).unnest(name)
            else:
                frame = frame.drop(name)
    return frame


def typed(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the envelope's instants as timestamps."""
    instants = [name for name in ("timestamp", "originalTimestamp", "sentAt", "receivedAt") if name in frame.columns]
    return frame.with_columns(pl.col(instants).str.to_datetime(time_zone="UTC", strict=False))


if __name__ == "__main__":
    started_at = time.perf_counter()
    load(Path(sys.argv[1]), Path(sys.argv[2]))
    print_result(Path(sys.argv[2]), started_at)
