"""Runs at the same time: one writes at a time, and readers delay it without breaking it."""

import logging
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.launcher import DefaultRunLauncher
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.test_utils import create_run_for_test
from dagster._daemon.daemon import MonitoringDaemon
from dagster._daemon.monitoring import concurrency as monitoring
from dagster._daemon.monitoring import execute_run_monitoring_iteration
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon
from e2e.deployment import FIRST, SECOND, THIRD, WORKSPACE, Deployment
from e2e.small_archive import write_project

from dagster_defs import failures
from dagster_defs.resources import WRITER_POOL
from dagster_defs.turns import turn
from loader.errors import BusyError
from loader.jobs import load

RUN = (
    "import sys, dagster as dg; from pathlib import Path; from dagster_defs.definitions import build_definitions\n"
    "job = build_definitions(Path(sys.argv[1])).resolve_job_def('load_shop_job')\n"
    "print('ready', flush=True); sys.stdin.readline()\n"
    "with dg.DagsterInstance.get() as instance:\n"
    "    sys.exit(not job.execute_in_process(partition_key=sys.argv[2], instance=instance, raise_on_error=False).success)\n"
)


def start_run(deployment: Deployment, day: str) -> subprocess.Popen[str]:
    """A run in a process of its own, which waits for a line before it starts."""
    home = {"DAGSTER_HOME": deployment.instance.root_directory, "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", RUN, str(deployment.config), day]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env={**os.environ, **home}, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


@pytest.fixture
def granted(tmp_path):
    """A project in a Dagster that grants the pool of writers to two steps at once, as it may on SQLite."""
    pools = {"concurrency": {"pools": {"default_limit": 2, "granularity": "op"}}}
    with dg.instance_for_test(overrides=pools) as instance:
        instance.event_log_storage.set_concurrency_slots(WRITER_POOL, 2)
        yield Deployment(write_project(tmp_path), instance)


def said_in_runs(deployment: Deployment) -> str:
    """The log lines of all runs."""
    instance = deployment.instance
    entries = [entry for run in instance.get_runs() for entry in instance.all_logs(run.run_id)]
    return "\n".join(entry.user_message for entry in entries)


@pytest.mark.slow
def test_two_runs_at_once_both_succeed(granted):
    """One is at the file after the other, and neither is refused."""
    runs = [start_run(granted, day) for day in (FIRST, THIRD)]
    for run in runs:
        run.stdout.readline()
    for run in runs:
        run.stdin.write("go\n")
        run.stdin.flush()
    ended = [run.communicate(timeout=120) for run in runs]

    assert [run.returncode for run in runs] == [0, 0], ended
    assert granted.rows("select count(*) from shop.tracks") == [(6,)]
    loads = granted.rows("select started_at, finished_at from _loader.loads order by started_at")
    assert len(loads) == 2
    assert all(ended <= began for (_, ended), (began, _) in pairwise(loads)), loads
    assert "another load of 'shop' is running" not in said_in_runs(granted)


@pytest.mark.slow
def test_a_run_waits_for_the_one_at_the_file_and_says_so(granted):
    """However long that takes: it opens nothing meanwhile, and goes on when the other one has ended."""
    with turn(dg.build_op_context(instance=granted.instance)):
        run = start_run(granted, FIRST)
        run.stdin.write("go\n")
        run.stdin.flush()
        while "waiting for the warehouse: another run is at the file" not in said_in_runs(granted):
            assert run.poll() is None, run.communicate()
            time.sleep(0.1)
        assert not (granted.config.parent / "warehouse.duckdb").exists()
    ended = run.communicate(timeout=120)

    assert run.returncode == 0, ended
    assert granted.rows("select count(*) from shop.tracks") == [(3,)]


@pytest.mark.checkout
def test_a_run_goes_on_waiting_while_the_configuration_cannot_be_read(tmp_path, monkeypatch):
    """As `dagster.yaml` has it; Dagster by itself fails it, and the sensor that asked for it does not ask again."""

    def refuse(launcher, context):
        raise DagsterUserCodeUnreachableError("there are no definitions")

    (tmp_path / "dagster.yaml").write_text(WORKSPACE.with_name("dagster.yaml").read_text())
    monkeypatch.setattr(DefaultRunLauncher, "launch_run", refuse)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        origin = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("loader"), "all").get_job_origin("load_shop_job")
        waiting = create_run_for_test(instance, status=dg.DagsterRunStatus.QUEUED, remote_job_origin=origin)
        enqueued = DagsterEvent(DagsterEventType.PIPELINE_ENQUEUED.value, waiting.job_name)
        instance.report_dagster_event(enqueued, waiting.run_id)
        workspace = SimpleNamespace(instance=instance, create_request_context=lambda: None)
        list(QueuedRunCoordinatorDaemon(interval_seconds=1).run_iteration(workspace))

        assert instance.get_run_by_id(waiting.run_id).status == dg.DagsterRunStatus.QUEUED


