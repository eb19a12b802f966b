"""Turns the `load` section of a source into the rules by which messages become rows."""

from __future__ import annotations

from loader.config.settings import LoadSettings
from loader.core.dialect import DUCKDB
from loader.normalize.columns.tables import Rules


def rules_of(load: LoadSettings) -> Rules:
    """The rules for these settings, on DuckDB."""
    return Rules(
        excluded=frozenset(load.exclude),
        reserved=frozenset(load.envelope_columns),
        null_traits=load.null_traits,
        takes_days=load.date_only != "text",
        users_from_context_traits=load.users_from_context_traits,
        on_conflict=load.on_conflict,
        column_cap=load.column_cap,
        table_cap=load.table_cap,
        raw_events=load.raw_events,
        identifier_bytes=DUCKDB.identifier_bytes,
    )
