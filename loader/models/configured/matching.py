"""Finds the calls that a condition or computed trait counts: an input with the properties it needs, and a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from loader.config.models.conditions import PropertyCondition
from loader.core.dialect import DUCKDB
from loader.core.naming import column_name
from loader.models.configured.conditions import days_before, fill, is_met, type_of
from loader.models.header import INPUT_PREFIX, LogicalType
from loader.models.inputs import Input, InputColumn
from loader.models.parameters import typed_literal

_ROWS = """
select p.canonical_segment_id, e.timestamp, e.received_at, e.source, e.call, e.id
from given as e
join event_profiles as p on p.source = e.source and p.call = e.call and p.event_id = e.id
where e.timestamp < $as_of
"""
# A call that names an account counts for that one; any other counts for all accounts of its profile.
_ROWS_OF_ACCOUNTS = """
select coalesce(nullif(trim(e.account), ''), m.group_id) as group_id, e.timestamp, e.received_at, e.source, e.call, e.id
from given as e
left join event_profiles as p on p.source = e.source and p.call = e.call and p.event_id = e.id
left join account_members as m
  on m.canonical_segment_id = p.canonical_segment_id and nullif(trim(e.account), '') is null
where e.timestamp < $as_of and coalesce(nullif(trim(e.account), ''), m.group_id) is not null
"""


@dataclass(frozen=True, slots=True)
class Matching:
    """The matching calls. `name` is the name of their input without its prefix; `setting` declares them."""

    name: str
    setting: str
    events: tuple[str, ...]
    call: str | None
    where: tuple[PropertyCondition, ...] = ()
    within_days: int | None = None
    taken: str | None = None
    """Property whose value is taken as the column `value`."""
    value_type: LogicalType = "text"
    is_of_accounts: bool = False
    """Whether the rows are those of accounts, and not of profiles."""

    @property
    def kind_of_call(self) -> str:
        """The kind of call of the rows."""
        return self.call or "track"

    def input(self) -> Input:
        """The input with the calls."""
        return Input(
            name=f"{INPUT_PREFIX}{self.name}",
            path=Path(self.setting),
            description=f"What {self.setting} of the configuration is computed from.",
            declared=tuple(self._columns()),
            call=self.call,
            events=self.events,
        )

    def rows(self) -> exp.Select:
        """The query of the profile or account, place in time, and `value` of every matching call."""
        query = fill(_ROWS_OF_ACCOUNTS if self.is_of_accounts else _ROWS, {}, {"given": f"{INPUT_PREFIX}{self.name}"})
        assert isinstance(query, exp.Select)
        if self.events:
            names = [typed_literal(event) for event in self.events]
            query = query.where(exp.In(this=exp.column("event_text", table="e"), expressions=names))
        if self.within_days is not None:
            query = query.where(exp.column("timestamp", table="e") >= days_before(self.within_days))
        for number, condition in enumerate(self.where, start=1):
            query = query.where(is_met(condition, exp.column(f"where_{number}", table="e")))
        return query if self.taken is None else query.select(exp.column("value", table="e"))

    def _columns(self) -> Sequence[InputColumn]:
        columns = [
            self._column(f"where_{number}", condition.property, type_of(condition))
            for number, condition in enumerate(self.where, start=1)
        ]
        if self.events:
            columns.append(InputColumn("event_text", "text", ("event_text",), "Event as it was sent."))
        if self.is_of_accounts:
            own = ("group_id",) if self.kind_of_call == "group" else ()
            taken = (*own, column_name(("context", "groupId"), self.kind_of_call, DUCKDB.identifier_bytes))
            columns.append(InputColumn("account", "text", taken, "Account that the call names."))
        if self.taken is not None:
            columns.append(self._column("value", self.taken, self.value_type))
        return columns

    def _column(self, name: str, given: str, kind: LogicalType) -> InputColumn:
        keys = tuple(given.split("."))
        root = "traits" if self.kind_of_call in ("identify", "group") else "properties"
        path = keys if keys[0] == "context" and len(keys) > 1 else (root, *keys)
        taken = column_name(path, self.kind_of_call, DUCKDB.identifier_bytes)
        return InputColumn(name, kind, (taken,), f"Property {given}.")
