"""Runs of models that end in the middle: killed, failed, or kept out of the file."""

import signal
import subprocess
import sys

import duckdb
import pytest
from modelling import NOW, Modelling, a_model

from loader.errors import BusyError, TerminalError

RUN = (
    "import sys; from datetime import UTC, datetime; from pathlib import Path\n"
    "sys.path[:0] = sys.argv[2:]\n"
    "from loader.config import load_config; from loader.jobs.models import catalog_of, run_models\n"
    "from loader.models.registry import PYTHON_MODELS, PythonModel\n"
    "config = load_config(Path(sys.argv[1]), {}); now = datetime(2026, 4, 1, tzinfo=UTC)\n"
    "catalog = catalog_of(config, now, (*PYTHON_MODELS, PythonModel('dying', ('given',), 'a_python_model:die')))\n"
    "run_models(config, now, ['+doubled'], catalog)\n"
)


@pytest.fixture
def modelling(tmp_path):
    return Modelling(tmp_path)


def unfinished(modelling):
    return modelling.query(
        "select table_name from duckdb_tables() where table_name like '\\_next\\_%' escape '\\' "
        "and not contains(table_name, 'input_')"
    )


def test_a_killed_run_leaves_the_old_tables_and_the_next_one_cleans_up(modelling):
    """Killed after its first table was made aside."""
    a_model(modelling, "given", "select 1 as n")
    modelling.run("given")
    a_model(modelling, "given", "select 2 as n")
    a_model(modelling, "doubled", "", more="made by: dying")

    done = subprocess.run(
        [sys.executable, "-c", RUN, str(modelling.config_file), *sys.path], check=False, timeout=60, capture_output=True
    )

    assert done.returncode == -signal.SIGKILL, done.stderr
    assert modelling.rows("given") == [(1,)]
    assert ("_next_given",) in unfinished(modelling)
    (modelling.folder / "models" / "doubled.sql").unlink()
    modelling.run("given")
    assert (modelling.rows("given"), unfinished(modelling)) == ([(2,)], [])


def test_a_killed_run_is_known_as_stopped_once_the_next_one_begins(modelling):
    """Its lease is taken over: its process is gone from this machine."""
    a_model(modelling, "given", "select 1 as n")
    a_model(modelling, "doubled", "", more="made by: dying")
    modelling.flush()
    arguments = [sys.executable, "-c", RUN, str(modelling.config_file), *sys.path]
    runs = "select status, replaced, error from _loader.model_runs order by started_at"
    leases = "select name from _loader.leases"

    done = subprocess.run(arguments, check=False, timeout=60, capture_output=True)

    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (modelling.query(runs), modelling.query(leases)) == ([("running", False, None)], [("models",)])
    (modelling.folder / "models" / "doubled.sql").unlink()
    modelling.run("given")
    assert modelling.query(runs) == [("failed", False, "stopped before its end"), ("done", True, None)]
    assert modelling.query(leases) == []


def test_a_model_that_fails_leaves_all_old_tables(modelling):
    """Those that were made before it too."""
    a_model(modelling, "given", "select 1 as n")
    modelling.run("given")
    a_model(modelling, "given", "select 2 as n")
    a_model(modelling, "last", "select cast('x' || n as integer) as n from given")

    with pytest.raises(TerminalError, match="model last failed"):
        modelling.run("last")

    assert (modelling.rows("given"), unfinished(modelling)) == ([(1,)], [])


def test_a_run_waits_for_the_file_and_then_says_who_has_it(modelling, monkeypatch):
    from loader.config import load_config
    from loader.jobs import models

    modelling.page()
    modelling.flush()
    monkeypatch.setattr(models, "WAIT_SECONDS", 0.3)
    config = load_config(modelling.config_file, {})

    with (
        duckdb.connect(str(modelling.warehouse)),
        pytest.raises(BusyError, match="did not close it within 0.3 seconds"),
    ):
        models.run_models(config, NOW)
