"""The assets of a source, made by one load: call tables, `users`, `accounts`, and all event tables together."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import dagster as dg

from dagster_defs.partitions import days_of, partition_of, partitions_of
from dagster_defs.publishing import publish_after_load
from dagster_defs.reports import Metadata, events_metadata, run_metadata, table_metadata
from dagster_defs.resources import WRITER_POOL, Project
from dagster_defs.turns import turn
from loader.config import Config, SourceSettings
from loader.core.days import Days
from loader.core.tables import CALL_TABLES, LATEST_TABLES
from loader.inventory import row_count, rows_per_day, schema_of, tables
from loader.reading import Reader

EVENTS = "events"
DESCRIPTIONS = {
    "tracks": "One row per track call, with the columns that all events share.",
    "identifies": "One row per identify call, with its traits.",
    "users": "One row per user: the latest value of each trait.",
    "pages": "One row per page call.",
    "screens": "One row per screen call.",
    "groups": "One row per group call, with its traits.",
    "accounts": "One row per group: the latest value of each trait.",
    "aliases": "One row per alias call.",
    EVENTS: "One table per event name. The counts are of all of them together.",
}
# A load is scheduled every hour, so a source that was not loaded for a day needs attention.
FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26), warn_window=timedelta(hours=6))


def archive_key(source: SourceSettings) -> dg.AssetKey:
    """The asset key of a source's archive, which is external."""
    return dg.AssetKey(["archive", schema_of(source)])


def table_keys(source: SourceSettings) -> list[dg.AssetKey]:
    """The asset keys that one load of a source materializes."""
    return [dg.AssetKey([schema_of(source), name]) for name in DESCRIPTIONS]


def archive_asset(source: SourceSettings) -> dg.AssetSpec:
    """The asset of the raw history. A sensor reports what is in it."""
    uri = source.archive.uri
    return dg.AssetSpec(
        archive_key(source),
        description=f"The raw events of {source.name}. A sensor lists new objects.",
        group_name=schema_of(source),
        kinds={"s3" if uri.startswith("s3://") else "file"},
        metadata={"dagster/uri": uri, "layout": source.archive.layout},
    )


def load_assets(source: SourceSettings, config: Config) -> dg.AssetsDefinition:
    """The assets of a source's tables: one step loads the received days of all partitions of a run."""
    name, schema = source.name, schema_of(source)
    specs = [
        dg.AssetSpec(
            [schema, table],
            deps=[archive_key(source)],
            description=description,
            group_name=schema,
            kinds={"duckdb", "table"},
            metadata={
                "dagster/table_name": f"{config.warehouse.path.stem}.{schema}{'' if table == EVENTS else f'.{table}'}"
            },
            freshness_policy=FRESHNESS,
        )
        for table, description in DESCRIPTIONS.items()
    ]

    @dg.multi_asset(
        name=f"load_{schema}",
        specs=specs,
        partitions_def=partitions_of(source),
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=WRITER_POOL,
    )
    def load(context: dg.AssetExecutionContext, project: Project) -> Iterator[dg.MaterializeResult[None]]:
        with turn(context):
            settings = project.config().source(name)
            keys = context.partition_key_range if context.has_partition_key or context.has_partition_key_range else None
            report = run_load(context, project, settings, days_of(keys, settings))
            with project.reader() as reader:
                described = describe(reader, settings, report)
                days = {} if keys is None else _rows_per_partition(context, reader, settings, keys)
            for (table, key), rows in days.items():
                context.add_asset_metadata({"dagster/partition_row_count": rows}, dg.AssetKey([schema, table]), key)
            for table, metadata in described.items():
                yield dg.MaterializeResult(asset_key=[schema, table], metadata=metadata)
            publish_after_load(context, project)

    return load


def run_load(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    project: Project,
    source: SourceSettings,
    days: Days,
) -> Mapping[str, object]:
    """Run the load job."""
    from loader.jobs.load import load_source

    report = load_source(project.config(), source, days=days).as_dict()
    counts = ", ".join(f"{name} {report[name]}" for name in ("objects", "lines", "messages", "duplicates"))
    context.log.info(f"loaded {source.name}: {counts}")
    return dict(report)


def describe(reader: Reader, source: SourceSettings, report: Mapping[str, object]) -> dict[str, Metadata]:
    """The metadata of every asset of a source after a load. A table that does not exist yet has no rows."""
    found = tables(reader, source)
    counts = {name: row_count(reader, table) for name, table in found.items()}
    common = run_metadata(report)
    described = {
        name: {**common, **table_metadata(found.get(name), counts.get(name, 0), report)}
        for name in (*CALL_TABLES, *LATEST_TABLES)
    }
    events = {name: (table, counts[name]) for name, table in found.items() if table.is_event_table}
    return {**described, EVENTS: {**common, **events_metadata(events, report)}}


def _rows_per_partition(
    context: dg.AssetExecutionContext, reader: Reader, source: SourceSettings, keys: dg.PartitionKeyRange
) -> dict[tuple[str, str], int]:
    """The rows in each partition of a run, for the tables whose rows have a day."""
    days = days_of(keys, source)
    found = tables(reader, source)
    rows = {(table, key): 0 for table in CALL_TABLES for key in context.partition_keys}
    for table in CALL_TABLES:
        counts = rows_per_day(reader, source, found[table], days) if table in found else {}
        for day, count in counts.items():
            rows[table, partition_of(day, source)] += count
    return rows
