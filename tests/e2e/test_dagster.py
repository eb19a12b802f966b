"""The same project under Dagster: what is defined, what a run does, what it says about itself."""

import logging
import os
import pkgutil
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import duckdb
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
from e2e.deployment import Deployment, Ran
from e2e.small_archive import (
    DAYS,
    DUPLICATES,
    IDENTIFIES,
    LINES,
    PAGES,
    QUARANTINED,
    TRACKS,
    a_call,
    lines_of,
    write_object,
    write_project,
)

from dagster_defs import failures
from dagster_defs.definitions import build_definitions
from dagster_defs.resources import WRITER_POOL
from dagster_defs.turns import turn
from loader.errors import BusyError, ConfigError, TerminalError, TransientError
from loader.jobs import load

WORKSPACE = Path(__file__).resolve().parents[2] / "workspace.yaml"
FIRST, SECOND, THIRD = (day.isoformat() for day in DAYS)
EVERY_DAY = {"dagster/asset_partition_range_start": FIRST, "dagster/asset_partition_range_end": THIRD}
SNAPSHOT = [
    "archive/shop",
    "shop/accounts",
    "shop/aliases",
    "shop/events",
    "shop/groups",
    "shop/identifies",
    "shop/pages",
    "shop/screens",
    "shop/tracks",
    "shop/users",
]


