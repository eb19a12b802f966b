"""Runs the SQL models on the warehouse: one engine, the file attached from the first table to the swap."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from loader.config import Config
from loader.core.dialect import DUCKDB
from loader.core.naming import schema_name
from loader.jobs.load import WAIT_SECONDS
from loader.models.catalog import Catalog, read_catalog
from loader.models.parameters import parameters_of
from loader.models.registry import PYTHON_MODELS, PythonModel
from loader.models.run import ModelRun, Progress, RunResult
from loader.normalize.engine import open_engine
from loader.staging.workspace import Workspace
from loader.warehouses.duckdb import ALIAS, DuckDBWarehouse


@dataclass(slots=True)
class ModelsReport:
    """What a run of models did."""

    as_of: str
    result: RunResult
    overridden: tuple[str, ...] = ()
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "as_of": self.as_of,
            "swapped": self.result.is_swapped,
            "models": [{"name": made.name, "rows": made.rows} for made in self.result.made],
            "checks": [
                {
                    "model": check.model,
                    "check": check.name,
                    "severity": check.severity,
                    "passed": check.passed,
                    "failures": check.failures,
                    "rows": [dict(zip(check.columns, map(str, row), strict=True)) for row in check.rows],
                }
                for check in self.result.checks
            ],
            "overridden": list(self.overridden),
            "seconds": round(self.seconds, 3),
            "warnings": self.warnings,
        }


def catalog_of(config: Config, now: datetime, python: Sequence[PythonModel] = PYTHON_MODELS) -> Catalog:
    """Every model and input of a project. Raises ConfigError for what does not fit together."""
    return read_catalog(config.models.folder, python, parameters_of(config.models, now))


def run_models(
    config: Config,
    now: datetime,
    select: Sequence[str] = (),
    catalog: Catalog | None = None,
    progress: Progress | None = None,
) -> ModelsReport:
    """Make the chosen models, all by default. `now` is used only where `as_of` is `today` or `now`.

    Raises ConfigError, TerminalError, or BusyError while another process holds the warehouse.
    """
    started = time.monotonic()
    parameters = parameters_of(config.models, now)
    catalog = catalog or catalog_of(config, now)
    steps = catalog.select(select)
    schemas = [schema_name(source.name, DUCKDB.identifier_bytes) for source in config.sources]
    with open_for_models(config) as connection:
        result = ModelRun(connection, catalog, config.models, parameters, schemas).run(steps, progress)
    return ModelsReport(f"{parameters['as_of']}", result, catalog.overridden, seconds=time.monotonic() - started)


@contextmanager
def open_for_models(config: Config) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose current database is the warehouse. It spills into a folder that is removed."""
    workspace = Workspace(config.resources.work_dir or Path(tempfile.gettempdir()))
    try:
        engine = open_engine(config.resources.memory_bytes, config.resources.threads, workspace.folder)
        try:
            with DuckDBWarehouse(engine, config.warehouse.path, config.system_schema).attached(WAIT_SECONDS):
                engine.execute(f"use {ALIAS}")
                try:
                    yield engine
                finally:
                    engine.execute("use memory.main")
        finally:
            engine.close()
    finally:
        workspace.remove()
