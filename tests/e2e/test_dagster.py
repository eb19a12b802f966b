"""The same project under Dagster: what is defined, what a run does, what it says about itself."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime

import dagster as dg
import duckdb
import pytest
from e2e.deployment import EVERY_DAY, FIRST, SECOND, THIRD, WORKSPACE, Deployment
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

from dagster_defs.definitions import build_definitions
from loader.errors import ConfigError

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


def test_warning_counters_are_metadata_where_there_are_any():
    """One row per counter; nothing where nothing was counted."""
    from dagster_defs.reports import run_metadata

    counted = run_metadata({"warning_counts": {"no_identity": 2}})["warning_counts"]

    assert [record.data for record in counted.records] == [{"warning": "no_identity", "count": 2}]
    assert "warning_counts" not in run_metadata({"warning_counts": {}})
