"""Prepares the state tables before a job writes: creates or upgrades them and their view."""

from __future__ import annotations

from datetime import datetime

from loader.config import Config, SourceSettings
from loader.core.dialect import DUCKDB, identifier, literal
from loader.core.naming import schema_name
from loader.core.tables import CALL_TABLE
from loader.errors import ConfigError
from loader.inventory import schema_of
from loader.warehouses.duckdb import ALIAS, DuckDBWarehouse


def open_state(warehouse: DuckDBWarehouse, config: Config, now: datetime) -> None:
    """Create the state tables, or upgrade them to this version. The warehouse must be attached.

    Raises TerminalError if a newer version wrote them.
    """
    if warehouse.migrate(now):
        define_conflicts(warehouse, config)


def guard_name(warehouse: DuckDBWarehouse, source: SourceSettings) -> None:
    """Raises ConfigError if the schema of a source has rows of a source with another name for the same schema."""
    schema = schema_of(source)
    others = warehouse.engine.execute(
        f"select distinct source from {warehouse.state('objects')} where source <> ? order by source", [source.name]
    ).fetchall()
    for (other,) in others:
        if schema_name(other, DUCKDB.identifier_bytes) == schema:
            raise ConfigError(
                f"the schema {schema!r} of the source {source.name!r} already holds the source {other!r}",
                "sources[].name",
                f"name the source {other!r} again, or give it a name with another schema: that is a new source",
            )


def define_conflicts(warehouse: DuckDBWarehouse, config: Config) -> None:
    """Define the view of copies whose content differs from their row, over the tables that exist now."""
    system, engine = config.system_schema, warehouse.engine
    schemas = {source.name: schema_of(source) for source in config.sources}
    tables = {schema: warehouse.catalogue(schema) for schema in schemas.values()}
    branches = [
        f"select c.*, t._fingerprint as row_fingerprint from {identifier(system)}.copies as c "
        f"join {identifier(schema, CALL_TABLE[call])} as t on t.id = c.id "
        f"where c.source = {literal(source)} and c.call = {literal(call)} and c.fingerprint <> t._fingerprint"
        for source, schema in schemas.items()
        for call in CALL_TABLE
        if "_fingerprint" in tables[schema].get(CALL_TABLE[call], {})
    ]
    empty = f"select c.*, c.fingerprint as row_fingerprint from {identifier(system)}.copies as c where false"
    engine.execute(f"use {ALIAS}")
    try:
        engine.execute(
            f"create or replace view {identifier(system)}.conflicts as {' union all '.join(branches or [empty])}"
        )
    finally:
        engine.execute("use memory.main")
