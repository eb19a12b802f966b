"""Finds one winner per call and id: the smallest (received_at, fingerprint, key, line, item), in any load order."""

from __future__ import annotations

from dataclasses import dataclass

from loader.core.dialect import hash_of_id, identifier, literal
from loader.core.tables import ID_HASH
from loader.normalize.messages.stage import Stage

_PLACE = "s.received_at, s.fingerprint, p.key, s.line, s.item, p.etag"


@dataclass(frozen=True, slots=True)
class History:
    """The call tables of a source in the warehouse (call → `t` of a FROM clause), and the table of objects."""

    tables: dict[str, str]
    unhashed: frozenset[str]
    """Calls whose table has no hashes of its ids."""
    objects: str
    copies: str


class Dedupe:
    """Leaves only winners in the stage. `losers` has the others, `replaced` the stored rows that winners replace.

    Columns of both: call, id, object_id, line, item, received_at, fingerprint, row. In `losers`, `row` is a row of the
    stage; in `replaced`, a row of the call table, until the file changes. `parts`: part, object_id, key, etag.
    """

    def __init__(self, stage: Stage, parts: str) -> None:
        self._stage = stage
        self._parts = parts
        self.losers = f"{stage.name}_losers"
        self.replaced = f"{stage.name}_replaced"
        self.conflicts = 0
        """How many copies differ from the row that won."""

    def run(self, history: History, resumed: list[int]) -> None:
        """Judge every message of the stage. `resumed` are objects of which a part may already be loaded."""
        if resumed:
            self._forget_known(history, resumed)
        self._judge_batch()
        self._judge_history(history)
        self.conflicts += self._count_differing(self.losers, self._stage.name)
        self.conflicts += self._count_differing(self.replaced, self._stage.name)

    def _forget_known(self, history: History, resumed: list[int]) -> None:
        """Remove lines that already have their row, or are already recorded as copies."""
        objects = f"({', '.join(map(str, resumed))})"
        places = [
            f"select {literal(call)} as call, _object as object_id, _line as line, _item as item from {table} "
            f"where _object in {objects}"
            for call, table in history.tables.items()
        ]
        places.append(f"select call, object_id, line, item from {history.copies} where object_id in {objects}")
        self._stage.engine.execute(
            f"delete from {self._stage.name} where rowid in (select s.rowid from {self._stage.name} as s "
            f"join {self._parts} as p using (part) "
            f"join ({' union all '.join(places)}) as k using (call, object_id, line, item))"
        )

    def _judge_batch(self) -> None:
        engine, stage = self._stage.engine, self._stage.name
        engine.execute(
            f"create or replace table {self.losers} as select call, id, object_id, line, item, received_at, "
            f"fingerprint, row from (select s.call, s.id, p.object_id, s.line, s.item, s.received_at, s.fingerprint, "
            f"s.rowid as row, row_number() over (partition by s.call, s.id order by {_PLACE}) as rank "
            f"from {stage} as s join {self._parts} as p using (part) where s.id_hash in "
            f"(select id_hash from {stage} group by 1 having count(*) > 1)) where rank > 1"
        )
        engine.execute(f"delete from {stage} where rowid in (select row from {self.losers})")

    def _judge_history(self, history: History) -> None:
        engine, stage = self._stage.engine, self._stage.name
        engine.execute(
            f"create or replace table {self.replaced} (call varchar, id varchar, object_id bigint, line bigint, "
            f"item integer, received_at timestamptz, fingerprint ubigint, key varchar, etag varchar, row bigint)"
        )
        self._find(history)
        (rows,) = engine.execute(f"select count(*) from {self.replaced}").fetchall()
        if rows[0] == 0:
            return
        # Only rows that an earlier copy in the batch replaces stay in `replaced`.
        engine.execute(
            f"create or replace table {stage}_late as select s.rowid as row, s.call, s.id, p.object_id, s.line, "
            f"s.item, s.received_at, s.fingerprint, row({_PLACE}) < "
            f"row(h.received_at, h.fingerprint, h.key, h.line, h.item, h.etag) as is_earlier "
            f"from {stage} as s join {self._parts} as p using (part) join {self.replaced} as h using (call, id)"
        )
        engine.execute(
            f"insert into {self.losers} select call, id, object_id, line, item, received_at, fingerprint, row "
            f"from {stage}_late where not is_earlier"
        )
        stays = f"(select * from {self.replaced} where (call, id) in (select (call, id) from {stage}_late where not is_earlier))"
        self.conflicts = self._count_differing(self.losers, stays)
        engine.execute(
            f"delete from {self.replaced} where (call, id) not in (select (call, id) from {stage}_late where is_earlier)"
        )
        engine.execute(f"delete from {stage} where rowid in (select row from {stage}_late where not is_earlier)")
        engine.execute(f"drop table {stage}_late")

    def _count_differing(self, copies: str, rows: str) -> int:
        (row,) = self._stage.engine.execute(
            f"select count(*) from {copies} as c join {rows} as r using (call, id) where c.fingerprint <> r.fingerprint"
        ).fetchall()
        return int(row[0])

    def _find(self, history: History) -> None:
        """Fill `replaced` with the stored rows whose ids have the hash of an id of the batch, its ids among them.

        Scans the hashes alone, for all calls at once, and reads the rest of the few rows found by row number.
        """
        if not history.tables:
            return
        engine, matched = self._stage.engine, f"{self._stage.name}_matched"
        hashes = " union all ".join(
            f"select {literal(call)} as call, t.rowid as row, "
            f"{hash_of_id('t.id') if call in history.unhashed else f't.{ID_HASH}'} as id_hash from {table}"
            for call, table in history.tables.items()
        )
        engine.execute(
            f"create or replace table {matched} as select call, row from ({hashes}) "
            f"where id_hash in (select id_hash from {self._stage.name})"
        )
        for (call,) in engine.execute(f"select distinct call from {matched}").fetchall():
            table = history.tables[call]
            engine.execute(
                f"insert into {self.replaced} select {literal(call)}, t.id, t._object, t._line, t._item, t.received_at, "
                f"t._fingerprint, o.key, o.etag, t.rowid from {table} "
                f"join {history.objects} as o on o.object_id = t._object "
                f"where t.rowid in (select row from {matched} where call = {literal(call)})"
            )
        engine.execute(f"drop table {matched}")

    def drop(self) -> None:
        """Free the memory of the batch."""
        for name in (self.losers, self.replaced):
            self._stage.engine.execute(f"drop table if exists {identifier(name)}")
