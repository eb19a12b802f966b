"""Identifiers that a project configures: external ids of the context, and keys of traits and properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from loader.core.dialect import DUCKDB, literal
from loader.core.naming import column_name
from loader.core.plan import SchemaTables
from loader.core.tables import CALL_TABLE, STANDARD_TABLES
from loader.models.context import Context
from loader.models.inputs import Input, InputColumn, input_query

_TRAIT_CALLS = ("identify",)
_PROPERTY_CALLS = ("page", "screen")


def custom_identifiers(context: Context, inputs: Mapping[str, str]) -> list[tuple[str, str]]:
    """The type and query of (source, call, id, value) for every configured origin that has a column."""
    settings = context.settings.identity
    found: list[tuple[str, str]] = []
    for kind in settings.types:
        for origin in settings.custom.get(kind, ()):
            queries = _external(kind, inputs) if origin == "external_ids" else _columns(origin, context.sources)
            found += [(kind, query) for query in queries]
    return found


def _external(kind: str, inputs: Mapping[str, str]) -> Iterator[str]:
    """The entries of context.externalIds that are complete, about users, and not encoded."""
    for table in inputs.values():
        yield (
            "select source, call, id, entry ->> '$.id' as value from (select source, call, id, "
            "unnest(json_extract(case when json_valid(external_ids) then external_ids end, '$[*]')) as entry "
            f"from {table} where external_ids is not null) where lower(entry ->> '$.type') = {literal(kind)} "
            "and entry ->> '$.collection' = 'users' and entry ->> '$.encoding' = 'none'"
        )


def _columns(origin: str, sources: Mapping[str, SchemaTables]) -> Iterator[str]:
    """The column of a key in each table that may have it."""
    path = tuple(origin.split("."))
    for schema, tables in sources.items():
        for table, columns in tables.items():
            call = next((call for call, name in CALL_TABLE.items() if name == table), None)
            if not _may_have(path, call, table):
                continue
            name = column_name(path, call or "track", DUCKDB.identifier_bytes)
            if not any(column == name or column.startswith(f"{name}__v_") for column in columns):
                continue
            value = InputColumn("value", "text", (name,), "")
            events = () if call is not None else (table,)
            given = Input("input_custom", Path(), "", (value,), call, events)
            query = input_query(given, {schema: {table: columns}}, {})
            yield f"select source, call, id, value from ({query})"


def _may_have(path: tuple[str, ...], call: str | None, table: str) -> bool:
    if path[0] == "context":
        return call is not None
    if path[0] == "traits":
        return call in _TRAIT_CALLS
    return call in _PROPERTY_CALLS or (call is None and table not in STANDARD_TABLES)
