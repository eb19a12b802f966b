"""Everything that Dagster shows, from the same configuration file as the command line."""

from pathlib import Path

import dagster as dg

from dagster_defs.assets import archive_asset, load_assets
from dagster_defs.checks import source_checks
from dagster_defs.jobs import complete_job, load_job, published_asset
from dagster_defs.models import model_key, models_catalog, models_definitions
from dagster_defs.resources import Project
from dagster_defs.schedules import archive_sensor, source_schedules
from loader.config import find_config, load_config


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions of LOADER_CONFIG, or of ./loader.yaml."""
    return build_definitions(find_config())


def build_definitions(config_file: Path) -> dg.Definitions:
    """The definitions of one configuration file. Reads this file and the models, but no archive and no warehouse."""
    config = load_config(config_file)
    catalog = models_catalog(config)
    published = [] if config.publish is None else [published_asset(config, map(model_key, catalog.models))]
    parts = [dg.Definitions(assets=published, resources={"project": Project(config_file=str(config_file.absolute()))})]
    parts.append(models_definitions(config, catalog))
    for source in config.sources:
        job, complete = load_job(source), complete_job(source)
        parts.append(
            dg.Definitions(
                assets=[archive_asset(source), load_assets(source, config)],
                asset_checks=[source_checks(source)],
                jobs=[job] if complete is None else [job, complete],
                sensors=[archive_sensor(source, job)],
                schedules=source_schedules(source, job, complete),
            )
        )
    return dg.Definitions.merge(*parts, dg.Definitions(executor=dg.in_process_executor))
