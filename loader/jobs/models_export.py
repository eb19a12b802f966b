"""Writes the models as a dbt project into a folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from loader.config import Config
from loader.core.plan import SchemaTables
from loader.errors import ConfigError
from loader.inventory import schema_of
from loader.jobs.models import catalog_of, open_for_reading
from loader.jobs.textfiles import write_texts
from loader.models.dbt import MARKER, Export, project_files
from loader.models.external import call_tables_in
from loader.models.parameters import parameters_of
from loader.warehouses.duckdb import ALIAS


def export_dbt(config: Config, now: datetime, folder: Path, dialect: str) -> list[str]:
    """Write the project; return the written paths, relative to the folder. Replaces an earlier export there.

    An input becomes the union of the tables that the sources have now. Raises ConfigError if a file that is not from an
    export is in the way, or if loader would read the export as models of the user.
    """
    export = Export(
        catalog=catalog_of(config, now),
        parameters=parameters_of(config.models, now),
        schema=config.models.schema_name,
        sources=_sources(config),
        dialect=dialect,
        warehouse=str(config.warehouse.path.absolute()),
    )
    files = project_files(export)
    own = config.models.folder.resolve()
    for name in files:
        if (folder / name).resolve().parent == own:
            raise ConfigError("its models would be among your own models", str(own), "choose another folder")
        if (folder / name).exists() and not _is_ours(folder / name):
            raise ConfigError("the file is not from an export", str(folder / name), "choose another folder")
    for old in [*folder.rglob("*.sql"), *folder.rglob("*.yml")]:
        if str(old.relative_to(folder)) not in files and _is_ours(old):
            old.unlink()
    write_texts(folder, files, "the project")
    return sorted(files)


def _sources(config: Config) -> dict[str, SchemaTables]:
    schemas = [schema_of(source) for source in config.sources]
    with open_for_reading(config, schemas) as connection:
        return {schema: call_tables_in(connection, schema, ALIAS) for schema in schemas}


def _is_ours(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return MARKER in file.readline()
