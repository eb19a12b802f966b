"""Computes users and accounts from identifies and groups: the latest value of every column, for touched owners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from loader.core.columns import ColumnType
from loader.core.dialect import WHITE_SPACE, beside_row_number, identifier, literal, numbered, widened_sql
from loader.core.messages import table_excluded
from loader.core.naming import is_envelope, payload_name
from loader.core.plan import WantedColumn
from loader.core.tables import LATEST, NULLS, PROVENANCE, call_target, latest_target
from loader.normalize.columns.settle import core_columns
from loader.normalize.columns.tables import Rules
from loader.normalize.columns.values import FAMILIES, SQL_TYPE

_CONTEXT_TRAITS = "context_traits_"


def latest_columns(call: str, columns: Mapping[str, str], rules: Rules) -> list[WantedColumn]:
    """The columns of users or accounts, from those of identifies or groups."""
    target = latest_target(call)
    wanted = {column.name: column for column in core_columns(target)}
    for group in _groups(call, columns, rules):
        for name, sql_type in group.columns.items():
            wanted.setdefault(name, WantedColumn(name, sql_type))
    return list(wanted.values())


def moves_values(call: str, before: Mapping[str, str], after: Mapping[str, str], rules: Rules) -> bool:
    """Whether new columns of the history move values of existing rows to another column.

    A context trait moves if the trait of its name is sent itself, with another type.
    """
    filled = _filled(call, after, rules)
    return any(filled.get(name) != column for name, column in _filled(call, before, rules).items())


def _filled(call: str, columns: Mapping[str, str], rules: Rules) -> dict[str, tuple[str, str]]:
    """Context trait → the column that it fills, and its type."""
    groups = _groups(call, columns, rules)
    return {name: (target, group.columns[target]) for group in groups for name, target in group.stand_in.items()}


class _Group:
    """A base column and its variants, which are one value, and the context trait that may fill it."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.columns: dict[str, str] = {}
        self.stand_in: dict[str, str] = {}
        """Target column → column of the context trait that gives it."""
        self.is_own = False

    def is_single(self, may_clear: bool) -> bool:
        """Whether the latest value of the group is a single value rather than a struct of its columns."""
        return len(self.columns) == 1 and not may_clear and not self.stand_in

    def latest(self, columns: Mapping[str, str], may_clear: bool) -> str:
        """The latest value, or struct of values, of calls `h` with their `c.position`; null if no call has one."""
        names = [name for name in self.columns if name in columns]
        if self.is_single(may_clear):
            return f"arg_max({_of_call(names[0])}, c.position)"
        has_own = " or ".join(f"{_of_call(name)} is not null" for name in names) or "false"
        sources: dict[str, str] = {}
        for target, sql_type in self.columns.items():
            own = _of_call(target) if target in columns else "null"
            given = [
                widened_sql(_of_call(name), columns[name], sql_type)
                for name, to in self.stand_in.items()
                if to == target
            ]
            stand_in = f"coalesce({', '.join(given)})" if given else "null"
            sources[target] = f"case when {has_own} then {own} else {stand_in} end"
        has = " or ".join([has_own, *(f"{_of_call(name)} is not null" for name in self.stand_in)])
        if may_clear:
            has += f" or list_contains(from_json({_of_call(NULLS)}, '[\"VARCHAR\"]'), {literal(self.base)})"
        fields = ", ".join(f"{literal(target)}: {sql}" for target, sql in sources.items())
        return f"arg_max({{{fields}}}, c.position) filter (where {has})"


def _of_call(column: str) -> str:
    return f"h.{identifier(beside_row_number(column))}"


def _groups(call: str, columns: Mapping[str, str], rules: Rules) -> list[_Group]:
    """The groups of context and traits, without envelope columns and columns that are excluded from the table."""
    excluded = table_excluded(rules.excluded, LATEST[call][0])
    own = {*call_target(call).core, *PROVENANCE, NULLS, "id", "loaded_at"}
    found: dict[str, _Group] = {}
    for name, sql_type in columns.items():
        if name in own:
            continue
        base, suffix = _split(name)
        group = found.setdefault(base, _Group(base))
        group.columns[base + suffix] = sql_type
        group.is_own = True
    if rules.users_from_context_traits and call == "identify":
        for name, sql_type in columns.items():
            base, suffix = _split(name)
            if base.startswith(_CONTEXT_TRAITS):
                base = payload_name(base.removeprefix(_CONTEXT_TRAITS), call, rules.reserved)
                group = found.setdefault(base, _Group(base))
                target = base + suffix
                if group.columns.get(target, sql_type) != sql_type:
                    target = f"{base}__v_text"
                group.columns.setdefault(target, sql_type if target != f"{base}__v_text" else "VARCHAR")
                group.stand_in[name] = target
    return [each for each in found.values() if each.base not in excluded and not is_envelope(each.base, rules.reserved)]


def _split(name: str) -> tuple[str, str]:
    for family in FAMILIES:
        suffix = f"__v_{family}"
        if name.endswith(suffix):
            return name.removesuffix(suffix), suffix
    return name, ""


_ORDER = 'h.received_at, h."timestamp", h.id as message_id'


@dataclass(frozen=True, slots=True)
class Owners:
    """The owners (users or accounts) whose rows are recomputed, and which of their calls are new."""

    table: str
    """Columns id, since; an id may be there more than once. `since` is when the earliest new call was received, or
    `-infinity` when calls are gone too."""
    first_object: int = 0
    """New calls come from objects with this number or a greater one."""


