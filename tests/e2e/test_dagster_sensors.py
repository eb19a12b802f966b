"""What starts runs: the sensor that looks at the archive, and the hourly schedule."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from e2e.deployment import FIRST, SECOND, THIRD
from e2e.small_archive import DAYS, lines_of, write_object


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
