"""Decides when loads run: a sensor on each archive, an hourly load of recent days, a daily complete load."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from dagster_defs.assets import archive_key
from dagster_defs.partitions import first_day, partition_of, partitions_of
from dagster_defs.resources import Project
from dagster_defs.watching import NO_DAY, Look, Memory, Totals, look
from loader.archive import open_archive
from loader.config import SourceSettings, redact
from loader.errors import LoaderError
from loader.inventory import schema_of

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
# Up to this many changed days are one run each; more become one run over their range, since each run is a process.
SINGLE_DAYS = 7
# A sensor has a minute of time; the next look continues where this one stopped.
LOOK_SECONDS = 30.0
LOOK_EVERY_SECONDS = 120
# Days that the hourly load lists. The daily complete load finds late objects of older days.
HOURLY_DAYS = 3

LoadJob = UnresolvedAssetJobDefinition


def archive_sensor(source: SourceSettings, job: LoadJob) -> dg.SensorDefinition:
    """A sensor that lists the archive, reports what is in it, and requests a load of every day with new objects."""
    name = source.name

    @dg.sensor(
        name=f"{schema_of(source)}_archive",
        job=job,
        minimum_interval_seconds=LOOK_EVERY_SECONDS,
        description=f"Lists new objects of {name} and loads their received days.",
    )
    def watch(context: dg.SensorEvaluationContext, project: Project) -> dg.SensorResult | dg.SkipReason:
        settings = project.config().source(name)
        memory = Memory.from_text(context.cursor)
        try:
            seen = _look(settings, memory)
        except LoaderError as error:
            raise dg.Failure(redact(str(error))) from None
        text = seen.memory.to_text()
        if text == (context.cursor or "") or not seen.changed:
            context.update_cursor(text)
            return dg.SkipReason("nothing new in the archive")
        return dg.SensorResult(
            run_requests=requests(settings, seen.changed),
            asset_events=[observation(settings, seen)],
            cursor=text,
        )

    return watch


def _look(source: SourceSettings, memory: Memory) -> Look:
    deadline = time.monotonic() + LOOK_SECONDS
    starts = [day for day in (source.start, memory.since) if day is not None]
    objects = open_archive(source.archive).objects(max(starts, default=None))
    return look(objects, memory, datetime.now(UTC).date(), lambda: time.monotonic() > deadline)


def observation(source: SourceSettings, seen: Look) -> dg.AssetObservation:
    """An observation of how much the archive holds, as far as it was listed."""
    known = seen.memory.totals()
    metadata: dict[str, Any] = {
        "objects": known.objects,
        "bytes": known.size,
        "newest_object": dg.MetadataValue.timestamp(known.newest_at),
        "newest_day": max(seen.changed),
        "changed_days": len(seen.changed),
        "is_complete": seen.is_complete,
    }
    return dg.AssetObservation(archive_key(source), metadata=metadata)


def requests(source: SourceSettings, changed: dict[str, Totals]) -> list[dg.RunRequest]:
    """One run per changed day, or one over their range. The same objects always give the same run key."""
    schema = schema_of(source)
    if NO_DAY in changed:
        return [dg.RunRequest(run_key=f"{schema}:{changed[NO_DAY]}")]
    days: dict[str, Totals] = {}
    for day, totals in changed.items():
        days.setdefault(partition_of(date.fromisoformat(day), source), Totals()).add(totals)
    if len(days) <= SINGLE_DAYS:
        return [dg.RunRequest(f"{schema}:{day}:{totals}", partition_key=day) for day, totals in days.items()]
    together = Totals()
    for totals in days.values():
        together.add(totals)
    first, last = min(days), max(days)
    return [dg.RunRequest(f"{schema}:{first}:{last}:{together}", tags={RANGE_START: first, RANGE_END: last})]


def source_schedules(
    source: SourceSettings, job: LoadJob, complete_job: dg.JobDefinition | None
) -> Sequence[dg.ScheduleDefinition]:
    """Hourly: load the newest days. Daily: load everything, unless the hourly load is already complete."""
    schema = schema_of(source)

    @dg.schedule(
        name=f"{schema}_hourly",
        job=job,
        cron_schedule="10 * * * *",
        description=f"Loads the last {HOURLY_DAYS} received days of {source.name}."
        if complete_job
        else f"Loads what is new of {source.name}.",
    )
    def hourly(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        if partitions_of(source) is None:
            yield dg.RunRequest()
            return
        today = context.scheduled_execution_time.astimezone(UTC).date()
        first = max(today - timedelta(days=HOURLY_DAYS - 1), first_day(source))
        if first <= today:
            yield dg.RunRequest(tags={RANGE_START: first.isoformat(), RANGE_END: today.isoformat()})

    if complete_job is None:
        return [hourly]
    daily = dg.ScheduleDefinition(
        name=f"{schema}_complete",
        job=complete_job,
        cron_schedule="40 3 * * *",
        description=f"Lists the whole archive of {source.name} and loads late objects of any day.",
    )
    return [hourly, daily]
