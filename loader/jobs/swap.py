"""Replaces the tables of a source with rebuilt ones, in one transaction, unless rows would be lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import duckdb

from loader.config import Config, SourceSettings
from loader.core.dialect import identifier, literal
from loader.core.plurals import counted
from loader.core.tables import CALL_OF, CALL_TABLE, LATEST, STANDARD_TABLES
from loader.errors import ConfigError, GuardError
from loader.inventory import schema_of
from loader.jobs.carry import own_tables
from loader.jobs.load import WAIT_SECONDS
from loader.jobs.state import define_conflicts
from loader.warehouses.duckdb import ALIAS, DuckDBWarehouse

_NEW: Final = "n"
_ADDED: Final = ("loads", "schema_log")
"""State that tells a history: what the rebuild did is added to it."""
_STATE: Final = (*_ADDED, "objects", "copies", "quarantine", "discards", "names", "observed", "raw")
_UNCHANGED: Final = "nothing was changed"


class Swap:
    """Moves the tables of a rebuilt file into the warehouse."""

    def __init__(
        self,
        engine: duckdb.DuckDBPyConnection,
        warehouse: DuckDBWarehouse,
        config: Config,
        source: SourceSettings,
        step: Callable[[str], None],
    ) -> None:
        """`step` is called between the steps, so that a test can stop there."""
        self._engine = engine
        self._warehouse = warehouse
        self._config = config
        self._source = source
        self._step = step
        self._schema = schema_of(source)

    def run(self, rebuilt: Path, table: str | None, is_of_some_days: bool) -> list[str]:
        """Compare, then swap. `is_of_some_days`: only some days were rebuilt. Returns the tables that were replaced."""
        with self._warehouse.attached(WAIT_SECONDS):
            self._engine.execute(f"attach {literal(str(rebuilt))} as {_NEW} (read_only)")
            try:
                return self._run(table, is_of_some_days)
            finally:
                self._engine.execute(f"detach {_NEW}")

    def _run(self, table: str | None, is_of_some_days: bool) -> list[str]:
        old, new = self._tables(ALIAS), self._tables(_NEW)
        if table is not None and table not in new:
            raise ConfigError(
                f"the source has no table {table!r}",
                f"{self._source.name}.{table}",
                f"use one of: {', '.join(sorted(new)) or 'none, its archive is empty'}",
            )
        chosen = sorted(new) if table is None else _with_its_pair(table)
        self._warehouse.guard_new(self._schema, [name for name in chosen if name not in old])
        self._guard_rows(old, new, list(CALL_TABLE.values()) if table is None else chosen)
        self._guard_copies(new)
        if table is None:
            self._guard_quarantine()
        else:
            self._guard_objects(table)
        self._engine.execute("begin")
        try:
            if table is None:
                self._replace_all(old, new, is_of_some_days)
            else:
                for name in chosen:
                    self._replace_one(name, name in old)
                given = self._state(_NEW, "loads")
                self._engine.execute(f"insert into {self._state(ALIAS, 'loads')} by name select * from {given}")
            self._step("swapped")
            self._engine.execute("commit")
        except BaseException:
            self._engine.execute("rollback")
            raise
        define_conflicts(self._warehouse, self._config)
        return chosen

    def _tables(self, database: str) -> set[str]:
        return own_tables(self._engine, database, self._config.system_schema, self._source)

    # What would be lost -----------------------------------------------------------------------------------------------

    def _guard_rows(self, old: set[str], new: set[str], chosen: Sequence[str]) -> None:
        """Refuse if an id of a replaced call table is missing in the new one."""
        for call, name in CALL_TABLE.items():
            if name not in old or name not in chosen:
                continue
            there = identifier(ALIAS, self._schema, name)
            missing = f"select count(*) from {there}"
            if name in new:
                missing = f"select count(*) from {there} anti join {identifier(_NEW, self._schema, name)} using (id)"
            if lost := self._count(missing):
                raise GuardError(
                    f"{counted(lost, 'row')} of {call} calls would be lost, whose lines are not in what was read",
                    f"{self._source.name}.{name}",
                    f"restore the missing archive objects, and see that the source's start is not later; {_UNCHANGED}",
                )

    def _guard_copies(self, new: set[str]) -> None:
        """Refuse if a copy is earlier than its row: its object was not read again, but would own the row now."""
        copies, objects = self._state(_NEW, "copies"), self._state(_NEW, "objects")
        for call, name in CALL_TABLE.items():
            query = f"select count(*) from {copies} where call = {literal(call)}"
            if name in new:
                query = (
                    f"select count(*) from {copies} as c join {objects} as o on o.object_id = c.object_id "
                    f"left join {identifier(_NEW, self._schema, name)} as t on t.id = c.id "
                    f"left join {objects} as p on p.object_id = t._object where c.call = {literal(call)} and "
                    f"(t.id is null or row(c.received_at, c.fingerprint, o.key, c.line, c.item, o.etag) "
                    f"< row(t.received_at, t._fingerprint, p.key, t._line, t._item, p.etag))"
                )
            if wrong := self._count(query):
                raise GuardError(
                    f"{counted(wrong, 'row')} of {call} calls would have to come from copies in objects of other days",
                    f"{self._source.name}.{name}",
                    f"rebuild the whole source, without --from and --to; {_UNCHANGED}",
                )

    def _guard_quarantine(self) -> None:
        """Refuse if a quarantined line would be lost: if its object is gone, the ledger has its only copy."""
        read = f"select key from {self._state(_NEW, 'objects')}"
        lost = self._count(
            f"select count(*) from {self._state(ALIAS, 'quarantine')} as q "
            f"join {self._state(ALIAS, 'objects')} as o using (object_id) "
            f"where q.source = {literal(self._source.name)} and o.key not in ({read})"
        )
        if lost:
            raise GuardError(
                f"{counted(lost, 'quarantined line')} would be lost with objects that are gone from the archive",
                f"source {self._source.name}",
                f"restore the missing archive objects; {_UNCHANGED}",
            )

    def _guard_objects(self, table: str) -> None:
        """Refuse to replace one table if it has rows of objects that the other tables do not have."""
        unknown = self._count(
            f"select count(*) from {self._state(_NEW, 'objects')} anti join (select source, key, etag, size "
            f"from {self._state(ALIAS, 'objects')} where status <> 'loading') using (source, key, etag, size)"
        )
        if unknown:
            raise GuardError(
                f"the archive has {counted(unknown, 'object')} not loaded yet, so the table would not fit the others",
                f"{self._source.name}.{table}",
                f"run `loader load {self._source.name}` first, or rebuild the whole source; {_UNCHANGED}",
            )

    def _count(self, query: str) -> int:
        (row,) = self._engine.execute(query).fetchall()
        return int(row[0])

    # Swapping ---------------------------------------------------------------------------------------------------------

    def _replace_all(self, old: set[str], new: set[str], is_of_some_days: bool) -> None:
        engine, source = self._engine, literal(self._source.name)
        for name in sorted(old):
            engine.execute(f"drop table {identifier(ALIAS, self._schema, name)}")
        engine.execute(f"create schema if not exists {identifier(ALIAS, self._schema)}")
        # Objects have different numbers in the new file.
        offset = self._count(f"select coalesce(max(object_id), 0) from {self._state(ALIAS, 'objects')}")
        for name in sorted(new):
            self._copy(name, f"replace (_object + {offset} as _object)" if name in CALL_TABLE.values() else "")
        for name in _STATE:
            into, given = self._state(ALIAS, name), self._state(_NEW, name)
            if name == "observed" and is_of_some_days:
                self._observe(into, given)
                continue
            if name not in _ADDED:
                engine.execute(f"delete from {into} where source = {source}")
            has_object = name in ("objects", "copies", "quarantine", "discards")
            shifted = f"replace (object_id + {offset} as object_id)" if has_object else ""
            engine.execute(f"insert into {into} by name select * {shifted} from {given}")

    def _observe(self, into: str, given: str) -> None:
        """Add observations. The values of some days were counted before, so only what was never seen is new."""
        same = (
            "o.source = g.source and o.table_name = g.table_name and o.column_name = g.column_name and o.type = g.type"
        )
        self._engine.execute(
            f"merge into {into} as o using {given} as g on {same} "
            f"when matched then update set count = greatest(o.count, g.count), "
            f"first_seen = least(o.first_seen, g.first_seen), last_seen = greatest(o.last_seen, g.last_seen) "
            f"when not matched then insert by name"
        )

    def _replace_one(self, table: str, is_there: bool) -> None:
        engine = self._engine
        if is_there:
            engine.execute(f"drop table {identifier(ALIAS, self._schema, table)}")
        self._copy(table)
        self._register(table)
        # Objects have different numbers in the new file, but the same versions.
        objects = f"{self._state(_NEW, 'objects')} as n join {self._state(ALIAS, 'objects')} as o"
        same = f"{objects} using (source, key, etag, size)"
        if table in CALL_OF:
            engine.execute(
                f"update {identifier(ALIAS, self._schema, table)} as t set _object = o.object_id from {same} "
                f"where n.object_id = t._object"
            )
            self._replace_whole_messages(CALL_OF[table])
        self._replace_discards(self._of_table(table), same)

    def _replace_whole_messages(self, call: str) -> None:
        """Keep the messages of a call in `raw` if the options of its new rows say so."""
        of_call = f"source = {literal(self._source.name)} and call = {literal(call)}"
        raw = self._state(ALIAS, "raw")
        self._engine.execute(f"delete from {raw} where {of_call}")
        self._engine.execute(f"insert into {raw} by name select * from {self._state(_NEW, 'raw')} where {of_call}")

    def _replace_discards(self, chosen: str, same: str) -> None:
        """Replace the discards that `chosen` selects. `same` pairs objects of the new file (n) with those here (o)."""
        into, given = self._state(ALIAS, "discards"), self._state(_NEW, "discards")
        self._engine.execute(f"delete from {into} where source = {literal(self._source.name)} and {chosen}")
        self._engine.execute(
            f"insert into {into} by name select d.* replace (o.object_id as object_id) "
            f"from {given} as d join ({same}) on n.object_id = d.object_id where {chosen}"
        )

    def _of_table(self, table: str) -> str:
        """The condition for discards of a table. Discards of the payload of events are recorded for `tracks`."""
        of_payload = "split_part(source_path, '.', 1) in ('properties', 'traits')"
        if table == CALL_TABLE["track"]:
            return f"table_name = {literal(table)} and not coalesce({of_payload}, false)"
        if table in STANDARD_TABLES:
            return f"table_name = {literal(table)}"
        ids = f"select id from {identifier(ALIAS, self._schema, table)}"
        tracks = f"table_name = {literal(CALL_TABLE['track'])} and {of_payload} and row_id in ({ids})"
        return f"(table_name = {literal(table)} or ({tracks}))"

    def _register(self, table: str) -> None:
        """Its names are those of the new rows: other options give other columns, and an event may have found room."""
        names = self._state(ALIAS, "names")
        of_table = f"source = {literal(self._source.name)} and {literal(table)} in (table_name, name)"
        of_table += f" and (kind = 'table' or table_name = {literal(table)})"
        self._engine.execute(f"delete from {names} where {of_table}")
        self._engine.execute(f"insert into {names} by name select * from {self._state(_NEW, 'names')} where {of_table}")

    def _copy(self, name: str, shifted: str = "") -> None:
        self._engine.execute(
            f"create table {identifier(ALIAS, self._schema, name)} as "
            f"select * {shifted} from {identifier(_NEW, self._schema, name)}"
        )

    def _state(self, database: str, name: str) -> str:
        return identifier(database, self._config.system_schema, name)


def _with_its_pair(table: str) -> list[str]:
    """A table, with the one that has to have the same columns: `users` is computed from `identifies`."""
    pairs = ([CALL_TABLE[call], latest] for call, (latest, _) in LATEST.items())
    return next((pair for pair in pairs if table in pair), [table])