@pytest.mark.checkout
def test_a_run_that_was_killed_gives_its_slot_back(tmp_path, monkeypatch):
    """As `dagster.yaml` has it; Dagster by itself keeps the slot of a dead process for ever."""
    (tmp_path / "dagster.yaml").write_text(WORKSPACE.with_name("dagster.yaml").read_text())
    hour = timedelta(hours=1)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        storage = instance.event_log_storage
        storage.initialize_concurrency_limit_to_default(WRITER_POOL)
        killed = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)
        assert storage.claim_concurrency_slot(WRITER_POOL, killed.run_id, "load_shop").is_claimed
        instance.report_run_failed(killed, "terminated by signal 9")
        assert not storage.claim_concurrency_slot(WRITER_POOL, "next", "load_shop").is_claimed

        monkeypatch.setattr(monitoring, "get_current_datetime", lambda: datetime.now(UTC) + hour)
        daemons = instance.get_required_daemon_types()
        create_run_for_test(instance)  # is looked at too, and is no trouble before it starts
        workspace = SimpleNamespace(instance=instance, create_request_context=lambda: None)
        errors = [
            *execute_run_monitoring_iteration(workspace, logging.getLogger()),
            *monitoring.execute_concurrency_slots_iteration(workspace, logging.getLogger()),
        ]

        assert set(errors) == {None}
        assert MonitoringDaemon.daemon_type() in daemons
        assert storage.claim_concurrency_slot(WRITER_POOL, "next", "load_shop").is_claimed


HOLD = (
    "import duckdb, sys\n"
    "with duckdb.connect(sys.argv[1], read_only=True) as connection:\n"
    "    connection.execute('select count(*) from shop.tracks').fetchall()\n"
    "    print('held', flush=True); sys.stdin.readline()\n"
)


class Analyst:
    """A read-only connection in another process, open until it is told to close."""

    def __init__(self, warehouse: Path) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(warehouse)], stdin=pipe, stdout=pipe, text=True
        )
        assert self._process.stdout.readline() == "held\n"

    @property
    def number(self) -> int:
        return self._process.pid

    @property
    def is_reading(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        if self.is_reading:
            self._process.communicate("close\n", timeout=60)


@pytest.fixture
def analyst(deployment):
    """Has the warehouse open after its first day was loaded."""
    assert deployment.run(partition=FIRST).is_success
    opened = Analyst(deployment.config.parent / "warehouse.duckdb")
    yield opened
    opened.close()


@pytest.mark.slow
def test_an_open_reader_delays_a_load_and_does_not_break_it(analyst, deployment):
    """An analyst who forgot a connection: the load waits, says whom for, and goes on when it closes."""
    said = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append((record.getMessage(), analyst.is_reading))
            analyst.close()

    listener = Listener()
    logging.getLogger("loader.warehouse").addHandler(listener)
    try:
        ran = deployment.run(partition=SECOND)
    finally:
        logging.getLogger("loader.warehouse").removeHandler(listener)

    assert said == [(f"waiting for the warehouse file: process {analyst.number} has it open", True)]
    assert ran.is_success
    assert deployment.rows("select count(*) from shop.tracks") == [(6,)]


@pytest.mark.slow
def test_a_reader_who_stays_too_long_is_named_and_the_step_tried_again(analyst, deployment, monkeypatch):
    """Longer than a load waits, shorter than the attempts last."""
    said = []
    really_load = load.load_source

    def load_source(*arguments: Any, **named: Any) -> Any:
        try:
            return really_load(*arguments, **named)
        except BusyError as error:
            said.append(str(error))
            analyst.close()
            raise

    monkeypatch.setattr(load, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr(load, "load_source", load_source)
    monkeypatch.setattr(failures, "RETRY_SECONDS", 0)

    ran = deployment.run(partition=SECOND)

    (told,) = said
    assert f"process {analyst.number} has it open, and it did not close it within 0.3 seconds" in told
    assert ran.is_success
    assert deployment.rows("select count(*) from shop.tracks") == [(6,)]
