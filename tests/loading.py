"""Arrange, act and look: an archive in a folder, loads of it, what the warehouse holds and what the reference says."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
from factories import FIRST_DAY, LAST_MODIFIED, Line, a_key, an_archive_object, day_of, write_archive
from reference import Loaded, Options, StoredObject
from reference import load as reference_load
from tables import Held, differences, tables_of

SOURCE = "web"
_SETS = ("exclude", "json_paths", "envelope_columns")
_REFERENCE_OPTIONS = (*_SETS, "null_traits", "date_only", "users_from_context_traits", "raw_events")
Discard = tuple[str, str, str]
"""Id of the row, reason, dotted path."""


@dataclass
class Loading:
    """One source in a folder. `write` adds or replaces objects, `load` loads what is new."""

    folder: Path
    options: dict[str, Any] = field(default_factory=dict)
    """Of the source's `load` section."""
    layout: str = "segment"
    stored: dict[str, StoredObject] = field(default_factory=dict)
    """Objects that the archive has now."""
    report: dict[str, Any] = field(default_factory=dict)
    """Of the last load."""

    def with_options(self, **options: Any) -> "Loading":
        """The same folder, from now on loaded with these options."""
        self.options = options
        return self

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def work_dir(self) -> Path:
        return self.folder / "work"

    @property
    def config_file(self) -> Path:
        """loader.yaml, written anew."""
        path = self.folder / "loader.yaml"
        source = {"name": SOURCE, "archive": {"uri": "./archive", "layout": self.layout}, "load": self.options}
        config = {
            "warehouse": {"path": "./warehouse.duckdb"},
            "sources": [source],
            "resources": {"memory": "500MB", "threads": 2, "work_dir": "./work"},
        }
        self.archive.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    def write(self, *lines: Line, key: str | None = None) -> str:
        """One object of these lines; its key is the first object of the first day unless given."""
        return self.write_body(an_archive_object(lines), key)

    def write_body(self, body: bytes, key: str | None = None) -> str:
        """One object, gzipped, of this unpacked content."""
        key = key or a_key()
        (stored,) = write_archive(self.archive, {key: body})
        self.stored[key] = stored
        return key

    def write_objects(self, objects: Mapping[str, Iterable[Line] | bytes]) -> None:
        """Several objects by key."""
        for stored in write_archive(self.archive, objects):
            self.stored[stored.key] = stored

    def write_stored(self, stored: bytes, body: bytes, key: str | None = None) -> str:
        """One object of exactly these bytes, which a reader should take for `body`."""
        key = self.write_body(b"", key)
        path = self.archive / key
        path.write_bytes(stored)
        self.stored[key] = StoredObject(key, day_of(key), LAST_MODIFIED, body)
        return key

    def load(self, **keywords: Any) -> dict[str, Any]:
        """Load what is new; the report as a dict, also kept in `report`."""
        self.report = self.load_report(**keywords).as_dict()
        return self.report

    def load_report(self, **keywords: Any) -> Any:
        """Load what is new; the report itself."""
        from loader.config import load_config
        from loader.jobs.load import load_source

        config = load_config(self.config_file, {})
        return load_source(config, config.source(SOURCE), **keywords)

    def rebuild(self, table: str | None = None, first: int | None = None, last: int | None = None) -> dict[str, Any]:
        """Rebuild the source or one table; `first` and `last` are days of the test month, both included."""
        from loader.config import load_config
        from loader.core.days import Days
        from loader.jobs.rebuild import rebuild

        config = load_config(self.config_file, {})
        start = None if first is None else FIRST_DAY + timedelta(days=first - 1)
        until = None if last is None else FIRST_DAY + timedelta(days=last)
        return rebuild(config, config.source(SOURCE), table, Days(start, until)).as_dict()

    def query(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse; `_loader` and `web` are its schemas."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(query, list(parameters)).fetchall()

    def change(self, statement: str) -> None:
        """What a user does to the warehouse."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute(statement)

    def held(self) -> Held:
        """What the warehouse holds."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return tables_of(connection, SOURCE)

    def types(self, table: str) -> dict[str, str]:
        """Types of the columns of a table of the source."""
        return dict(
            self.query(
                "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ?",
                SOURCE,
                table,
            )
        )

    def expected(self) -> Loaded:
        """What the reference makes of the objects that the archive has now."""
        return reference_load(self.stored.values(), reference_options(self.options))

    def differences(self) -> list[str]:
        """What the warehouse holds other than the reference."""
        return all_differences(self.expected(), self.held())

    def statuses(self) -> dict[str, str]:
        """Status by key."""
        return dict(self.query("select key, status from _loader.objects where source = ?", SOURCE))

    def without_warehouse(self) -> "Loading":
        """As before the first load."""
        for path in self.folder.glob("warehouse.duckdb*"):
            path.unlink()
        shutil.rmtree(self.work_dir, ignore_errors=True)
        return self


def reference_options(options: Mapping[str, Any]) -> Options:
    """The options that the reference knows, out of those of a source."""
    known = {name: value for name, value in options.items() if name in _REFERENCE_OPTIONS}
    return Options(**{name: frozenset(value) if name in _SETS else value for name, value in known.items()})


def discards_of(result: Held | Loaded) -> set[Discard]:
    """Discards without their table, of a warehouse or of the reference."""
    if isinstance(result, Held):
        return {(row_id, reason, path or "") for _, row_id, reason, path in result.discards}
    return {(row_id, reason, ".".join(path)) for _, row_id, reason, path in result.discards}


def all_differences(expected: Loaded, held: Held) -> list[str]:
    """Differences of rows, places, copies, quarantine and discards."""
    held = without_empty_tables(held)
    found = differences(expected, held)
    wanted, there = discards_of(expected), discards_of(held)
    # One repair note per line stands for all of its messages, or for each: both are records of it.
    found += [f"discard {each} is missing" for each in sorted(wanted - there)[:4]]
    found += [f"discard {each} is too much" for each in sorted(there - wanted)[:4]]
    places = {at: (place.key, place.line, place.item) for at, place in expected.places.items()}
    found += [
        f"place of {at}: {places.get(at)} expected, {held.places.get(at)} found"
        for at in sorted(places.keys() | held.places.keys())
        if places.get(at) != held.places.get(at)
    ]
    return found


def without_empty_tables(held: Held) -> Held:
    """Empty tables may be left by messages that lost against an earlier copy."""
    held.tables = {table: rows for table, rows in held.tables.items() if rows}
    return held


def canonical(held: Held) -> dict[str, Any]:
    """All that must not depend on the order of loading, to be compared as a whole."""
    held = without_empty_tables(held)
    return {
        "tables": held.tables,
        "nulls": held.nulls,
        "places": held.places,
        "copies": held.copies,
        "conflicts": held.conflicts,
        "quarantine": held.quarantine,
        "discards": discards_of(held),
    }


@dataclass
class Outcome:
    """What a case looks at, of the product or of the reference."""

    rows: dict[str, dict[str, dict[str, str]]]
    quarantine: Counter[tuple[str, int, int, str]]
    discards: set[Discard]
    counts: dict[str, int]
    offsets: dict[tuple[int, int], int | None] | None = None
    """(line, item) in quarantine → byte offset; None where the reference does not say, `warnings` likewise."""
    warnings: dict[str, int] | None = None


def outcome_of_reference(loaded: Loaded) -> Outcome:
    """The reference's view."""
    counts = loaded.counts.values()
    totals = {
        "lines": sum(each.lines for each in counts),
        "blank": sum(each.blank for each in counts),
        "messages": sum(each.messages for each in counts),
        "duplicates": len(loaded.copies),
        "conflicts": loaded.conflicts,
    }
    rows = {table: loaded.rows(table) for table in loaded.tables}
    return Outcome(rows, Counter(list(loaded.quarantine)), discards_of(loaded), totals)


def outcome_of_product(loading: Loading) -> Outcome:
    """The warehouse after the last load."""
    held = without_empty_tables(loading.held())
    rows = {table: held.rows(table) for table in held.tables}
    places = loading.query("select line, item, byte_offset from _loader.quarantine")
    offsets = {(line, item): offset for line, item, offset in places}
    warnings = loading.report["warning_counts"]
    return Outcome(rows, held.quarantine, discards_of(held), loading.report, offsets, warnings)
