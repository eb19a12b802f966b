"""The bundled archives, loaded by the command line, and what plain Python counted in their lines."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from loader.core.tables import CALL_TABLE

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DEMO = EXAMPLES / "demo.py"
EXPECTED = {name: json.loads((EXAMPLES / "data" / name / "expected.json").read_text(encoding="utf-8")) for name in ("sdk-archive", "cdnow-archive")}  # fmt: skip
SOURCES = {
    "web": "9nTs803scCpErML4mXYjy6",
    "billing": "LQ7hIEFqmv",
    "app_backend": "TeCpTCtLflHhJvSYHxIZddjqfjz",
    "orders_api": "dOeo6y4fBoqb6vOwWxgTeR",
    "support": "doe1JAd7nPTCbSYFrzO6asOfwjQ",
    "music_shop": "nW4tB8xKq2",
}
PLANT_SHOP = tuple(name for name in SOURCES if name != "music_shop")
COUNTS = {source_id: counts for file in EXPECTED.values() for source_id, counts in file["sources"].items()}
# Clicks made before log-in that the browser sent again after it, with a user id.
CONFLICTS = {"web": 15}
ROWS, COPIES = "all_rows", "all_copies"


@dataclass(frozen=True)
class Loaded:
    """The project of the demo, loaded, and what the load reported."""

    folder: Path
    report: dict[str, Any]
    connection: duckdb.DuckDBPyConnection

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, list(values)).fetchall()

    def row(self, query: str, *values: object) -> tuple[Any, ...]:
        (row,) = self.rows(query, *values)
        return row

    def counts(self, query: str, *values: object) -> dict[Any, int]:
        return {key: count for key, count in self.rows(query, *values) if count}

    def columns(self, schema: str, table: str) -> set[str]:
        query = "select column_name from duckdb_columns() where schema_name = ? and table_name = ? and database_name = 'warehouse'"
        return {name for (name,) in self.rows(query, schema, table)}

    def has_table(self, schema: str, table: str) -> bool:
        return bool(self.columns(schema, table))

    def number(self, schema: str, table: str, column: str) -> str:
        """An expression for a property where numbers are meant: the column, or its variant for other numbers."""
        there = [name for name in (column, f"{column}__v_num") if name in self.columns(schema, table)]
        return f"coalesce({', '.join(f'try_cast({name} as decimal(38, 9))' for name in there)})"

    def text(self, schema: str, table: str, column: str) -> str:
        """An expression for a property whatever its type: the column and its variants, as text."""
        names = [column, *(f"{column}__v_{kind}" for kind in ("text", "num", "ts", "bool"))]
        there = [name for name in names if name in self.columns(schema, table)]
        return f"coalesce({', '.join(f'{name}::varchar' for name in there)})"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """A process of this interpreter, as a user starts it."""
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=300, check=False, env=dict(os.environ)
    )


def run_demo(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run(str(DEMO), "--folder", str(folder), *more)


def load_archives(folder: Path) -> None:
    """Both archives in a new warehouse, and what the load reported."""
    assert run_demo(folder, "--project-only").returncode == 0
    done = run("-m", "loader", "--config", str(folder / "loader.yaml"), "--json", "load")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "report.json").write_text(done.stdout, encoding="utf-8")
    # A copy, because a file that is open here cannot be loaded into.
    shutil.copy(folder / "warehouse.duckdb", folder / "copy.duckdb")


def union_of_call_tables(loaded: Loaded) -> str:
    parts = []
    for source in SOURCES:
        for call, table in CALL_TABLE.items():
            if loaded.has_table(source, table):
                event = "event_text" if call == "track" else "null"
                parts.append(
                    f"select '{source}' as source, '{call}' as call, t.id, user_id, anonymous_id, {event} as event_text, "
                    "t.received_at, t.timestamp, o.received_day, "
                    "concat_ws(' ', context_library_name, context_library_version) as library "
                    f"from {source}.{table} as t join _loader.objects as o on o.object_id = t._object"
                )
    return " union all by name ".join(parts)
