"""Writes the losses of a batch into the discards and, if wanted, its whole messages into the table `raw`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from loader.core.columns import Kind
from loader.normalize.columns.probe import having
from loader.normalize.columns.tables import Rules, TableBatch, combined
from loader.normalize.columns.values import ColumnBatch
from loader.normalize.messages.stage import Stage
from loader.normalize.write import losses


@dataclass(frozen=True, slots=True)
class Discards:
    """Writes the losses of one batch."""

    stage: Stage
    rules: Rules
    to: losses.Discarding

    def record(self, tables: Iterable[TableBatch], over_the_cap: Sequence[TableBatch], shapes: str) -> None:
        """Record all values without a column. `shapes` is the table of shapes with unknown keys."""
        stage, to, engine = self.stage, self.to, self.stage.engine
        engine.execute(losses.noted_losses(to, stage, f"{stage.name}_losses"))
        with stage.rows(losses.with_unknown_keys(shapes), losses.LOST) as rows:
            engine.execute(losses.unknown_keys(to, rows.name, shapes))
        if over_the_cap:
            batch, refused = combined(over_the_cap), losses.refused_table(stage, over_the_cap)
            with self._entries(batch, batch.columns.values()) as entries:
                engine.execute(losses.over_the_table_cap(to, stage, refused, entries))
        for batch in tables:
            if batch.overflow:
                with self._entries(batch, batch.overflow.values()) as entries:
                    engine.execute(losses.over_the_column_cap(to, stage, batch, entries))
            if self.rules.on_conflict == "discard":
                self._record_misfits(batch)

    @contextmanager
    def _entries(self, batch: TableBatch, columns: Iterable[ColumnBatch]) -> Iterator[str]:
        """Make a table of the values for which there is no room for a column."""
        stage, entries = self.stage, f"{self.stage.name}_entries"
        definition = "part integer, line bigint, item integer, number integer, entries varchar"
        # Temporary, because a transaction can write to only one persistent database: here, the warehouse.
        stage.engine.execute(f"create or replace temporary table {entries} ({definition})")
        for number, group in enumerate(losses.groups_over_the_cap(columns)):
            condition = f"{batch.condition} and {having(group, Kind)}"
            with stage.rows(condition, losses.LOST, losses.leaves_of(group)) as rows:
                stage.engine.execute(losses.entries_over_the_cap(entries, number, rows, batch, group))
        yield entries
        stage.engine.execute(f"drop table {entries}")

    def _record_misfits(self, batch: TableBatch) -> None:
        for column in batch.columns.values():
            if column.has_misfits:
                with self.stage.rows(batch.condition, losses.LOST) as rows:
                    statement = losses.misfits(self.to, rows.name, batch, column, self.rules)
                    self.stage.engine.execute(statement)


def record_raw(stage: Stage, load: losses.Load, into: str) -> None:
    """Record every message of a batch as a whole."""
    with stage.rows("true", losses.LOST) as rows:
        stage.engine.execute(losses.raw_messages(into, load, rows.name))