@pytest.fixture
def deployment(tmp_path):
    """Three received days that nobody loaded yet."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield Deployment(write_project(tmp_path), instance)


# What is defined


def test_the_assets_are_the_archive_and_the_tables_of_each_source(deployment):
    """A snapshot: whoever renames an asset loses its history."""
    graph = deployment.definitions.resolve_asset_graph()

    keys = [key.to_user_string() for key in graph.get_all_asset_keys()]
    assert sorted(key for key in keys if not key.startswith("models/")) == SNAPSHOT
    assert [key.to_user_string() for key in graph.external_asset_keys] == ["archive/shop"]


def test_jobs_schedules_sensors_and_checks_per_source(deployment):
    """Names are stable too: schedules that are switched on are stored by name."""
    repository = deployment.definitions.get_repository_def()

    assert {job.name for job in repository.get_all_jobs()} >= {"load_shop_job", "load_shop_complete"}
    assert sorted(sensor.name for sensor in repository.sensor_defs) == ["models_follow_loads", "shop_archive"]
    assert sorted(schedule.name for schedule in repository.schedule_defs) == [
        "models_daily",
        "shop_complete",
        "shop_hourly",
    ]
    checks = [key for key in repository.asset_graph.asset_check_keys if key.asset_key.path[0] == "shop"]
    assert sorted(str(key.name) for key in checks) == sorted(
        ["conservation", "objects_readable", "quarantine_growth", *["unique_ids"] * 6]
    )


def test_defining_reads_the_configuration_only(tmp_path):
    """Neither the archive nor the warehouse need to be there: definitions are loaded in every process."""
    config = tmp_path / "loader.yaml"
    config.write_text(
        "warehouse: {path: ./no/warehouse.duckdb}\n"
        "sources: [{name: web, archive: {uri: 's3://nowhere/', endpoint_url: 'http://127.0.0.1:9'}}]\n"
    )

    dg.Definitions.validate_loadable(build_definitions(config))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["loader.yaml"]


def test_days_start_with_the_source_and_end_today(deployment):
    """Today is a partition: archives arrive hourly."""
    partitions = deployment.definitions.resolve_assets_def(dg.AssetKey(["shop", "tracks"])).partitions_def

    keys = partitions.get_partition_keys()
    assert (keys[0], keys[-1]) == (FIRST, datetime.now(UTC).date().isoformat())


def test_a_flat_archive_has_no_partitions(tmp_path):
    """Its objects have no received day before they are read."""
    config = tmp_path / "loader.yaml"
    config.write_text("warehouse: {path: w.duckdb}\nsources: [{name: web, archive: {uri: ./a, layout: flat}}]\n")

    definitions = build_definitions(config)

    assert definitions.resolve_assets_def(dg.AssetKey(["web", "tracks"])).partitions_def is None
    names = {schedule.name for schedule in definitions.get_repository_def().schedule_defs}
    assert names == {"web_hourly", "models_daily"}


def test_a_wrong_configuration_is_reported_with_its_line(tmp_path):
    """The page shows the same words as the command line."""
    config = tmp_path / "loader.yaml"
    config.write_text("warehouse: {path: w.duckdb}\nsources: [{nam: web}]\n")

    with pytest.raises(ConfigError, match="loader.yaml:2"):
        build_definitions(config)


@pytest.mark.slow
def test_dagster_itself_finds_the_definitions_valid(deployment):
    """As in a pipeline: `dagster definitions validate`."""
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", str(WORKSPACE)],
        env={**os.environ, "LOADER_CONFIG": str(deployment.config), "DAGSTER_HOME": str(deployment.config.parent)},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert (done.returncode, "All code locations passed validation" in done.stdout + done.stderr) == (0, True), done


# What a run does


def test_a_day_is_loaded_and_counted(deployment):
    """One received day; the assets say what it brought."""
    ran = deployment.run(partition=SECOND)

    tracks = ran.metadata("shop/tracks")
    assert ran.is_success
    assert ran.materialized() == {(name, SECOND) for name in SNAPSHOT[1:]}
    assert deployment.rows("select count(*) from shop.tracks") == [(4,)]  # nobody loaded the first day's copy
    assert (tracks["dagster/row_count"], tracks["dagster/partition_row_count"], tracks["rows_loaded"]) == (4, 4, 4)
    assert (tracks["objects"], tracks["lines"], tracks["messages"], tracks["quarantined"]) == (1, 6, 6, 0)
    assert tracks["bytes_read"] > 0
    assert {"id", "received_at"} <= {column.name for column in tracks["dagster/column_schema"].columns}


def test_tables_that_do_not_exist_yet_have_no_rows(deployment):
    """Nobody sent a screen call: the asset is there, and empty."""
    ran = deployment.run(partition=FIRST)

    assert ran.metadata("shop/screens")["dagster/row_count"] == 0
    assert ran.metadata("shop/accounts")["dagster/row_count"] == 0
    assert ran.checks()["shop/screens:unique_ids"]


def test_the_event_tables_are_one_asset(deployment):
    """Thousands of events would be thousands of assets."""
    events = deployment.run(partition=FIRST).metadata("shop/events")

    assert (events["event_tables"], events["dagster/row_count"]) == (1, 3)
    assert [(r.data["table"], r.data["rows"]) for r in events["tables"].records] == [("order_completed", 3)]
    assert "order_completed" in events["new_tables"]


def test_new_columns_are_named_on_their_own_table(deployment):
    """The columns that a table began with are its schema, not news."""
    first = deployment.run(partition=FIRST)
    more = a_call("track", "wide", DAYS[1], event="Order Completed", properties={"total": 1, "coupon": "X"})
    write_object(deployment.config.parent / "archive", DAYS[1], [more], "wide.gz")

    second = deployment.run(partition=SECOND)

    assert "new_columns" not in first.metadata("shop/events")
    assert first.metadata("shop/tracks")["is_new_table"]
    assert second.metadata("shop/events")["new_columns"] == "`order_completed.coupon`"
    assert "new_columns" not in second.metadata("shop/tracks")
    assert not second.metadata("shop/tracks")["is_new_table"]


def test_what_was_set_aside_is_counted_by_reason(deployment):
    """One line of the third day is not JSON."""
    tracks = deployment.run(partition=THIRD).metadata("shop/tracks")

    assert tracks["quarantined"] == QUARANTINED
    assert [record.data for record in tracks["quarantined_by_reason"].records] == [{"reason": "bad_json", "count": 1}]


def test_running_a_day_again_is_a_no_op(deployment):
    """Same rows, nothing read, and the day still says how many rows it has."""
    deployment.run(partition=FIRST)
    before = deployment.rows("select * from shop.tracks order by id")

    again = deployment.run(partition=FIRST).metadata("shop/tracks")

    assert (again["objects"], again["rows_loaded"], again["dagster/partition_row_count"]) == (0, 0, 3)
    assert deployment.rows("select * from shop.tracks order by id") == before


def test_many_days_are_one_load(deployment):
    """A backfill of a range is one run with one load; each day has its own count."""
    ran = deployment.run(**EVERY_DAY)

    first = ran.metadata("shop/tracks", FIRST)
    assert ran.is_success
    assert {day for _, day in ran.materialized()} == {FIRST, SECOND, THIRD}
    assert (first["lines"], first["duplicates"], first["quarantined"]) == (LINES, DUPLICATES, QUARANTINED)
    assert first["dagster/row_count"] == TRACKS
    assert [ran.metadata("shop/tracks", day)["dagster/partition_row_count"] for day in (FIRST, SECOND, THIRD)] == [
        3
    ] * 3
    assert ran.metadata("shop/identifies")["dagster/row_count"] == IDENTIFIES
    assert ran.metadata("shop/pages")["dagster/row_count"] == PAGES
    assert ran.metadata("shop/users")["dagster/row_count"] == 1


def test_without_a_start_the_first_partition_takes_older_days_too(tmp_path, monkeypatch):
    """No received day is out of reach because partitions begin somewhere."""
    monkeypatch.setattr("dagster_defs.partitions.FIRST_DAY", date(2026, 3, 2))
    with dg.DagsterInstance.ephemeral() as instance:
        deployment = Deployment(write_project(tmp_path, start=""), instance)

        ran = deployment.run(partition=SECOND)

        assert ran.metadata("shop/tracks")["dagster/partition_row_count"] == 6
        assert deployment.rows("select count(*) from shop.tracks") == [(6,)]


def test_the_complete_pass_finds_late_objects_and_marks_their_days(deployment):
    """An object that came for a day that was loaded long ago."""
    deployment.run(**EVERY_DAY)
    late = [line.replace("-t", "-late-t") for line in lines_of(DAYS[0])[:3]]
    write_object(deployment.config.parent / "archive", DAYS[0], late, "late.gz")

    ran = deployment.run("load_shop_complete")

    assert {day for _, day in ran.materialized()} == {FIRST}
    assert ran.metadata("shop/tracks")["rows_loaded"] == 3
    assert deployment.run("load_shop_complete").materialized() == set()


def test_the_copy_for_analysts_is_replaced_after_each_load(tmp_path):
    """It is a file of its own, which anybody may keep open."""
    with dg.DagsterInstance.ephemeral() as instance:
        deployment = Deployment(write_project(tmp_path, "publish: {path: ./analytics.duckdb}\n"), instance)
        ran = deployment.run(partition=FIRST)

        assert ("published/analytics", None) in ran.materialized()
        with duckdb.connect(str(tmp_path / "analytics.duckdb"), read_only=True) as connection:
            assert deployment.run(partition=SECOND).is_success
            assert connection.execute("select count(*) from shop.tracks").fetchall() == [(3,)]
        with duckdb.connect(str(tmp_path / "analytics.duckdb"), read_only=True) as connection:
            assert connection.execute("select count(*) from shop.tracks").fetchall() == [(6,)]


def test_a_day_materialized_from_the_asset_page_is_published(tmp_path):
    """Without the job of the source: the page runs the assets that were chosen and nothing else."""
    with dg.DagsterInstance.ephemeral() as instance:
        deployment = Deployment(write_project(tmp_path, "publish: {path: ./analytics.duckdb}\n"), instance)

        ran = deployment.materialize(SECOND)

        assert ran.is_success
        assert ("published/analytics", None) in ran.materialized()
        assert ("shop/tracks", SECOND) in ran.materialized()
        with duckdb.connect(str(tmp_path / "analytics.duckdb"), read_only=True) as connection:
            assert connection.execute("select count(*) from shop.tracks").fetchall() == [(4,)]


def test_a_copy_that_cannot_be_made_fails_the_run_after_the_load(tmp_path):
    """The rows are there and recorded; the error says what is wrong with the copy."""
    with dg.DagsterInstance.ephemeral() as instance:
        deployment = Deployment(write_project(tmp_path, "publish: {path: ./analytics.duckdb}\n"), instance)
        (tmp_path / "analytics.duckdb").mkdir()

        ran = deployment.materialize(SECOND)

        assert not ran.is_success
        assert "publish.path is a folder, not a file" in ran.failure()
        assert ("shop/tracks", SECOND) in ran.materialized()
        assert deployment.rows("select count(*) from shop.tracks") == [(4,)]


def test_the_copy_is_made_by_hand_too(tmp_path):
    """Its own asset needs no load."""
    with dg.DagsterInstance.ephemeral() as instance:
        deployment = Deployment(write_project(tmp_path, "publish: {path: ./analytics.duckdb}\n"), instance)
        deployment.materialize(SECOND)
        (tmp_path / "analytics.duckdb").unlink()

        ran = deployment.materialize(None, ["published", "analytics"])

        assert ran.materialized() == {("published/analytics", None)}
        assert (tmp_path / "analytics.duckdb").is_file()


# Checks


def test_every_check_passes_after_a_load_of_everything(deployment):
    """Quarantine grew, which is a warning only: one line of seventeen."""
    checks = deployment.run(**EVERY_DAY).checks()

    assert len(checks) == 9
    assert [name for name, passed in checks.items() if not passed] == ["shop/tracks:quarantine_growth"]


def test_a_row_deleted_by_hand_fails_conservation(deployment):
    """The check names the object."""
    deployment.run(**EVERY_DAY)
    with duckdb.connect(str(deployment.config.parent / "warehouse.duckdb")) as connection:
        connection.execute("delete from shop.pages where id = ?", [f"{FIRST}-p"])

    ran = deployment.run(**EVERY_DAY)

    assert not ran.checks()["shop/tracks:conservation"]
    (found,) = [e for e in ran.result.get_asset_check_evaluations() if e.check_name == "conservation"]
    assert found.metadata["wrong_objects"].value == 1
    assert "first.gz" in found.metadata["examples"].value


def test_a_row_copied_by_hand_fails_unique_ids(deployment):
    """Only the table concerned fails."""
    deployment.run(**EVERY_DAY)
    with duckdb.connect(str(deployment.config.parent / "warehouse.duckdb")) as connection:
        connection.execute("insert into shop.pages select * from shop.pages limit 1")

    checks = deployment.run(**EVERY_DAY).checks()

    assert {name for name, passed in checks.items() if not passed and "unique" in name} == {"shop/pages:unique_ids"}


# Errors


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (TransientError("the service is busy", "s3://bucket/", "wait"), 4),
        (BusyError("the warehouse is open for writing in process 77", "w.duckdb", "wait"), 4),
        (TerminalError("access denied", "s3://bucket/", "grant s3:ListBucket"), 1),
        (ConfigError("no such profile", "archive.profile", "configure it"), 1),
        (ZeroDivisionError("a defect"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_only_what_may_pass_is_tried_again(error, calls, deployment, monkeypatch):
    """Three more attempts for what may pass; anything else fails at once, with its words."""
    made = []

    def load_source(*arguments: Any, **named: Any) -> None:
        made.append(1)
        raise error

    monkeypatch.setattr("loader.jobs.load.load_source", load_source)
    monkeypatch.setattr(failures, "RETRY_SECONDS", 0)

    ran = deployment.run(partition=FIRST)

    assert (ran.is_success, len(made)) == (False, calls)
    assert str(error.args[0]) in ran.failure()


@pytest.mark.parametrize("place", ["loader.jobs.publish.publish", "dagster_defs.resources.open_reader"])
def test_a_file_that_is_in_use_after_the_load_is_tried_again_too(place, tmp_path, monkeypatch):
    """By whoever copies it for analysts, counts its rows or asks the checks."""
    config = write_project(tmp_path, "publish: {path: ./analytics.duckdb}\n")
    really, refused = pkgutil.resolve_name(place), []

    def first_refused(*arguments: Any) -> Any:
        if not refused:
            refused.append(BusyError("the warehouse is open for writing in process 77", "w.duckdb", "wait"))
            raise refused[0]
        return really(*arguments)

    monkeypatch.setattr(place, first_refused)
    monkeypatch.setattr(failures, "RETRY_SECONDS", 0)
    with dg.DagsterInstance.ephemeral() as instance:
        ran = Deployment(config, instance).run(partition=FIRST)

    assert (ran.is_success, len(refused)) == (True, 1)
    assert (tmp_path / "analytics.duckdb").is_file()


def test_a_configuration_that_broke_meanwhile_is_the_failure_of_the_next_step(deployment):
    """In the words of the command line."""
    job = deployment.definitions.resolve_job_def("load_shop_job")
    deployment.config.write_text(deployment.config.read_text().replace("layout:", "layuot:"))

    ran = Ran(job.execute_in_process(partition_key=FIRST, instance=deployment.instance, raise_on_error=False))

    assert "sources[0].archive.layuot: is not a key here" in ran.failure()


def test_a_secret_is_not_shown_in_errors(deployment, monkeypatch):
    """Errors of libraries may repeat what they were given."""
    monkeypatch.setenv("ARCHIVE_SECRET", "canary-51f0c2")

    def load_source(*arguments: Any, **named: Any) -> None:
        raise TerminalError("signature of canary-51f0c2 refused", "s3://bucket/", "check the key")

    monkeypatch.setattr("loader.jobs.load.load_source", load_source)

    ran = deployment.run(partition=FIRST)

    assert "canary" not in str(
        [event.to_json() if hasattr(event, "to_json") else event for event in ran.result.all_events]
    )
    assert "signature of ${env:ARCHIVE_SECRET} refused" in ran.failure()


# Two at once

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


# Sensor and schedules


def test_the_sensor_asks_for_each_received_day_and_reports_the_archive(deployment):
    """One request per day; the observation has count, bytes and the newest object."""
    result = deployment.tick()

    (observed,) = result.asset_events
    metadata = {name: value.value for name, value in observed.metadata.items()}
    assert [request.partition_key for request in result.run_requests] == [FIRST, SECOND, THIRD]
    assert observed.asset_key.to_user_string() == "archive/shop"
    assert (metadata["objects"], metadata["newest_day"], metadata["is_complete"]) == (3, THIRD, True)
    assert metadata["bytes"] > 0


def test_an_archive_without_news_asks_for_nothing(deployment):
    """Neither runs nor observations; the cursor stays."""
    cursor = deployment.tick().cursor

    assert isinstance(deployment.tick(cursor), dg.SkipReason)


def test_a_late_object_asks_for_its_day_again_under_another_key(deployment):
    """The same objects always have the same run key, other objects another one."""
    first, repeated = deployment.tick(), deployment.tick()
    write_object(deployment.config.parent / "archive", DAYS[1], lines_of(DAYS[1]), "late.gz")
    late = deployment.tick(first.cursor)

    assert [r.run_key for r in repeated.run_requests] == [r.run_key for r in first.run_requests]
    assert [request.partition_key for request in late.run_requests] == [SECOND]
    assert late.run_requests[0].run_key not in {request.run_key for request in first.run_requests}


def test_a_long_history_is_one_run_over_its_days(deployment):
    """Ten days are one process, not ten."""
    for number in range(10):
        day = DAYS[2] + timedelta(days=number)
        write_object(deployment.config.parent / "archive", day, lines_of(day))

    (request,) = deployment.tick().run_requests

    last = (DAYS[2] + timedelta(days=9)).isoformat()
    assert request.tags == {"dagster/asset_partition_range_start": FIRST, "dagster/asset_partition_range_end": last}
    assert deployment.run(**request.tags).metadata("shop/tracks")["dagster/row_count"] == 36


def test_an_archive_that_cannot_be_listed_fails_the_look(deployment):
    """The tick shows the error; the next one tries again."""
    config = deployment.config.read_text().replace("./archive", "./elsewhere")
    deployment.config.write_text(config)

    with pytest.raises(dg.Failure, match="elsewhere"):
        deployment.tick()


def test_the_hourly_schedule_loads_the_newest_three_days(deployment):
    """As one run."""
    schedule = deployment.definitions.get_repository_def().get_schedule_def("shop_hourly")
    context = dg.build_schedule_context(
        instance=deployment.instance, scheduled_execution_time=datetime(2026, 3, 10, 5, 10, tzinfo=UTC)
    )

    (request,) = schedule.evaluate_tick(context).run_requests

    assert request.tags["dagster/asset_partition_range_start"] == "2026-03-08"
    assert request.tags["dagster/asset_partition_range_end"] == "2026-03-10"


def test_warning_counters_are_metadata_where_there_are_any():
    """One row per counter; nothing where nothing was counted."""
    from dagster_defs.reports import run_metadata

    counted = run_metadata({"warning_counts": {"no_identity": 2}})["warning_counts"]

    assert [record.data for record in counted.records] == [{"warning": "no_identity", "count": 2}]
    assert "warning_counts" not in run_metadata({"warning_counts": {}})
