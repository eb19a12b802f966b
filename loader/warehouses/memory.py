"""How much memory an engine may use."""

from typing import Final

import duckdb

_UNITS: Final = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def memory_limit(engine: duckdb.DuckDBPyConnection) -> float:
    """The bytes that an engine may use, as it says itself, which is in rounded units."""
    number, unit = str(engine.execute("select current_setting('memory_limit')").fetchall()[0][0]).split()
    return float(number) * _UNITS[unit]
