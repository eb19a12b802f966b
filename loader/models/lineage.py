"""Column lineage, from the SQL: the columns of models and inputs from which each column of a model is computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from loader.models.catalog import Catalog
from loader.models.render import DIALECT, SQL_TYPES, Tree, tables_read


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A column from which another one is computed."""

    table: str
    column: str


def column_lineage(catalog: Catalog, model: str) -> Mapping[str, tuple[Origin, ...]]:
    """For each column of a model, the columns it is computed from, sorted. Empty for a Python model.

    Columns that only appear in conditions or joins are not part of the lineage.
    """
    query = catalog.queries.get(model)
    if query is None:
        return {}
    schema: dict[str, object] = {
        table.name: {column.name: SQL_TYPES[column.type] for column in catalog.columns(table.name)}
        for table in tables_read(query)
    }
    try:
        qualified = qualify(query.copy(), dialect=DIALECT, schema=schema, validate_qualify_columns=False)
        scope = build_scope(qualified)
    except SqlglotError:
        return {}
    found = {}
    for column in catalog.models[model].column_names:
        try:
            # Only the leaves are used, and trimming and copying the selects between would take most of the time.
            node = lineage(
                column, qualified, schema=schema, scope=scope, dialect=DIALECT, trim_selects=False, copy=False
            )
        except (SqlglotError, ValueError):
            continue
        found[column] = tuple(sorted(set(_origins(node, catalog))))
    return found


def _origins(node: Node, catalog: Catalog) -> Iterator[Origin]:
    for leaf in node.walk():
        source: Tree = leaf.expression
        if not leaf.downstream and isinstance(source, exp.Table) and _is_known(source.name, catalog):
            yield Origin(source.name, exp.to_column(leaf.name).name)


def _is_known(name: str, catalog: Catalog) -> bool:
    return name in catalog.models or name in catalog.inputs
