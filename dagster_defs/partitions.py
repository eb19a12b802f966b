"""Received days as partitions, and the days that a run loads."""

from datetime import date, timedelta

import dagster as dg

from loader.config import SourceSettings
from loader.core.days import ALL_DAYS, Days

# Without `start`, the first partition is this day, and it also includes all days before it.
FIRST_DAY = date(2020, 1, 1)


def partitions_of(source: SourceSettings) -> dg.DailyPartitionsDefinition | None:
    """One partition per received day, today included; None for a flat archive, which has no days."""
    if source.archive.layout == "flat":
        return None
    return dg.DailyPartitionsDefinition(start_date=first_day(source).isoformat(), timezone="UTC", end_offset=1)


def first_day(source: SourceSettings) -> date:
    """The day of the first partition."""
    return source.start or FIRST_DAY


def partition_of(day: date, source: SourceSettings) -> str:
    """The partition that a received day belongs to."""
    return max(day, first_day(source)).isoformat()


def days_of(keys: dg.PartitionKeyRange | None, source: SourceSettings) -> Days:
    """The received days of these partitions; all days if there are no partitions."""
    if keys is None:
        return ALL_DAYS
    start, last = date.fromisoformat(keys.start), date.fromisoformat(keys.end)
    takes_older_days = source.start is None and start == FIRST_DAY
    return Days(None if takes_older_days else start, last + timedelta(days=1))
