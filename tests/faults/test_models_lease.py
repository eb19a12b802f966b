"""Loads and runs of models never write at once, and whoever died is in nobody's way."""

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from processes import run as command

from loader.config import load_config
from loader.errors import BusyError

BOOT = Path("/proc/sys/kernel/random/boot_id")
HOLD = """
import sys, time
from pathlib import Path
from loader.config import load_config
from loader.jobs import load
from loader.jobs.load import load_source
config = load_config(Path(sys.argv[1]), {})
read = load._Run._read
def read_later(*arguments):
    print("loading", flush=True)
    while not Path(sys.argv[2]).exists():
        time.sleep(0.1)
    return read(*arguments)
load._Run._read = read_later
load_source(config, config.sources[0])
"""
RUN = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from loader.config import load_config
from loader.errors import LoaderError
from loader.jobs import models
models.WAIT_SECONDS = float(sys.argv[2])
try:
    models.run_models(load_config(Path(sys.argv[1]), {}), datetime.now(UTC), ["given"])
except LoaderError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


@pytest.fixture
def project(loading):
    """A loaded source with one more object to load, and a model of its own."""
    late = loading.stored.popitem()[1]
    (loading.archive / late.key).unlink()
    loading.load()
    loading.write_body(late.body, late.key)
    folder = loading.config_file.parent / "models"
    folder.mkdir(exist_ok=True)
    (folder / "given.sql").write_text(
        "-- Calls.\n-- grain: one row\n-- keys: none\n-- columns:\n--   n integer: calls\n"
        "select count(*) as n from input_tracks\n",
        encoding="utf-8",
    )
    return loading


@pytest.fixture
def load_at_work(project, start_python):
    """A load that holds its source's lease and normalizes its first batch: the file is free."""
    process = start_python(HOLD, str(project.config_file), str(project.folder / "go on"))
    assert process.stdout.readline() == "loading\n"
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def run_models(project, start_python):
    """A run in a process of its own: exit code and standard error."""

    def run(wait_seconds):
        process = start_python(RUN, str(project.config_file), str(wait_seconds))
        _, err = process.communicate(timeout=120)
        return process.returncode, err

    return run


def test_a_run_beside_a_load_ends_with_code_4_and_names_it(project, load_at_work, run_models):
    code, err = run_models(1)

    assert code == 4, err
    assert f"another load of 'web' is running: process {load_at_work.pid}" in err
    assert "fix:" in err
    assert project.query("select * from _loader.model_runs") == []


def test_a_run_waits_for_a_load_that_ends(project, load_at_work, start_python):
    """The wait is bounded; the run then sees what was loaded."""
    ((before,),) = project.query("select count(*) from web.tracks")
    process = start_python(RUN, str(project.config_file), "60")
    told = process.stderr.readline()
    (project.folder / "go on").touch()

    _, err = process.communicate(timeout=120)

    assert process.returncode == 0, err
    assert told.startswith("waiting: another load of 'web' is running")
    ((made,),) = project.query("select n from models.given")
    assert made > before


def test_a_load_beside_a_run_ends_with_code_4_and_names_it(project):
    """As it is where the file itself does not keep it out: the lease of a run that lives."""
    pid, host = lease(project)

    ran = command(project.folder, "load", "--config", str(project.config_file), "--json")

    assert ran.code == 4, ran.err
    assert ran.json["error"]["what"].startswith(f"a run of models is running: process {pid} on {host}")
    project.change("delete from _loader.leases")
    assert project.load()["objects"] == 1


def test_two_runs_at_once_are_one_after_the_other_or_the_second_ends_with_code_4(project, start_python):
    processes = [start_python(RUN, str(project.config_file), "60") for _ in range(2)]
    results = [process.communicate(timeout=120) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], results
    ((first_end, second_start),) = project.query(
        "select min(finished_at), max(started_at) from _loader.model_runs where status = 'done' having count(*) = 2"
    )
    assert first_end <= second_start
    assert project.query("select * from _loader.leases") == []


def test_a_second_run_names_the_first(project, run_models):
    pid, host = lease(project)

    code, err = run_models(0)

    assert (code, f"a run of models is running: process {pid} on {host}" in err) == (4, True)


def test_the_lease_of_a_killed_run_is_taken_over_at_once(project, run_models):
    """By a load and by a run: the process is gone from this machine."""
    lease(project, pid=a_dead_pid())
    assert project.load()["objects"] == 1

    lease(project, pid=a_dead_pid())
    assert run_models(0)[0] == 0
    assert project.query("select * from _loader.leases") == []


def test_the_lease_of_a_run_on_another_machine_lapses(project, run_models):
    lease(project, host="elsewhere", lasts="interval 5 minutes")
    assert run_models(0)[0] == 4

    project.change("update _loader.leases set expires_at = now() - interval 1 second")
    assert run_models(0)[0] == 0


def test_a_rebuild_keeps_runs_out_as_a_load_does(project, monkeypatch):
    """What they read is being replaced."""
    from loader.jobs import models, rebuild

    refused = []
    monkeypatch.setattr(models, "WAIT_SECONDS", 0.0)
    config = load_config(project.config_file, {})

    def step(name):
        if name == "loaded":
            with pytest.raises(BusyError, match="another load of 'web' is running"):
                models.run_models(config, datetime.now(UTC), ["given"])
            refused.append(name)

    monkeypatch.setattr(rebuild, "step", step)
    rebuild.rebuild(config, config.sources[0], None)

    assert refused == ["loaded"]


def a_dead_pid():
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()
    return process.pid


def lease(project, pid=None, host=None, lasts="interval 5 minutes"):
    """A run of models that says it is at work: this process, unless another is named."""
    pid, host = pid or os.getpid(), host or socket.gethostname()
    boot = BOOT.read_text().strip() if BOOT.is_file() else ""
    project.change(
        f"insert into _loader.leases values ('models', 'other', '{host}', '{boot}', {pid}, now(), now() + {lasts})"
    )
    return pid, host
