"""Decides the type of every column of a batch, and its variants, from evidence and existing tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from loader.core.columns import ColumnType, Kind, Stored, new_type, widened
from loader.core.dialect import hash_of_id
from loader.core.plan import WantedColumn
from loader.core.samples import KeyPath
from loader.core.tables import ID_HASH, NULLS, PROVENANCE, Target
from loader.normalize.columns.probe import Probe, having
from loader.normalize.columns.tables import Rules, TableBatch
from loader.normalize.columns.values import FAMILIES, SQL_TYPE, TYPE_OF, ColumnBatch, judged, variant_values
from loader.normalize.messages.stage import Stage

StoredBounds = Callable[[str, str], Stored]
"""Largest magnitude that a column of a table holds: (table, column) → bounds."""


@dataclass(frozen=True, slots=True)
class Existing:
    """Existing tables of the warehouse, with their columns and types."""

    tables: Mapping[str, Mapping[str, str]]
    bounds: StoredBounds


def settle(stage: Stage, batch: TableBatch, existing: Existing, rules: Rules) -> list[WantedColumn]:
    """Decide every column of a table. Returns the columns that it needs, with their types."""
    there = existing.tables.get(batch.target.name, {})
    _cap(batch, there, rules)
    types = {name: TYPE_OF.get(there[name], ColumnType.OTHER) for name in batch.columns if name in there}
    Probe(stage, batch).ask(types)
    for name, column in batch.columns.items():
        column.column_type = _type(column, types.get(name), batch.target.name, existing.bounds, rules)
        is_other = column.column_type is ColumnType.OTHER
        column.sql_type = there[name] if is_other else SQL_TYPE[column.column_type]
        column.settle()
    _read_alike(batch)
    misfits = [column for column in batch.columns.values() if column.has_misfits]
    for column in misfits:
        column.variants = {
            family: there.get(f"{column.name}__v_{family}", sql_type) for family, sql_type in _variant_types(column)
        }
        # Filling an existing variant costs less than finding out whether it is needed.
        if rules.on_conflict != "discard":
            column.wanted_variants = {
                family for family in FAMILIES if f"{column.name}__v_{family}" in there and column.may_have(family)
            }
    if rules.on_conflict != "discard":
        _find_variants(stage, batch, misfits, rules)
    return [*core_columns(batch.target), *_payload_columns(batch)]


def _read_alike(batch: TableBatch) -> None:
    """Read a leaf that two columns share, such as the sender's address, in the same way: as JSON if they differ."""
    wanted = {path: {"VARCHAR"} for path in batch.absorbed}
    for column in batch.columns.values():
        for path in column.paths:
            wanted.setdefault(path, set()).add(column.read_type)
    for column in batch.columns.values():
        column.has_misfits = column.has_misfits or any(len(wanted[path]) > 1 for path in column.paths)


def core_columns(target: Target) -> list[WantedColumn]:
    """The columns with which the table is created."""
    columns = [WantedColumn(name, SQL_TYPE[kind], is_core=True) for name, kind in target.core.items()]
    if target.is_call_table:
        filled = {ID_HASH: hash_of_id("id")}
        columns += [
            WantedColumn(name, sql_type.upper(), is_core=True, filled_with=filled.get(name))
            for name, sql_type in PROVENANCE.items()
        ]
        if target.call in ("identify", "group"):
            columns.append(WantedColumn(NULLS, "VARCHAR", is_core=True))
    return columns


def _payload_columns(batch: TableBatch) -> Iterable[WantedColumn]:
    for column in batch.columns.values():
        yield WantedColumn(column.name, column.sql_type)
        for family in FAMILIES:
            if family in column.wanted_variants:
                yield WantedColumn(f"{column.name}__v_{family}", column.variants[family])


def _cap(batch: TableBatch, there: Mapping[str, str], rules: Rules) -> None:
    """Limit the columns of a table: new ones are admitted in order of their names, until the table is full."""
    own = {column.name for column in core_columns(batch.target)}
    room = rules.column_cap - len({name for name in there if "__v_" not in name} | own)
    new = sorted(name for name in batch.columns if name not in there)
    for name in new[max(room, 0) :]:
        batch.overflow[name] = batch.columns.pop(name)


def _type(
    column: ColumnBatch, existing: ColumnType | None, table: str, bounds: StoredBounds, rules: Rules
) -> ColumnType:
    evidence = column.evidence
    if existing is None:
        return new_type(evidence, rules.on_conflict)
    may_widen = existing in (ColumnType.INT, ColumnType.DECIMAL) and evidence.kinds & {Kind.FLOAT, Kind.HUGE}
    stored = bounds(table, column.name) if may_widen else Stored(0)
    return widened(existing, evidence, stored, rules.on_conflict)


def _variant_types(column: ColumnBatch) -> Iterable[tuple[str, str]]:
    kinds = column.evidence.kinds
    is_whole = column.column_type is ColumnType.FLOAT or (Kind.FLOAT not in kinds and Kind.HUGE in kinds)
    yield "bool", SQL_TYPE[ColumnType.BOOL]
    yield "num", SQL_TYPE[ColumnType.DECIMAL if is_whole else ColumnType.FLOAT]
    yield "ts", SQL_TYPE[ColumnType.TIMESTAMP]
    yield "text", SQL_TYPE[ColumnType.TEXT]


def _find_variants(stage: Stage, batch: TableBatch, misfits: list[ColumnBatch], rules: Rules) -> None:
    """Find the variant columns for which rows of this batch have values."""
    if not misfits:
        return
    asked = [
        (column, family, sql)
        for column in misfits
        for family, sql in variant_values(column, rules.timestamp).items()
        if family not in column.wanted_variants
    ]
    if not asked:
        return
    types = read_types(misfits)
    with stage.rows(f"{batch.condition} and {having(misfits)}", ["specials"], types) as rows:
        reader = batch.reader(types, rows.leaves)
        (row,) = stage.engine.execute(
            f"select {', '.join(f'count({sql})' for _, _, sql in asked)} from {judged(rows.name, misfits, reader)}"
        ).fetchall()
    for (column, family, _), count in zip(asked, row, strict=True):
        if count:
            column.wanted_variants.add(family)


def read_types(columns: Iterable[ColumnBatch]) -> dict[KeyPath, str]:
    """How the leaves of columns are read."""
    return {path: column.read_type for column in columns for path in column.paths}
