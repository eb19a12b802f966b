"""Further jobs: a complete load of an archive, and publishing the copy for analysts by hand."""

from collections.abc import Iterable, Mapping

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from dagster_defs.assets import describe, run_load, table_keys
from dagster_defs.checks import check_keys
from dagster_defs.models import FOLLOWS
from dagster_defs.partitions import partition_of, partitions_of
from dagster_defs.publishing import publish_after_load, publish_copy, published_key
from dagster_defs.resources import WRITER_POOL, Project
from dagster_defs.turns import turn
from loader.config import Config, SourceSettings
from loader.core.days import ALL_DAYS
from loader.inventory import days_of_last_load, schema_of


def load_job(source: SourceSettings) -> UnresolvedAssetJobDefinition:
    """Load (which also replaces the copy for analysts), and check."""
    selection = dg.AssetSelection.assets(*table_keys(source)) | dg.AssetSelection.checks(*check_keys(source))
    return dg.define_asset_job(
        f"load_{schema_of(source)}_job", selection=selection, description=f"Loads received days of {source.name}."
    )


def published_asset(config: Config, models: Iterable[dg.AssetKey]) -> dg.AssetsDefinition:
    """A read-only copy of the warehouse, replaced in one step: nobody's query delays a load."""
    deps = [*(key for source in config.sources for key in table_keys(source)), *models]

    @dg.asset(
        key=published_key(config),
        deps=deps,
        group_name="published",
        kinds={"duckdb"},
        pool=WRITER_POOL,
        automation_condition=FOLLOWS,
        description="A read-only copy of the warehouse for analysts.",
    )
    def published(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult[None]:
        with turn(context):
            path = publish_copy(project)
        context.log.info(f"published {path}")
        return dg.MaterializeResult(metadata={"dagster/uri": path})

    return published


def complete_job(source: SourceSettings) -> dg.JobDefinition | None:
    """A complete load, which marks the days with new objects. None if every load is complete."""
    if partitions_of(source) is None:
        return None
    name, schema = source.name, schema_of(source)

    @dg.op(name=f"load_all_of_{schema}", pool=WRITER_POOL)
    def load_all(context: dg.OpExecutionContext, project: Project) -> None:
        with turn(context):
            settings = project.config().source(name)
            report = run_load(context, project, settings, ALL_DAYS)
            _mark(context, project, settings, report)
            publish_after_load(context, project)

    @dg.job(
        name=f"load_{schema}_complete",
        description=f"Lists the whole archive of {name} and loads late objects of any received day.",
    )
    def complete() -> None:
        load_all()

    return complete


def _mark(
    context: dg.OpExecutionContext, project: Project, source: SourceSettings, report: Mapping[str, object]
) -> None:
    """Record a materialization for each partition to which the load added objects."""
    if not report.get("objects"):
        return
    with project.reader() as reader:
        days = sorted({partition_of(day, source) for day in days_of_last_load(reader, source)})
        described = describe(reader, source, report)
    for table, metadata in described.items():
        for day in days:
            asset = dg.AssetKey([schema_of(source), table])
            context.log_event(dg.AssetMaterialization(asset, metadata=metadata, partition=day))
