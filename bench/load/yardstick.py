"""What ours is divided by, and counts of what ours loaded. Each command runs in a process of its own.

    python -m bench.load.yardstick envelope ARCHIVE DATABASE   unzip, parse and store the envelope, nothing else
    python -m bench.load.yardstick ids WAREHOUSE               read every stored id once
    python -m bench.load.yardstick counts WAREHOUSE            rows of every table

`envelope` stores fewer columns in one table, takes no copy out, keeps no bad line and types no property: it is the
least that anything must do which puts these files into DuckDB. Times are taken from after connecting to after closing.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import duckdb

from bench.load.ours import CALL_TABLES, SCHEMA

THREADS: Final = 2
ENVELOPE: Final = {
    **dict.fromkeys(
        (
            "messageId",
            "type",
            "event",
            "anonymousId",
            "userId",
            "groupId",
            "previousId",
            "name",
            "category",
        ),
        "VARCHAR",
    ),
    **dict.fromkeys(("timestamp", "originalTimestamp", "sentAt", "receivedAt"), "TIMESTAMPTZ"),
    **dict.fromkeys(("context", "properties", "traits", "integrations"), "JSON"),
}


def envelope(archive: Path, database: Path) -> dict[str, Any]:
    """Store the envelope of every message of the archive in one table of a new database file."""
    if database.exists():
        raise FileExistsError(f"the yardstick needs a new file, and {database} exists")
    files = sorted(str(path) for path in archive.rglob("*.gz"))
    connection = duckdb.connect(str(database), config={"threads": THREADS})
    wall, cpu = time.perf_counter(), time.process_time()
    connection.execute(
        "create table raw as select * from read_json($files, format='newline_delimited', ignore_errors=true, "
        f"columns={json.dumps(ENVELOPE)})",
        {"files": files},
    )
    connection.close()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    with duckdb.connect(str(database), read_only=True) as stored:
        rows = stored.execute("select count(*) from raw").fetchall()[0][0]
    return {"wall_seconds": wall, "cpu_seconds": cpu, "rows": rows, "file_bytes": database.stat().st_size}


def ids(warehouse: Path) -> dict[str, Any]:
    """Read the id column of every call table once, in full."""
    connection = duckdb.connect(str(warehouse), read_only=True, config={"threads": THREADS})
    tables = sorted(set(CALL_TABLES.values()) & set(_tables(connection)))
    wall, cpu = time.perf_counter(), time.process_time()
    rows = 0
    for table in tables:
        found = connection.execute(f'select count(id), sum(length(id)) from "{SCHEMA}"."{table}"').fetchall()
        rows += found[0][0]
    connection.close()
    return {"wall_seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu, "rows": rows}


def counts(warehouse: Path) -> dict[str, Any]:
    """Rows of every table of the source."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return {
            table: connection.execute(f'select count(*) from "{SCHEMA}"."{table}"').fetchall()[0][0]
            for table in _tables(connection)
        }


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    query = "select table_name from duckdb_tables() where schema_name = ? order by 1"
    return [name for (name,) in connection.execute(query, [SCHEMA]).fetchall()]


COMMANDS: Final[dict[str, Callable[..., dict[str, Any]]]] = {"envelope": envelope, "ids": ids, "counts": counts}

if __name__ == "__main__":
    print(json.dumps(COMMANDS[sys.argv[1]](*map(Path, sys.argv[2:]))))