class LatestQuery:
    """The SQL that makes rows of `users` or `accounts` of the rows of `identifies` or `groups`."""

    def __init__(self, schema: str, call: str, columns: Mapping[str, str], rules: Rules) -> None:
        """`columns` of the history, name → type, in their order."""
        table, id_column = LATEST[call]
        self.clears_nulls = rules.null_traits == "clear"
        self._columns = columns
        self._groups = _groups(call, columns, rules)
        self.owner = f"h.{identifier(id_column)}"
        """The owner of a call, in SQL."""
        self.columns = {"received_at": SQL_TYPE[ColumnType.TIMESTAMP]}
        """Of the rows, name → type, but for `id` and `uuid_ts`."""
        for group in self._groups:
            self.columns |= group.columns
        self.into = f"{schema}.{identifier(table)}"
        self.history = numbered(f"{schema}.{identifier(call_target(call).name)}", columns, "h")
        """As `h` of a FROM clause."""

    def made_anew(self, nulls: frozenset[str], share: int = 0, shares: int = 1) -> str:
        """The rows that all calls together make, for one of so many shares of the owners."""
        return (
            f"with judged as (select null as id, false as is_whole where false), calls as materialized (select call, "
            f'row_number() over (partition by id order by received_at, "timestamp", message_id) as position from '
            f"(select h.rowid as call, {self.owner} as id, {_ORDER} from {self.history} "
            f"where hash({self.owner}) % {shares} = {share})) {self.rows('judged', 'calls', None, nulls)}"
        )

    def nulls(self, calls: str = "") -> str:
        """The columns that some of the calls, by default all, sent as an explicit null. `calls` joins the chosen ones."""
        return (
            f"select distinct unnest(from_json(h.{identifier(NULLS)}, '[\"VARCHAR\"]')) from {self.history} {calls} "
            f"where h.{identifier(NULLS)} is not null"
        )

    def rows(self, judged: str, calls: str, uuid_ts: datetime | None, nulls: frozenset[str]) -> str:
        """The rows of the owners in `judged`, made of `calls` with their position, and of the row that is there."""
        latest = [f"{self.owner} as id", "max(h.received_at) as received_at"]
        at = literal(None if uuid_ts is None else uuid_ts.isoformat())
        rows = ["n.id", "n.received_at", f"{at}::timestamptz as uuid_ts"]
        for number, group in enumerate(self._groups):
            value = f"n.value_{number}"
            latest.append(f"{group.latest(self._columns, group.base in nulls)} as value_{number}")
            for name in group.columns:
                own = identifier(name)
                new = value if group.is_single(group.base in nulls) else f"struct_extract({value}, {literal(name)})"
                rows.append(f"case when {value} is not null then {new} else u.{own} end as {own}")
        return (
            f"select {', '.join(rows)} from (select {', '.join(latest)} from {self.history} "
            f"join {calls} as c on c.call = h.rowid where trim({self.owner}, {WHITE_SPACE}) <> '' group by 1) as n "
            f"left join (select u.* from {self.into} as u join {judged} as o on o.id = u.id where not o.is_whole) as u "
            f"on u.id = n.id"
        )


class Latest:
    """Computes rows of `users` or `accounts` from rows of `identifies` or `groups`."""

    def __init__(
        self,
        engine: duckdb.DuckDBPyConnection,
        schema: str,
        call: str,
        columns: Mapping[str, str],
        rules: Rules,
    ) -> None:
        """`columns` of the history, name → type, in their order."""
        self._engine = engine
        self._query = LatestQuery(schema, call, columns, rules)

    def recompute(self, owners: Owners, uuid_ts: datetime) -> None:
        """Recompute the rows of owners.

        If all new calls are later than those from which a row was made, only the new calls are read.
        """
        judged, calls, made = (f"{owners.table}_{what}" for what in ("judged", "calls", "made"))
        execute, query = self._engine.execute, self._query
        # A transaction writes to one database, and to temporary tables.
        execute(
            f"create or replace temp table {judged} as select t.id, u.received_at as until, "
            f"u.id is not null and coalesce(t.since <= u.received_at, true) as is_whole "
            f"from (select id, min(since) as since from {owners.table} group by id) as t "
            f"left join {query.into} as u on u.id = t.id"
        )
        # A number per call is compared faster, for every column, than the three values that it stands for.
        given = f"select h.rowid as call, {query.owner} as id, {_ORDER} "
        given += f"from {query.history} join {judged} as o on o.id = {query.owner}"
        execute(
            f"create or replace temp table {calls} as select call, row_number() over (partition by id order by received_at, "
            f'"timestamp", message_id) as position from ({given} where o.is_whole union all {given} where not o.is_whole '
            f"and h._object >= {owners.first_object} and (o.until is null or h.received_at > o.until))"
        )
        nulls = self._nulls(calls) if query.clears_nulls else frozenset[str]()
        execute(f"create or replace temp table {made} as {query.rows(judged, calls, uuid_ts, nulls)}")
        execute(f"delete from {query.into} where id in (select id from {judged})")
        execute(f"insert into {query.into} by name select * from {made}")
        for table in (judged, calls, made):
            execute(f"drop table {table}")

    def _nulls(self, calls: str) -> frozenset[str]:
        rows = self._engine.execute(self._query.nulls(f"join {calls} as c on c.call = h.rowid")).fetchall()
        return frozenset(name for (name,) in rows)
