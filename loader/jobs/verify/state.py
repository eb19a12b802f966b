"""Checks that the state tables of a source fit its tables and each other. Does not read the archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Final

from loader.config.settings import LoadSettings
from loader.core.dialect import DUCKDB
from loader.core.messages import columns_of, naming_rule
from loader.core.naming import event_slug, table_name
from loader.core.tables import CALL_OF, CALL_TABLE
from loader.inventory import Table
from loader.jobs.verify.findings import Findings
from loader.reading import Reader

_MOST_DOTS: Final = 8
"""Names with more dots are not judged: any of them may be part of a key."""


def compare_state(
    reader: Reader, source: str, tables: Mapping[str, Table], options: Mapping[object, LoadSettings], found: Findings
) -> None:
    """Report what does not fit to `found`. `options` are those of all loads."""
    for table, what, rows in reader.check("state_of_loads", {"source": source}).rows:
        found.add(str(table), f"{table}: {what}", 0, rows)
    for (name,) in reader.check("discarding_tables", {"source": source}).rows:
        _compare_discards(reader, source, str(name), tables, found)
    for call, name in CALL_TABLE.items():
        if name in tables:
            values = {"table": tables[name].qualified, "source": source, "call": call}
            (raw,) = reader.check("raw_of_rows", values).records()
            for what, rows in raw.items():
                found.compare("raw", f"raw of {name}: messages that are {what}", 0, rows)
    _compare_names(reader, source, options, found)


def _compare_discards(reader: Reader, source: str, name: str, tables: Mapping[str, Table], found: Findings) -> None:
    calls = tables.get(CALL_TABLE[CALL_OF.get(name, "track")])
    if calls is None or name not in tables:
        found.add("discards", f"discards: table_name {name} that no table has", "a table", "none")
        return
    values = {"calls": calls.qualified, "source": source, "table": name}
    for column, rows, row_id in reader.check("discards_of_rows", values).rows:
        what = f"discards: {column} that is not that of the row in {calls.name}, such as of {row_id}"
        found.add("discards", what, 0, rows, name)
    of = {"source": source, "schema": calls.schema, "table": name}
    ((types,),) = reader.check("discarded_types", of).rows
    found.compare("discards", f"discards: column_type that no column of {name} had", 0, types, name)


def _compare_names(reader: Reader, source: str, options: Mapping[object, LoadSettings], found: Findings) -> None:
    """Every registered name follows from what it stands for."""
    reserved = frozenset(column for load in options.values() for column in load.envelope_columns)
    for kind, table, source_name, name, rule in reader.check("names", {"source": source}).rows:
        assert isinstance(table, str)
        assert isinstance(source_name, str)
        assert isinstance(name, str)
        assert isinstance(rule, str)
        if kind == "table":
            slug = event_slug(source_name, DUCKDB.identifier_bytes)
            given = table_name(source_name, DUCKDB.identifier_bytes)
            how = "snake_case" if given == slug else "escaped" if given == f"_{slug}" else "hashed"
            is_right = (table, name, rule) == (given, given, how)
        else:
            is_right = source_name.count(".") > _MOST_DOTS or (
                kind == "column" and (name, rule) in _namings(table, source_name, (frozenset(), reserved))
            )
        if not is_right:
            found.add(
                "names", f"names: {kind} of {table} that its name does not become", f"{name} by {rule}", source_name
            )


def _namings(table: str, source_name: str, reservations: tuple[frozenset[str], ...]) -> Iterator[tuple[str, str]]:
    """The names that a path may have become, with the rule; a dot may be one between keys or in a key."""
    parts = source_name.split(".")
    call = CALL_OF.get(table, "track")
    for count in reversed(range(len(parts))):
        for cuts in combinations(range(1, len(parts)), count):
            bounds = (0, *cuts, len(parts))
            path = tuple(".".join(parts[a:b]) for a, b in zip(bounds, bounds[1:], strict=False))
            for reserved in reservations:
                for column, _ in columns_of(path, call, path[0], DUCKDB.identifier_bytes, reserved):
                    yield column, naming_rule(path, column)
