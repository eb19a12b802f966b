"""Lists what is in the warehouse: the tables of a source, their columns, rows, and rows per received day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from loader.config import SourceSettings
from loader.core.days import Days
from loader.core.dialect import DUCKDB, identifier
from loader.core.naming import schema_name
from loader.core.tables import STANDARD_TABLES, is_own_table
from loader.reading import Reader


@dataclass(frozen=True)
class Table:
    """The current state of a table."""

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]
    """Name and type of each column, in their order."""

    @property
    def qualified(self) -> str:
        """The quoted schema and name, for SQL."""
        return identifier(self.schema, self.name)

    @property
    def is_event_table(self) -> bool:
        """Whether the table holds the calls of one event."""
        return self.name not in STANDARD_TABLES


def schema_of(source: SourceSettings) -> str:
    """The schema that a source owns."""
    return schema_name(source.name, DUCKDB.identifier_bytes)


def tables(reader: Reader, source: SourceSettings) -> Mapping[str, Table]:
    """The tables that loads of a source made, by name, without a user's own tables. Empty before the first load."""
    schema = schema_of(source)
    rows = reader.report("columns", {"schema": schema, "source": source.name}).rows
    found: dict[str, Table] = {}
    for (name, is_registered), group in groupby(rows, key=lambda row: (str(row[0]), bool(row[3]))):
        columns = tuple((str(column), str(kind)) for _, column, kind, _ in group)
        if is_own_table(name, [column for column, _ in columns], is_registered):
            found[name] = Table(schema, name, columns)
    return found


def row_count(reader: Reader, table: Table) -> int:
    """The number of rows of a table."""
    return _number(reader.report("row_count", {"table": table.qualified}).rows[0][0])


def rows_per_day(reader: Reader, source: SourceSettings, table: Table, days: Days) -> Mapping[date, int]:
    """The number of rows of a call table by received day."""
    values = {"table": table.qualified, "source": source.name, "start": days.start, "until": days.until}
    return {day: _number(rows) for day, rows in reader.report("rows_per_day", values).rows if isinstance(day, date)}


def days_of_last_load(reader: Reader, source: SourceSettings) -> Mapping[date, int]:
    """How many objects the newest load of a source read, by received day."""
    rows: Iterable[tuple[object, ...]] = reader.report("last_load", {"source": source.name}).rows
    return {day: _number(objects) for day, objects in rows if isinstance(day, date)}


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
