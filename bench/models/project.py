"""A warehouse with its `loader.yaml`, and `loader models run` on it in a process of its own."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.load.measure import Run, run_process


def write_project(folder: Path, memory: str, stand_ins: Mapping[str, str] | None = None) -> Path:
    """Write the configuration and the models that stand in for those with a benchmark of their own."""
    (folder / "models").mkdir(parents=True)
    for name, text in (stand_ins or {}).items():
        (folder / "models" / f"{name}.sql").write_text(text, encoding="utf-8")
    settings = {
        "warehouse": {"path": "./warehouse.duckdb"},
        "sources": [{"name": "web", "archive": {"uri": "./archive"}}],
        "resources": {"memory": memory, "threads": 2, "work_dir": "./work"},
        "models": {"as_of": "2026-12-31"},
    }
    (folder / "loader.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return folder / "warehouse.duckdb"


def make_models(folder: Path, variant: str, rows: int, models: Sequence[str]) -> Run:
    """Make and check these models. Raises CommandFailedError when a check fails."""
    command = [sys.executable, "-m", "loader", "models", "run", "--config", str(folder / "loader.yaml"), "--json"]
    return run_process(variant, [*command, "--select", *models], rows)


def make_in_copy(folder: Path, variant: str, rows: int, models: Sequence[str]) -> Run:
    """The same on a copy of the project, so that every round begins with the same file."""
    copy = folder.with_name(f"{folder.name}-copy")
    shutil.copytree(folder, copy)
    try:
        return make_models(copy, variant, rows, models)
    finally:
        shutil.rmtree(copy)


def model_seconds(run: Run) -> dict[str, float]:
    """Wall seconds of each model of a run; tables of one Python model share them."""
    return {str(model["name"]): float(model["seconds"]) for model in run.report["models"]}
