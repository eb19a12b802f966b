"""Records runs of models and their results in the state table `model_runs`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from loader.warehouses.duckdb import DuckDBWarehouse


class ModelRuns:
    """The record of runs. The warehouse must be attached, and the lease of the models must be held."""

    def __init__(self, warehouse: DuckDBWarehouse) -> None:
        self._engine = warehouse.engine
        self._table = warehouse.state("model_runs")

    def begin(self, run_id: str, as_of: datetime, selection: Sequence[str], now: datetime) -> None:
        """Record the start of a run. Earlier runs without an end were killed. `as_of` is in UTC without a zone."""
        self._engine.execute(
            f"update {self._table} set status = 'failed', error = 'stopped before its end' where status = 'running'"
        )
        chosen = json.dumps(list(selection)) if selection else None
        self._engine.execute(
            f"insert into {self._table} (run_id, started_at, status, as_of, selection) values (?, ?, 'running', ?, ?)",
            [run_id, now, as_of.replace(tzinfo=UTC), chosen],
        )

    def end(self, run_id: str, status: str, replaced: bool, counters: Mapping[str, object], now: datetime) -> None:
        """Record the end of a run. `replaced`: whether readers see its tables."""
        self._engine.execute(
            f"update {self._table} set status = ?, replaced = ?, counters = ?, finished_at = ? where run_id = ?",
            [status, replaced, json.dumps(counters), now, run_id],
        )

    def made(self) -> set[str]:
        """The names of all tables that any run made."""
        return {
            str(name)
            for (name,) in self._engine.execute(
                f"select distinct unnest(json_keys(counters, '/rows')) from {self._table} where replaced"
            ).fetchall()
        }

    def fail(self, run_id: str, error: str, now: datetime) -> None:
        """Record that a run ended with an error and replaced nothing."""
        self._engine.execute(
            f"update {self._table} set status = 'failed', error = ?, finished_at = ? where run_id = ?",
            [error, now, run_id],
        )
