"""Asset checks under Dagster, and what a failed step says and does."""

import pkgutil
from typing import Any

import dagster as dg
import duckdb
import pytest
from e2e.deployment import EVERY_DAY, FIRST, Deployment, Ran
from e2e.small_archive import write_project

from dagster_defs import failures
from loader.errors import BusyError, ConfigError, TerminalError, TransientError


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
