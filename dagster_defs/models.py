"""The SQL models as assets: one per table, all made in one step, so that they are swapped in together."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from dagster_defs.assets import DESCRIPTIONS, EVENTS
from dagster_defs.charts import charts_of
from dagster_defs.resources import WRITER_POOL, Project
from dagster_defs.turns import turn
from loader.config import Config
from loader.inventory import schema_of
from loader.jobs.models import ModelsReport, catalog_of, run_models
from loader.models.catalog import Catalog
from loader.models.checks import CheckResult, check_queries
from loader.models.header import Check, Model
from loader.models.inputs import Input, tables_of
from loader.models.lineage import column_lineage
from loader.models.parameters import parameters_of

GROUP = "models"
# A model is made again when something that it reads was made, but not before all of it is done. Unlike with `eager()`,
# days that were never loaded do not hold it up, because an archive may have no objects of these days.
FOLLOWS = (
    (dg.AutomationCondition.newly_missing() | dg.AutomationCondition.any_deps_updated()).since_last_handled()
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
).with_label("follows_loads")

_RULES_OF_KEYS: Final = {
    "keys_are_unique": "No two rows have the same",
    "keys_are_not_null": "No row is without its",
}


def model_key(name: str) -> dg.AssetKey:
    """The asset key of a model or of an external input."""
    return dg.AssetKey([GROUP, name])


def models_catalog(config: Config) -> Catalog:
    """All models. Reads their files, but no archive and no warehouse."""
    # The time affects `as_of`, but not which models there are.
    return catalog_of(config, datetime.now(UTC))


def models_definitions(config: Config, catalog: Catalog) -> dg.Definitions:
    """The assets, checks, job and schedule of the models."""
    job = models_job(config)
    daily = dg.ScheduleDefinition(
        name="models_daily",
        job=job,
        cron_schedule="40 4 * * *",
        description="Makes all models: where as_of is today, they change without a load.",
    )
    follow = dg.AutomationConditionSensorDefinition(
        "models_follow_loads",
        target=_selection(config),
        description="Makes the models anew after loads, and then the copy for analysts.",
    )
    assets: list[dg.AssetsDefinition | dg.AssetSpec] = [*_external(config, catalog), models_assets(config, catalog)]
    return dg.Definitions(assets=assets, jobs=[job], schedules=[daily], sensors=[follow])


def models_job(config: Config) -> UnresolvedAssetJobDefinition:
    """Make and check all models, and replace the copy for analysts."""
    return dg.define_asset_job("models_job", selection=_selection(config), description="Makes all models.")


def _selection(config: Config) -> dg.AssetSelection:
    return dg.AssetSelection.groups(*([GROUP] if config.publish is None else [GROUP, "published"]))


def models_assets(config: Config, catalog: Catalog) -> dg.AssetsDefinition:
    """Every model as an asset of one step."""
    specs = [_spec(config, catalog, catalog.models[table]) for step in catalog.steps for table in step.tables]
    checks = [
        dg.AssetCheckSpec(
            check.name, asset=model_key(name), description=_rule_of(model, check), blocking=check.severity == "fail"
        )
        for name, model in catalog.models.items()
        for check, _ in check_queries(model)
    ]

    @dg.multi_asset(name="models", specs=specs, check_specs=checks, can_subset=True, pool=WRITER_POOL)
    def models(
        context: dg.AssetExecutionContext, project: Project
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        with turn(context):
            current = project.config()
            selected = {key.path[-1] for key in context.selected_asset_keys}
            report = run(context, current, catalog, sorted({catalog.step_of(name).name for name in selected}))
            for check in report.result.checks:
                if dg.AssetCheckKey(model_key(check.model), check.name) in context.selected_asset_check_keys:
                    yield _check_result(catalog.models[check.model], check)
            if report.result.failed:
                names = ", ".join(f"{check.model}.{check.name}" for check in report.result.failed)
                raise dg.Failure(f"checks failed, no table was replaced: {names}", allow_retries=False)
            shown = charts_of(context, current, [made.name for made in report.result.made])
            for name, plain in _metadata(current, catalog, report).items():
                metadata = {**plain, **shown.get(name, {})}
                if name in selected:
                    yield dg.MaterializeResult(asset_key=model_key(name), metadata=metadata)
                else:  # a Python model makes all of its tables at once, and what was never made is made when it is read
                    context.log_event(dg.AssetMaterialization(model_key(name), metadata=metadata))

    return models


def _rule_of(model: Model, check: Check) -> str:
    """The description of a check: its SQL, which finds wrong rows, or a sentence for checks of keys."""
    if check.sql:
        return f"{'This query finds' if check.is_query else 'This holds for'} rows that are wrong: `{check.sql}`"
    keys = ", ".join(f"`{key}`" for key in model.keys)
    return f"{_RULES_OF_KEYS[check.name]} {keys}."


def run(context: dg.AssetExecutionContext, config: Config, catalog: Catalog, steps: list[str]) -> ModelsReport:
    """Run the job with the models that Dagster has defined."""
    report = run_models(config, datetime.now(UTC), steps, catalog, with_missing=True)
    context.log.info(f"made {len(report.result.made)} models as of {report.as_of}")
    return report


def _spec(config: Config, catalog: Catalog, model: Model) -> dg.AssetSpec:
    reads = catalog.reads(model.name)
    deps = {key for name in reads for key in _keys_of(config, catalog, name)}
    columns = [dg.TableColumn(c.name, c.type, description=c.description) for c in model.columns]
    return dg.AssetSpec(
        model_key(model.name),
        deps=sorted(deps),
        description=f"{model.description}\n\n{model.grain[0].upper()}{model.grain[1:]}.",
        group_name=GROUP,
        kinds={"duckdb", "table", "python" if model.made_by else "sql"},
        metadata={
            "dagster/table_name": f"{config.warehouse.path.stem}.{config.models.schema_name}.{model.name}",
            "dagster/column_schema": dg.TableSchema(columns=columns),
        },
        automation_condition=FOLLOWS,
    )


def _keys_of(config: Config, catalog: Catalog, name: str) -> list[dg.AssetKey]:
    """The assets that a model reads: another model, tables of every source, or an external table."""
    if name in catalog.models:
        return [model_key(name)]
    given = catalog.inputs[name]
    if given.is_external:
        return [model_key(name)] if _origin(config, given) else []
    return [dg.AssetKey([schema, asset]) for schema, asset, _ in _source_tables(config, given)]


def _source_tables(config: Config, given: Input) -> list[tuple[str, str, str]]:
    """Schema, asset and table of each table that an input may read. Event tables share an asset."""
    tables = tables_of(given, parameters_of(config.models, datetime.now(UTC)))
    return [
        (schema_of(source), table if table in DESCRIPTIONS and given.call else EVENTS, table)
        for source in config.sources
        for table in tables
    ]


def _origin(config: Config, given: Input) -> str | None:
    return config.models.inputs.get(given.bare_name)


def _external(config: Config, catalog: Catalog) -> list[dg.AssetSpec]:
    """The assets of external tables that the configuration names."""
    return [
        dg.AssetSpec(
            model_key(given.name),
            description=given.description,
            group_name="inputs",
            metadata={"origin": origin},
        )
        for given in catalog.inputs.values()
        if given.is_external and (origin := _origin(config, given))
    ]


def _metadata(config: Config, catalog: Catalog, report: ModelsReport) -> dict[str, dict[str, Any]]:
    return {
        made.name: {
            "dagster/row_count": made.rows,
            "dagster/column_lineage": _lineage(config, catalog, made.name),
            "seconds": round(made.seconds, 3),
            "as_of": report.as_of.isoformat(),
            **({} if made.keys_recomputed is None else {"keys_recomputed": made.keys_recomputed}),
            **made.facts,
        }
        for made in report.result.made
    }


def _lineage(config: Config, catalog: Catalog, name: str) -> dg.TableColumnLineage:
    """The columns of assets behind each column. Inputs are followed to the tables of the sources."""
    deps: dict[str, list[dg.TableColumnDep]] = {}
    for column, origins in column_lineage(catalog, name).items():
        found = [dep for origin in origins for dep in _column_deps(config, catalog, origin.table, origin.column)]
        deps[column] = list(dict.fromkeys(found))
    return dg.TableColumnLineage(deps_by_column=deps)


def _column_deps(config: Config, catalog: Catalog, table: str, column: str) -> list[dg.TableColumnDep]:
    given = catalog.inputs.get(table)
    if given is None or given.is_external:
        return [dg.TableColumnDep(model_key(table), column)] if given is None or _origin(config, given) else []
    taken = next((declared.taken_from for declared in given.declared if declared.name == column), (column,))
    return [
        dg.TableColumnDep(dg.AssetKey([schema, asset]), name if asset != EVENTS else f"{source_table}.{name}")
        for schema, asset, source_table in _source_tables(config, given)
        for name in taken
        if column not in ("source", "call")
    ]


def _check_result(model: Model, check: CheckResult) -> dg.AssetCheckResult:
    """The number and keys of the rows that failed, without other values, which may be personal."""
    metadata: Mapping[str, Any] = {"failures": check.failures}
    if check.missing is not None:
        metadata = {**metadata, "not_asked_without": check.missing}
    shown = [index for index, column in enumerate(check.columns) if column in model.keys]
    if check.rows and shown:
        records = [{check.columns[index]: str(row[index]) for index in shown} for row in check.rows]
        metadata = {**metadata, "examples": dg.MetadataValue.table([dg.TableRecord(record) for record in records])}
    return dg.AssetCheckResult(
        asset_key=model_key(model.name),
        check_name=check.name,
        passed=check.passed,
        severity=dg.AssetCheckSeverity.WARN if check.severity == "warn" else dg.AssetCheckSeverity.ERROR,
        metadata=metadata,
    )
