"""identifies and groups → users and accounts: the latest value of every column, recomputed for whoever was touched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from loader.core.dialect import identifier, literal
from loader.core.naming import CORE_NAMES, KEYWORDS
from loader.core.plan import WantedColumn
from loader.core.tables import LATEST, NULLS, PROVENANCE, call_target, latest_target
from loader.normalize.settle import core_columns
from loader.normalize.values import FAMILIES

_CONTEXT_TRAITS = "context_traits_"
_RANK = 'row_number() over (order by received_at, "timestamp", id)'
"""A number per row is compared faster, for every column, than the three values that it stands for."""


def latest_columns(call: str, columns: Mapping[str, str], from_context: bool) -> list[WantedColumn]:
    """Columns of users or accounts, from those of identifies or groups."""
    target = latest_target(call)
    wanted = {column.name: column for column in core_columns(target)}
    for group in _groups(call, columns, from_context):
        for name, sql_type in group.columns.items():
            wanted.setdefault(name, WantedColumn(name, sql_type))
    return list(wanted.values())


class _Group:
    """A base column with its variants, which are one value; and the context trait that stands in for it."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.columns: dict[str, str] = {}
        self.stand_in: dict[str, str] = {}
        """Target column → column of the context trait that gives it."""
        self.is_own = False


def _groups(call: str, columns: Mapping[str, str], from_context: bool) -> list[_Group]:
    own = {*call_target(call).core, *PROVENANCE, NULLS, "id", "loaded_at"}
    found: dict[str, _Group] = {}
    for name, sql_type in columns.items():
        if name in own:
            continue
        base, suffix = _split(name)
        group = found.setdefault(base, _Group(base))
        group.columns[base + suffix] = sql_type
        group.is_own = True
    if from_context and call == "identify":
        for name, sql_type in columns.items():
            if name.startswith(_CONTEXT_TRAITS):
                base, suffix = _split(name.removeprefix(_CONTEXT_TRAITS))
                base = f"_{base}" if base in CORE_NAMES or base in KEYWORDS or base[:1].isdigit() else base
                group = found.setdefault(base, _Group(base))
                target = base + suffix
                if group.columns.get(target, sql_type) != sql_type:
                    target = f"{base}__v_text"
                group.columns.setdefault(target, sql_type if target != f"{base}__v_text" else "VARCHAR")
                group.stand_in[name] = target
    return list(found.values())


def _split(name: str) -> tuple[str, str]:
    for family in FAMILIES:
        suffix = f"__v_{family}"
        if name.endswith(suffix):
            return name.removesuffix(suffix), suffix
    return name, ""


def recompute(
    call: str,
    schema: str,
    columns: Mapping[str, str],
    touched: str,
    uuid_ts: datetime,
    clears_nulls: bool,
    nulls: frozenset[str],
    from_context: bool,
) -> list[str]:
    """Statements that replace the rows of touched owners. `touched` is a query of ids; `nulls` are the columns that
    some touched row sent as an explicit null."""
    table, owner = LATEST[call]
    into, history = f"{schema}.{identifier(table)}", f"{schema}.{identifier(call_target(call).name)}"
    selected = {
        "id": identifier(owner),
        "received_at": "max(received_at)",
        "uuid_ts": f"{literal(uuid_ts.isoformat())}::timestamptz",
    }
    for group in _groups(call, columns, from_context):
        selected |= _values(group, columns, clears_nulls and group.base in nulls)
    names = ", ".join(identifier(name) for name in selected)
    return [
        f"delete from {into} where id in ({touched})",
        f"insert into {into} ({names}) select {', '.join(selected.values())} from "
        f"(select *, {_RANK} as rank from {history} where {identifier(owner)} in ({touched}) "
        f"and trim({identifier(owner)}, {WHITE}) <> '') group by {identifier(owner)}",
    ]


WHITE = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"


def _values(group: _Group, columns: Mapping[str, str], may_clear: bool) -> dict[str, str]:
    names = [name for name in group.columns if name in columns]
    if len(group.columns) == 1 and not may_clear and not group.stand_in:
        return {names[0]: f"arg_max({identifier(names[0])}, rank)"}
    has_own = " or ".join(f"{identifier(name)} is not null" for name in names) or "false"
    sources: dict[str, str] = {}
    for target, sql_type in group.columns.items():
        own = identifier(target) if target in columns else "null"
        given = [name for name, to in group.stand_in.items() if to == target]
        stand_in = f"coalesce({', '.join(f'{identifier(name)}::{sql_type}' for name in given)})" if given else "null"
        sources[target] = f"case when {has_own} then {own} else {stand_in} end"
    has = " or ".join([has_own, *(f"{identifier(name)} is not null" for name in group.stand_in)])
    if may_clear:
        has += f" or list_contains(from_json({identifier(NULLS)}, '[\"VARCHAR\"]'), {literal(group.base)})"
    fields = ", ".join(f"{literal(target)}: {sql}" for target, sql in sources.items())
    chosen = f"arg_max({{{fields}}}, rank) filter (where {has})"
    return {target: f"struct_extract({chosen}, {literal(target)})" for target in sources}


def nulls_of(call: str, schema: str, touched: str) -> str:
    """A query of the columns that rows of touched owners sent as an explicit null."""
    _, owner = LATEST[call]
    history = f"{schema}.{identifier(call_target(call).name)}"
    return (
        f"select distinct unnest(from_json({identifier(NULLS)}, '[\"VARCHAR\"]')) from {history} "
        f"where {identifier(NULLS)} is not null and {identifier(owner)} in ({touched})"
    )
