"""Writes one batch into the warehouse: schema changes first, then rows and ledger entry in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import duckdb
import pyarrow as pa

from loader.core.dialect import literal, numbered
from loader.core.naming import table_name
from loader.core.plan import SchemaChange, WantedColumn, changes
from loader.core.plurals import counted
from loader.core.tables import CALL_TABLE, ID_HASH, LATEST, STANDARD_TABLES, call_target
from loader.jobs.ahead import one_ahead
from loader.jobs.discards import Discards, record_raw
from loader.jobs.registries import NewNames, observations
from loader.jobs.report import LoadReport
from loader.ledger import QUARANTINE, Ledger, PartCounts
from loader.normalize.columns.settle import Existing, settle
from loader.normalize.columns.tables import Rules, TableBatch, table_batches
from loader.normalize.messages.dedupe import Dedupe, History
from loader.normalize.messages.discover import Discovery
from loader.normalize.messages.lines import Read, losses_table
from loader.normalize.messages.stage import Stage
from loader.normalize.write import losses
from loader.normalize.write.latest import Latest, Owners, latest_columns, moves_values
from loader.normalize.write.rows import Beside, insert_rows, table_rows
from loader.warehouses.duckdb import DuckDBWarehouse
from loader.warehouses.resources import shortage


@dataclass(frozen=True, slots=True)
class BatchContext:
    """The settings that all batches of a load share."""

    load: losses.Load
    schema: str
    rules: Rules
    options: str
    layout: str


@dataclass(slots=True)
class _Planned:
    """What a batch will do to the warehouse."""

    tables: dict[str, TableBatch]
    over_the_cap: list[TableBatch]
    changes: list[SchemaChange]
    beside: Beside
    parts: str
    """Table of the parts: part → object_id."""
    shapes: str
    """Table of shapes with unknown keys: call, signature → unknown."""
    moves_values: bool
    """Whether the changes of the schema move values of stored users or accounts to another column."""
    touched: dict[str, str] = field(default_factory=dict)
    """Call → table of the owners whose latest row changes."""


class BatchLoad:
    """Writes the batches of one load."""

    def __init__(
        self,
        warehouse: DuckDBWarehouse,
        ledger: Ledger,
        context: BatchContext,
        discovery: Discovery,
        report: LoadReport,
        step: Callable[[str], None],
    ) -> None:
        """`step` is called between the steps of a batch, so that a test can stop there."""
        self._warehouse = warehouse
        self._ledger = ledger
        self._load = context.load
        self._schema = context.schema
        self._rules = context.rules
        self._options = context.options
        self._layout = context.layout
        self._discovery = discovery
        self._report = report
        self._timed = report.timed
        self._step = step
        self._engine = warehouse.engine
        self._own: set[int] = set()
        """Objects that this run began: everything the warehouse has of them, this run wrote in earlier batches."""
        self._new_names = NewNames(context.rules.identifier_bytes)

    def write(self, stage: Stage, read: Read, now: datetime, is_last: Callable[[], bool], is_dry: bool = False) -> None:
        """Write a batch. The warehouse must be attached; with `is_dry`, nothing is written.

        `is_last` is asked just before the commit: it says whether this is known to be the last batch.
        """
        counts = [self._counts(index, read) for index in range(len(read.parts))]
        parts = f"{stage.name}_parts"
        existing = self._warehouse.catalogue(self._schema)
        with self._timed("dedupe"):
            self._ledger.number_objects(counts, parts)
            resumed = [count.object_id for count in counts if count.is_known and count.object_id not in self._own]
            self._own.update(count.object_id for count in counts if not count.is_known)
            dedupe = Dedupe(stage, parts)
            dedupe.run(self._history(existing), sorted(set(resumed)))
        with self._timed("types"):
            planned = self._plan(stage, dedupe, existing)
        self._count(read, counts, dedupe, planned)
        if is_dry:
            self._warehouse.guard(self._schema, planned.changes)
        else:
            self._step("normalized")
            losses_table(self._engine, f"{stage.name}_losses", read.losses)
            records = pa.Table.from_pylist(read.records, schema=QUARANTINE)
            with self._timed("schema"):
                self._change_schema(planned, now)
            self._step("schema")
            self._write(stage, dedupe, planned, counts, records, now)
            with self._timed("commit"):
                if is_last():
                    self._warehouse.merge_at_commit()
                self._engine.execute("commit")
            self._step("committed")
        dedupe.drop()

    def _counts(self, index: int, read: Read) -> PartCounts:
        part = read.parts[index]
        status = part.status if part.is_last else "loading"
        return PartCounts(
            part=index,
            obj=part.obj,
            layout=self._layout,
            is_first=part.first_line == 1,
            status=status,
            error=None if part.error is None else part.error.what,
            retry=part.is_withheld,
            bytes_read=part.bytes_read,
            lines=part.lines,
            blank=part.blank + read.blank[index],
            quarantined_lines=read.quarantined_lines[index],
            messages=read.messages[index],
            quarantined_messages=read.quarantined_messages[index],
            exact_lines=read.exact_lines[index],
        )

    def _history(self, existing: Mapping[str, Mapping[str, str]]) -> History:
        there = {call: name for call, name in CALL_TABLE.items() if name in existing}
        tables = {call: numbered(self._warehouse.table(self._schema, t), existing[t], "t") for call, t in there.items()}
        unhashed = frozenset(call for call, name in there.items() if ID_HASH not in existing[name])
        return History(tables, unhashed, self._warehouse.state("objects"), self._warehouse.state("copies"))

    # Planning ---------------------------------------------------------------------------------------------------------

    def _plan(self, stage: Stage, dedupe: Dedupe, existing: dict[str, dict[str, str]]) -> _Planned:
        batches, slugs = table_batches(stage, self._discovery, self._rules)
        over = self._over_the_cap(batches, existing)
        bounds = Existing(existing, lambda table, column: self._warehouse.bounds(self._schema, table, column))
        wanted: dict[str, list[WantedColumn]] = {}
        for name, batch in batches.items():
            wanted[name] = settle(stage, batch, bounds, self._rules)
        touched, moves = self._touched(stage, dedupe, existing), False
        for call, owners in touched.items():
            before = existing.get(CALL_TABLE[call], {})
            after = before | {column.name: column.sql_type for column in wanted.get(CALL_TABLE[call], [])}
            table = LATEST[call][0]
            wanted[table] = latest_columns(call, after, self._rules)
            if table in existing and moves_values(call, before, after, self._rules):
                moves = True
                every = f"select id, '-infinity'::timestamptz from {self._warehouse.table(self._schema, table)}"
                self._engine.execute(f"insert into {owners} {every}")
        parts = f"{stage.name}_parts"
        nulls, unknown = self._shape_facts(stage)
        objects = dict(self._engine.execute(f"select part, object_id from {parts}").fetchall())
        beside = Beside(objects, slugs, nulls)
        shapes = losses.shapes_table(stage, unknown)
        return _Planned(batches, over, changes(existing, wanted), beside, parts, shapes, moves, touched)

    def _over_the_cap(
        self, batches: dict[str, TableBatch], existing: Mapping[str, Mapping[str, str]]
    ) -> list[TableBatch]:
        """The event tables above the cap. New ones are admitted by name until the cap is reached."""
        events = {name for name, batch in batches.items() if not batch.target.is_call_table}
        room = self._rules.table_cap - len(existing.keys() - STANDARD_TABLES)
        new = sorted(events - existing.keys())
        return [batches.pop(name) for name in new[max(room, 0) :]]

    def _touched(self, stage: Stage, dedupe: Dedupe, existing: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """The owners of inserted and of replaced rows, by call, as tables in the form that `Owners` describes."""
        found: dict[str, str] = {}
        history = self._history(existing)
        for call, (_, id_column) in LATEST.items():
            name = f"{stage.name}_touched_{call}"
            self._touched_by(stage, call, name)
            if call in history.tables:
                self._engine.execute(
                    f"insert into {name} select {id_column}, '-infinity'::timestamptz from {history.tables[call]} "
                    f"where rowid in (select row from {dedupe.replaced} where call = {literal(call)}) "
                    f"and {id_column} is not null"
                )
            (row,) = self._engine.execute(f"select count(*) from {name}").fetchall()
            of_call = f"from {stage.name} where call = {literal(call)}"
            if row[0] or self._engine.execute(f"select 1 {of_call} limit 1").fetchall():
                found[call] = name
        return found

    def _touched_by(self, stage: Stage, call: str, into: str) -> None:
        """The owners of the rows of a stage, with the earliest time of each."""
        path = ("groupId",)
        create = f"create or replace table {into} as select"
        earliest = "min(coalesce(received_at, '-infinity')) as since"
        if call == "identify":
            self._engine.execute(
                f"{create} user_id as id, {earliest} from {stage.name} where call = 'identify' and user_id is not null "
                f"group by 1"
            )
            return
        with stage.rows(f"call = {literal(call)}", ["received_at"], {path: "VARCHAR"}) as rows:
            key = rows.leaves.get(path, "json_extract_string(text, '/groupId')")
            self._engine.execute(
                f"{create} {key} as id, {earliest} from {rows.name} where {key} is not null group by 1"
            )

    def _shape_facts(self, stage: Stage) -> tuple[dict[str, dict[int, str]], list[tuple[str, int, str]]]:
        """Null columns of the calls whose latest values count, and unknown keys of all calls, as JSON arrays."""
        nulls: dict[str, dict[int, str]] = {call: {} for call in LATEST}
        unknown = []
        rows = self._engine.execute(f"select distinct call, signature from {stage.name}").fetchall()
        for call, signature in rows:
            columns = self._discovery.columns(call, signature)
            if call in LATEST and columns.null_columns:
                nulls[call][signature] = _json_array(columns.null_columns)
            if columns.unknown_keys:
                unknown.append((call, signature, _json_array(columns.unknown_keys)))
        return nulls, unknown

    def _count(self, read: Read, counts: Sequence[PartCounts], dedupe: Dedupe, planned: _Planned) -> None:
        report = self._report
        for count in counts:
            report.objects += count.status != "loading"
            report.lines += count.lines
            report.blank += count.blank
            report.messages += count.messages
            report.exact_lines += count.exact_lines
            report.bytes_read += count.bytes_read
            report.plain_lines += count.lines - count.blank - count.exact_lines
            if count.status == "failed":
                report.failed_objects.append({"key": count.obj.key, "error": count.error or ""})
            elif count.status == "partial":
                report.warnings.append(f"{count.obj.key}: {count.error}")
        for part in read.parts:
            if part.trailing_bytes:
                report.warnings.append(
                    f"{part.obj.key}: {counted(part.trailing_bytes, 'byte')} after the last gzip member"
                )
        for record in read.records:
            report.quarantined[record["reason"]] += 1
        report.plain_lines -= sum(record["reason"] in _DAMAGED for record in read.records)
        report.duplicates += self._rows(dedupe.losers) + self._rows(dedupe.replaced)
        report.replaced += self._rows(dedupe.replaced)
        report.conflicts += dedupe.conflicts
        report.batches += 1
        report.changes += planned.changes
        report.refused_tables.update(batch.target.name for batch in planned.over_the_cap)
        for name, batch in planned.tables.items():
            report.rows[name] += batch.rows

    def _rows(self, table: str) -> int:
        (row,) = self._engine.execute(f"select count(*) from {table}").fetchall()
        return int(row[0])

    # Writing ----------------------------------------------------------------------------------------------------------

    def _change_schema(self, planned: _Planned, now: datetime) -> None:
        """Make each schema change by itself, then begin the transaction of the rows.

        Changes that move values are made inside that transaction: if a run were killed between such a change and the
        rows, the next run could not know that values still have to move.
        """
        if planned.moves_values:
            self._engine.execute("begin")
            self._warehouse.apply(self._schema, planned.changes, in_transaction=True)
            self._record_schema(planned, now)
        else:
            self._warehouse.apply(self._schema, planned.changes)
            self._engine.execute("begin")
            self._record_schema(planned, now)
            self._engine.execute("commit")
            self._engine.execute("begin")

    def _record_schema(self, planned: _Planned, now: datetime) -> None:
        self._ledger.log_changes(planned.changes, self._load.load_id, now)
        self._ledger.register_names(list(self._new_names.of(planned.tables)), now)

    def _write(
        self,
        stage: Stage,
        dedupe: Dedupe,
        planned: _Planned,
        counts: Sequence[PartCounts],
        records: pa.Table,
        now: datetime,
    ) -> None:
        ledger, parts = self._ledger, planned.parts
        with self._timed("insert"):
            self._step("begin")
            self._take_over(dedupe)
            self._insert(stage, planned)
            self._step("inserted")
        with self._timed("latest"):
            self._recompute(planned)
            self._step("latest")
        with self._timed("ledger"):
            to = losses.Discarding(self._load, self._warehouse.state("discards"), planned.parts)
            Discards(stage, self._rules, to).record(planned.tables.values(), planned.over_the_cap, planned.shapes)
            if self._rules.raw_events:
                record_raw(stage, self._load, self._warehouse.state("raw"))
            self._record_copies(dedupe)
            ledger.observe(list(observations(planned.tables)))
            ledger.replace_quarantine(counts, records, parts, self._load.load_id, now)
            ledger.finish(counts, self._load.load_id, self._options, self._load.uuid_ts, now)
            self._step("ledger")

    def _insert(self, stage: Stage, planned: _Planned) -> None:
        # Preparing rows does not read the warehouse, so another connection can do it.
        ready = table_rows(stage.on(self._engine.cursor()), planned.tables.values(), planned.beside)
        for rows in one_ahead(ready):
            name, columns = rows.batch.target.name, len(rows.batch.columns)
            try:
                insert_rows(stage, rows, self._warehouse.table(self._schema, name), self._rules, self._load.uuid_ts)
            except duckdb.Error as error:
                if (short := shortage(error, f"inserting {columns:,} columns into {name}")) is None:
                    raise
                raise short from error

    def _take_over(self, dedupe: Dedupe) -> None:
        """Remove the rows that an earlier copy replaces, and their discards."""
        engine = self._engine
        calls = [call for (call,) in engine.execute(f"select distinct call from {dedupe.replaced}").fetchall()]
        for call in calls:
            chosen = f"(select id from {dedupe.replaced} where call = {literal(call)})"
            table = self._warehouse.table(self._schema, CALL_TABLE[call])
            if call == "track":
                events = engine.execute(f"select distinct event_text from {table} where id in {chosen}").fetchall()
                existing = self._warehouse.catalogue(self._schema)
                for name in {table_name(event, self._rules.identifier_bytes) for (event,) in events} & existing.keys():
                    engine.execute(f"delete from {self._warehouse.table(self._schema, name)} where id in {chosen}")
            engine.execute(f"delete from {table} where id in {chosen}")
            engine.execute(
                f"delete from {self._warehouse.state('raw')} where source = {literal(self._load.source)} "
                f"and call = {literal(call)} and id in {chosen}"
            )
        if calls:
            engine.execute(
                f"delete from {self._warehouse.state('discards')} where (object_id, line, item) in "
                f"(select (object_id, line, item) from {dedupe.replaced})"
            )

    def _recompute(self, planned: _Planned) -> None:
        catalogue, schema = self._warehouse.catalogue(self._schema), self._warehouse.schema(self._schema)
        first_object = min(planned.beside.objects.values(), default=0)
        for call, table in planned.touched.items():
            columns = catalogue[call_target(call).name]
            latest = Latest(self._engine, schema, call, columns, self._rules)
            latest.recompute(Owners(table, first_object), self._load.uuid_ts)

    def _record_copies(self, dedupe: Dedupe) -> None:
        for table in (dedupe.losers, dedupe.replaced):
            self._engine.execute(
                f"insert into {self._warehouse.state('copies')} by name select {literal(self._load.source)} as source, "
                f"call, id, object_id, line, item, received_at, fingerprint from {table}"
            )


_DAMAGED = frozenset({"line_too_long", "truncated_line", "bad_encoding"})


def _json_array(texts: Sequence[str]) -> str:
    return json.dumps(list(texts), ensure_ascii=False, separators=(",", ":"))
