"""Runs the SQL models in the warehouse: one engine holds the file from the first table to the swap."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from loader.config import Config
from loader.core.dialect import identifier, literal
from loader.inventory import schema_of
from loader.jobs.load import WAIT_SECONDS
from loader.jobs.models_record import attached_alone, recorded
from loader.model_runs import ModelRuns
from loader.models.catalog import Catalog, read_catalog
from loader.models.checks import CheckResult
from loader.models.configured.models import configured_models
from loader.models.dry_run import DryRun
from loader.models.external import tables_in
from loader.models.parameters import parameters_of
from loader.models.registry import PYTHON_MODELS, PythonModel
from loader.models.run import ModelRun, Progress, RunResult
from loader.normalize.engine import open_engine
from loader.reading import require_warehouse
from loader.staging.workspace import Workspace
from loader.warehouses.duckdb import ALIAS, DuckDBWarehouse


@dataclass(slots=True)
class ModelsReport:
    """The result of a run of models."""

    as_of: datetime
    result: RunResult
    overridden: tuple[str, ...]
    """Models and inputs of ours that the user's folder replaced."""
    is_dry: bool
    seconds: float
    never_made: tuple[str, ...] = ()
    """Of a dry run: what the chosen models read, is not among them, and stops the run, since there is no such table."""
    left_over: tuple[str, ...] = ()
    """Tables that earlier runs made, of models that exist no longer."""

    @property
    def exit_code(self) -> int:
        """1 if a check failed that is not declared as `warn`; the tables were then not replaced."""
        return 1 if self.result.failed else 0

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        made = [
            {
                "name": m.name,
                "rows": m.rows,
                "seconds": round(m.seconds, 3),
                "keys_recomputed": m.keys_recomputed,
                "full_because": m.full_because,
                "facts": dict(m.facts),
            }
            for m in self.result.made
        ]
        return {
            "as_of": self.as_of.isoformat(),
            "dry_run": self.is_dry,
            "replaced": self.result.is_swapped,
            "models": made,
            "checks": [_check_dict(check) for check in self.result.checks],
            "overridden": list(self.overridden),
            "never_made": list(self.never_made),
            "left_over": list(self.left_over),
            "seconds": round(self.seconds, 3),
            "exit_code": self.exit_code,
        }


def _check_dict(check: CheckResult) -> dict[str, Any]:
    rows = [dict(zip(check.columns, row, strict=True)) for row in check.rows]
    return {
        "model": check.model,
        "check": check.name,
        "severity": check.severity,
        "passed": check.passed,
        "failures": check.failures,
        "rows": rows,
        "not_run_without": check.missing,
    }


def with_as_of(config: Config, as_of: str | date | datetime | None) -> Config:
    """The configuration with this `models.as_of`; unchanged if it is None."""
    if as_of is None:
        return config
    return config.model_copy(update={"models": config.models.model_copy(update={"as_of": as_of})})


def catalog_of(config: Config, now: datetime, python: Sequence[PythonModel] = PYTHON_MODELS) -> Catalog:
    """All models and inputs of a project. Raises ConfigError if they do not fit together."""
    folder = config.models.folder
    generated = configured_models(config.models, folder)
    catalog = read_catalog(folder, python, parameters_of(config.models, now), generated=generated)
    catalog.check_external(config.models.inputs)
    return catalog


def run_models(
    config: Config,
    now: datetime,
    select: Sequence[str] = (),
    catalog: Catalog | None = None,
    progress: Progress | None = None,
    with_missing: bool = False,
) -> ModelsReport:
    """Make the selected models (all by default), and record the run in the state tables.

    `now` is used only if `as_of` is `today` or `now`. `with_missing`: also make the models that they read and that
    were never made; otherwise those are a ConfigError. Raises ConfigError, TerminalError, or BusyError while another
    process holds the warehouse or a lease.
    """
    started = time.monotonic()
    parameters = parameters_of(config.models, now)
    catalog = catalog or catalog_of(config, now)
    steps = catalog.select(select)
    as_of = _as_of(parameters)
    with _open_for_writing(config) as (warehouse, holder), recorded(warehouse, holder, as_of, select) as finish:
        if with_missing:
            steps = catalog.with_missing(steps, tables_in(warehouse.engine, config.models.schema_name))
        run = ModelRun(warehouse.engine, catalog, config.models, parameters, _schemas(config))
        result = run.run(steps, progress, finish)
        left_over = _left_over(warehouse, catalog, config.models.schema_name)
    seconds = time.monotonic() - started
    return ModelsReport(as_of, result, catalog.overridden, False, seconds, left_over=left_over)


