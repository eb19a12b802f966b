"""The ledger: records what was loaded, from where, by which run, and what did not become rows, in state tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import duckdb
import pyarrow as pa

from loader.archive.base import ArchiveObject
from loader.core.dialect import literal
from loader.core.plan import SchemaChange
from loader.warehouses.duckdb import DuckDBWarehouse

KNOWN: Final = "known_objects"
LISTED: Final = "listed_objects"
_CHUNK: Final = 5_000

QUARANTINE: Final = pa.schema(
    [
        ("part", pa.int32()),
        ("line", pa.int64()),
        ("item", pa.int32()),
        ("byte_offset", pa.int64()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("raw", pa.string()),
        ("raw_encoding", pa.string()),
        ("raw_bytes", pa.int64()),
        ("sha256", pa.string()),
        ("user_id", pa.string()),
        ("anonymous_id", pa.string()),
        ("received_at", pa.string()),
    ]
)

_CHANGES: Final = pa.schema(
    [(name, pa.string()) for name in ("table_name", "column_name", "change", "old_type", "new_type")]
)


@dataclass(slots=True)
class PartCounts:
    """The ledger entry of one stretch of one object."""

    part: int
    obj: ArchiveObject
    layout: str
    is_first: bool
    status: str
    error: str | None
    retry: bool
    bytes_read: int
    lines: int
    blank: int
    quarantined_lines: int = 0
    messages: int = 0
    quarantined_messages: int = 0
    exact_lines: int = 0
    object_id: int = 0
    is_known: bool = False
    """An earlier run began with this version of the object."""


class Ledger:
    """The ledger of one source. The warehouse must be attached."""

    def __init__(self, warehouse: DuckDBWarehouse, source: str) -> None:
        self._warehouse = warehouse
        self._engine = warehouse.engine
        self._source = source

    def _state(self, table: str) -> str:
        return self._warehouse.state(table)

    # Objects ----------------------------------------------------------------------------------------------------------

    def remember_known(self, again: Sequence[str]) -> None:
        """Copy hashes of known objects into the engine, so that listing needs no warehouse. `again`: keys to read again."""
        self._engine.execute(f"create or replace table {LISTED} (h ubigint)")
        chosen = "" if not again else f" and key not in ({', '.join(literal(key) for key in again)})"
        self._engine.execute(
            f"create or replace table {KNOWN} as select hash(key, etag, size) as h from {self._state('objects')} "
            f"where source = {literal(self._source)} and status <> 'loading' and not retry{chosen}"
        )

    def count_gone(self) -> int:
        """How many loaded objects are not in the listing that `unknown_objects` streamed."""
        (row,) = self._engine.execute(
            f"select count(distinct key) from {self._state('objects')} where source = {literal(self._source)} "
            f"and not (status = 'failed' and bytes_read = 0) and hash(key) not in (select h from {LISTED})"
        ).fetchall()
        return int(row[0])

    def number_objects(self, counts: Sequence[PartCounts], parts: str) -> None:
        """Give every stretch the number of its object, existing or new, and make the table `parts`."""
        known = self._known(counts)
        (row,) = self._engine.execute(f"select coalesce(max(object_id), 0) from {self._state('objects')}").fetchall()
        next_id = int(row[0]) + 1
        given: dict[tuple[str, str, int], int] = {}
        for count in counts:
            version = (count.obj.key, count.obj.etag, count.obj.size)
            if version in known:
                count.object_id, count.is_known = known[version], True
            else:
                if version not in given:
                    given[version] = next_id
                    next_id += 1
                count.object_id = given[version]
        table = pa.table(
            {
                "part": pa.array([c.part for c in counts], pa.int32()),
                "object_id": pa.array([c.object_id for c in counts], pa.int64()),
                "key": pa.array([c.obj.key for c in counts], pa.string()),
                "etag": pa.array([c.obj.etag for c in counts], pa.string()),
            }
        )
        _store(self._engine, parts, table)

    def _known(self, counts: Sequence[PartCounts]) -> dict[tuple[str, str, int], int]:
        keys = pa.table({"key": pa.array(sorted({c.obj.key for c in counts}), pa.string())})
        self._engine.register("given_keys", keys)
        try:
            rows = self._engine.execute(
                f"select key, etag, size, object_id from {self._state('objects')} "
                f"where source = {literal(self._source)} and key in (select key from given_keys)"
            ).fetchall()
        finally:
            self._engine.unregister("given_keys")
        return {(key, etag, size): object_id for key, etag, size, object_id in rows}

    def finish(
        self, counts: Sequence[PartCounts], load_id: str, options: str, started_at: datetime, now: datetime
    ) -> None:
        """Write the stretches. The first one of an object replaces its old entry, further ones add to it."""
        columns: dict[str, list[Any]] = {
            "object_id": [c.object_id for c in counts],
            "key": [c.obj.key for c in counts],
            "etag": [c.obj.etag for c in counts],
            "size": [c.obj.size for c in counts],
            "last_modified": [c.obj.last_modified for c in counts],
            "received_day": [c.obj.received_day for c in counts],
            "layout": [c.layout for c in counts],
            "status": [c.status for c in counts],
            "error": [c.error for c in counts],
            "retry": [c.retry for c in counts],
            "is_first": [c.is_first for c in counts],
        }
        numbers = (
            "bytes_read",
            "lines",
            "blank",
            "quarantined_lines",
            "messages",
            "quarantined_messages",
            "exact_lines",
        )
        columns |= {name: [getattr(c, name) for c in counts] for name in numbers}
        types = {"error": pa.string(), "received_day": pa.date32(), "last_modified": pa.timestamp("us", "UTC")}
        table = pa.table({name: pa.array(values, types.get(name)) for name, values in columns.items()})
        objects, engine = self._state("objects"), self._engine
        sums = ", ".join(
            f"(case when max(n.is_first::int) = 1 then 0 else coalesce(max(o.{name}), 0) end + sum(n.{name}))::bigint as {name}"
            for name in numbers
        )
        engine.register("given_parts", table)
        try:
            engine.execute(
                f"create or replace temp table new_objects as select n.object_id, any_value(n.key) as key, "
                f"any_value(n.etag) as etag, any_value(n.size) as size, any_value(n.last_modified) as last_modified, "
                f"any_value(n.received_day) as received_day, any_value(n.layout) as layout, any_value(n.status) as status, "
                f"any_value(n.error) as error, bool_or(n.retry) as retry, {sums} "
                f"from given_parts as n left join {objects} as o on o.object_id = n.object_id group by n.object_id"
            )
        finally:
            engine.unregister("given_parts")
        engine.execute(f"delete from {objects} where object_id in (select object_id from new_objects)")
        engine.execute(
            f"insert into {objects} by name select {literal(self._source)} as source, * exclude (received_day), "
            f"received_day, ? as options, ? as load_id, ?::timestamptz as started_at, "
            f"case when status <> 'loading' then ?::timestamptz end as finished_at from new_objects",
            [options, load_id, started_at, now],
        )

    # Input that made no row -------------------------------------------------------------------------------------------

    def replace_quarantine(
        self, counts: Sequence[PartCounts], records: pa.Table, parts: str, load_id: str, now: datetime
    ) -> None:
        """Write the quarantine of these stretches. At the beginning of an object, it replaces that of all its versions."""
        quarantine = self._state("quarantine")
        fresh = [c.obj.key for c in counts if c.is_first]
        for start in range(0, len(fresh), _CHUNK):
            keys = ", ".join(literal(key) for key in fresh[start : start + _CHUNK])
            self._engine.execute(
                f"delete from {quarantine} where object_id in (select object_id from {self._state('objects')} "
                f"where source = {literal(self._source)} and key in ({keys}))"
            )
        if records.num_rows == 0:
            return
        self._engine.register("given_records", records)
        try:
            self._engine.execute(
                f"insert into {quarantine} by name select {literal(self._source)} as source, ? as load_id, p.object_id, "
                f"r.* exclude (part, received_at), try_cast(r.received_at as timestamptz) as received_at, "
                f"?::timestamptz as quarantined_at from given_records as r join {parts} as p using (part)",
                [load_id, now],
            )
        finally:
            self._engine.unregister("given_records")

    def discards_of(self, load_id: str) -> dict[str, int]:
        """How many values a run discarded, by reason."""
        rows = self._engine.execute(
            f"select reason, count(*) from {self._state('discards')} where load_id = ? group by reason", [load_id]
        ).fetchall()
        return dict(rows)

    # Names, columns and changes ---------------------------------------------------------------------------------------

    def log_changes(self, changes: Iterable[SchemaChange], load_id: str, now: datetime) -> None:
        """Log every column of every change."""
        rows = [
            {
                "table_name": change.table,
                "column_name": column.name,
                "change": change.change,
                "old_type": change.old_type,
                "new_type": column.sql_type,
            }
            for change in changes
            for column in change.columns
        ]
        self._engine.register("given_changes", pa.Table.from_pylist(rows, schema=_CHANGES))
        try:
            self._engine.execute(
                f"insert into {self._state('schema_log')} by name select {literal(self._source)} as source, "
                f"? as load_id, g.*, ?::timestamptz as changed_at from given_changes as g",
                [load_id, now],
            )
        finally:
            self._engine.unregister("given_changes")

    def register_names(self, names: Sequence[tuple[str, str, str, str, str]], now: datetime) -> None:
        """Register new names, given as (kind, table, source name, name, rule)."""
        if not names:
            return
        kinds, tables, sources, given, rules = zip(*names, strict=True)
        table = pa.table(
            {"kind": kinds, "table_name": tables, "source_name": sources, "name": given, "rule": rules},
            schema=pa.schema([(n, pa.string()) for n in ("kind", "table_name", "source_name", "name", "rule")]),
        )
        self._engine.register("given_names", table)
        try:
            self._engine.execute(
                f"insert into {self._state('names')} by name select {literal(self._source)} as source, g.*, "
                f"?::timestamptz as first_seen from given_names as g anti join (select kind, table_name, source_name "
                f"from {self._state('names')} where source = {literal(self._source)}) "
                f"using (kind, table_name, source_name)",
                [now],
            )
        finally:
            self._engine.unregister("given_names")

    def observe(self, seen: Sequence[tuple[str, str, str, int, datetime, datetime]]) -> None:
        """Add observations, given as (table, column, type, count, first, last)."""
        if not seen:
            return
        tables, columns, types, counts, firsts, lasts = zip(*seen, strict=True)
        instant = pa.timestamp("us", "UTC")
        given = pa.table(
            {
                "table_name": pa.array(tables, pa.string()),
                "column_name": pa.array(columns, pa.string()),
                "type": pa.array(types, pa.string()),
                "count": pa.array(counts, pa.int64()),
                "first_seen": pa.array(firsts, instant),
                "last_seen": pa.array(lasts, instant),
            }
        )
        observed = self._state("observed")
        self._engine.register("given_observations", given)
        try:
            self._engine.execute(
                f"merge into {observed} as o using given_observations as g on o.source = {literal(self._source)} "
                f"and o.table_name = g.table_name and o.column_name = g.column_name and o.type = g.type "
                f"when matched then update set count = o.count + g.count, "
                f"first_seen = least(o.first_seen, g.first_seen), last_seen = greatest(o.last_seen, g.last_seen) "
                f"when not matched then insert (source, table_name, column_name, type, count, first_seen, last_seen) "
                f"values ({literal(self._source)}, g.table_name, g.column_name, g.type, g.count, g.first_seen, g.last_seen)"
            )
        finally:
            self._engine.unregister("given_observations")

    # Runs -------------------------------------------------------------------------------------------------------------

    def begin_load(self, load_id: str, options: str, now: datetime) -> None:
        """Record the start of a run."""
        self._engine.execute(
            f"update {self._state('loads')} set status = 'failed' where source = ? and status = 'running'",
            [self._source],
        )
        self._engine.execute(
            f"insert into {self._state('loads')} values (?, ?, ?, null, 'running', ?, null)",
            [load_id, self._source, now, options],
        )

    def end_load(self, load_id: str, status: str, counters: str, now: datetime) -> None:
        """Record the end of a run."""
        self._engine.execute(
            f"update {self._state('loads')} set status = ?, counters = ?, finished_at = ? where load_id = ?",
            [status, counters, now, load_id],
        )


def unknown_objects(engine: duckdb.DuckDBPyConnection, objects: Iterable[ArchiveObject]) -> Iterator[ArchiveObject]:
    """Stream the objects of a listing that must be read. Runs in the thread that lists; call `remember_known` first."""
    cursor = engine.cursor()
    chunk: list[ArchiveObject] = []
    for obj in objects:
        chunk.append(obj)
        if len(chunk) >= _CHUNK:
            yield from _unknown(cursor, chunk)
            chunk = []
    yield from _unknown(cursor, chunk)
    cursor.close()


def _unknown(cursor: duckdb.DuckDBPyConnection, chunk: list[ArchiveObject]) -> Iterator[ArchiveObject]:
    if not chunk:
        return
    listing = pa.table(
        {
            "i": pa.array(range(len(chunk)), pa.int32()),
            "key": pa.array([obj.key for obj in chunk], pa.string()),
            "etag": pa.array([obj.etag for obj in chunk], pa.string()),
            "size": pa.array([obj.size for obj in chunk], pa.int64()),
        }
    )
    cursor.register("listing", listing)
    rows = cursor.execute(
        f"select i from listing where hash(key, etag, size) not in (select h from {KNOWN}) order by i"
    ).fetchall()
    cursor.execute(f"insert into {LISTED} select hash(key) from listing")
    cursor.unregister("listing")
    for (index,) in rows:
        yield chunk[index]


def _store(engine: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    engine.register("given_table", table)
    try:
        engine.execute(f"create or replace table {name} as select * from given_table")
    finally:
        engine.unregister("given_table")
