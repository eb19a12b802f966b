"""Opens the engine that normalizes: an in-memory DuckDB, for every kind of warehouse."""

from pathlib import Path

import duckdb
import pyarrow as pa
import xxhash
from duckdb.func import PythonUDFType

from loader.sqlfiles import read_sql


def open_engine(memory_bytes: int, threads: int | None, work_dir: Path) -> duckdb.DuckDBPyConnection:
    """An empty engine, limited to `memory_bytes`, that spills into `work_dir`. Its zone is UTC; it keeps no row order."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_bytes}B",
        "temp_directory": str(work_dir / "spill"),
        "preserve_insertion_order": False,
        "allow_unsigned_extensions": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if threads is not None:
        config["threads"] = threads
    engine = duckdb.connect(":memory:", config=config)
    engine.execute("set TimeZone = 'UTC'")
    engine.execute(read_sql("engine/macros.sql"))
    engine.create_function("xxh64", _hashes, ["VARCHAR"], "UBIGINT", type=PythonUDFType.ARROW)
    return engine


def _hashes(texts: pa.Array) -> pa.Array:
    """XXH64 of texts, for those few that the scan of lines did not hash."""
    return pa.array([xxhash.xxh64_intdigest(text.encode()) for text in texts.to_pylist()], pa.uint64())