def dry_run_models(
    config: Config, now: datetime, select: Sequence[str] = (), progress: Progress | None = None
) -> ModelsReport:
    """Check the SQL of the selected models (all by default) against the existing columns, and write nothing.

    Raises ConfigError, TerminalError, or BusyError while another process holds the warehouse.
    """
    started = time.monotonic()
    parameters = parameters_of(config.models, now)
    catalog = catalog_of(config, now)
    steps = catalog.select(select)
    schemas = _schemas(config)
    with open_for_reading(config, schemas) as connection:
        there = tables_in(connection, config.models.schema_name, ALIAS)
        never_made = tuple(step.name for step in catalog.with_missing(steps, there) if step not in steps)
        result = DryRun(connection, catalog, config.models, parameters, schemas, ALIAS).run(steps, progress)
    seconds = time.monotonic() - started
    return ModelsReport(_as_of(parameters), result, catalog.overridden, True, seconds, never_made)


def _left_over(warehouse: DuckDBWarehouse, catalog: Catalog, schema: str) -> tuple[str, ...]:
    others = tables_in(warehouse.engine, schema).keys() - catalog.models.keys() - catalog.inputs.keys()
    return tuple(sorted(others & ModelRuns(warehouse).made())) if others else ()


def _as_of(parameters: Mapping[str, object]) -> datetime:
    as_of = parameters["as_of"]
    assert isinstance(as_of, datetime)
    return as_of


def _schemas(config: Config) -> list[str]:
    return [schema_of(source) for source in config.sources]


@contextmanager
def open_for_reading(config: Config, schemas: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database in memory, which finds the tables of the sources in the warehouse.

    Raises BusyError if another process holds the file for longer than a load would wait, and TerminalError if a newer
    version wrote it.
    """
    path = config.warehouse.path
    file = path if path.exists() else Path(":memory:")
    with _engine(config) as engine:
        warehouse = DuckDBWarehouse(engine, file, config.system_schema)
        with warehouse.attached(WAIT_SECONDS, read_only=file == path):
            if warehouse.has_state():
                warehouse.refuse_newer()
            engine.execute(_path_of_dry_run(engine, schemas))
            try:
                yield engine
            finally:
                engine.execute("use memory.main")


@contextmanager
def _open_for_writing(config: Config) -> Iterator[tuple[DuckDBWarehouse, str]]:
    """The warehouse as the current database of its engine, with no other writer; and the holder of the lease."""
    path = config.warehouse.path
    require_warehouse(path)
    with _engine(config) as engine:
        warehouse = DuckDBWarehouse(engine, path, config.system_schema)
        with attached_alone(warehouse, config, WAIT_SECONDS) as holder:
            engine.execute(f"use {ALIAS}")
            try:
                yield warehouse, holder
            finally:
                engine.execute("use memory.main")


@contextmanager
def _engine(config: Config) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine that spills into its own temporary folder."""
    workspace = Workspace(config.resources.work_dir or Path(tempfile.gettempdir()))
    try:
        engine = open_engine(config.resources.memory_bytes, config.resources.threads, workspace.folder)
        try:
            yield engine
        finally:
            engine.close()
    finally:
        workspace.remove()


def _path_of_dry_run(engine: duckdb.DuckDBPyConnection, schemas: Sequence[str]) -> str:
    """The search path of a dry run: models are in memory, tables of the sources in the warehouse."""
    query = "select schema_name from duckdb_schemas() where database_name = ?"
    there = {name for (name,) in engine.execute(query, [ALIAS]).fetchall()}
    path = ["memory.main", *(f"{ALIAS}.{identifier(schema)}" for schema in schemas if schema in there)]
    return f"set search_path = {literal(','.join(path))}"
