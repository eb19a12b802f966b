"""Recomputes a model only for those values of one column whose input rows changed.

Each run stores a fingerprint of the input rows of every value, and the next run compares. This is correct whatever
happened in between, because it does not depend on when rows arrived. It costs one more reading of the inputs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb
from sqlglot import exp

from loader.core.dialect import identifier, literal
from loader.models.header import Model
from loader.models.patches import Change
from loader.models.render import SQL_TYPES, Resolve, Tree, bare_table, bind, qualify, render, tables_read, typed
from loader.models.with_clauses import rows_of, with_rows

STATE: Final = "_keys_of_"
"""Prefix of the table with the fingerprints of a model."""
_CHANGED: Final = "changed_keys_of_"
_MOST: Final = 0.5
"""Share of the values above which all rows are made anew: taking out so many costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The change of a model's table, and for how many values of its column."""

    change: Change
    keys: int


class Increment:
    """One incremental model in one run. `query` is its SQL as written, with names that are not yet qualified."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        model: Model,
        query: Tree,
        parameters: Mapping[str, object],
        resolve: Resolve,
        columns: Callable[[str], Sequence[str]],
    ) -> None:
        assert model.incremental is not None
        self._connection = connection
        self._model = model
        self._query = bind(query, parameters, str(model.path))
        self._resolve = resolve
        self._columns = columns
        self._key = model.incremental
        rest = self._query
        if model.incremental_rows is not None:
            # The rows are compared, not how they are made, so parameters inside of the WITH may change.
            names = rows_of(self._query, model.incremental_rows).named_selects
            query, rest = (with_rows(each, model.incremental_rows, _no_row(names)) for each in (query, rest))
        self._rest = rest
        self._parameters = {node.name: str(parameters[node.name]) for node in query.find_all(exp.Placeholder)}

    @property
    def state(self) -> str:
        """The name of the table of fingerprints."""
        return f"{STATE}{self._model.name}"

    def write_state(self, table: str) -> None:
        """Make the table of fingerprints of the current rows. `table` is its qualified SQL name."""
        version = self._connection.execute("select version()").fetchall()[0][0]
        text = "\n".join([render(typed(self._rest, self._model.columns)), *self._model.keys, self._key, str(version)])
        # The hash function may differ between versions of the engine; then everything is recomputed once.
        definition = hashlib.sha256(text.encode()).hexdigest()
        if self._model.incremental_rows is None:
            rows = " union all ".join(self._hashes(name) for name in self._reads())
        else:
            rows = self._hashes_of_rows(self._model.incremental_rows)
        self._connection.execute(
            f"create or replace table {table} as select key, count(*) as n, sum(cast(h as hugeint)) as total, "
            f"bit_xor(h) as mixed, {literal(definition)} as definition, "
            f"{literal(json.dumps(self._parameters, sort_keys=True))} as parameters from ({rows}) group by key"
        )

    def recomputed(self, state: str, old_state: str) -> Recomputed | str:
        """What to change in the table of the last run, or why the model must be made in full."""
        if (why := self._other_definition(state, old_state)) is not None:
            return why
        changed = f"{_CHANGED}{self._model.name}"
        self._connection.execute(
            f"create or replace temp table {identifier(changed)} as "
            f"select coalesce(n.key, o.key) as key from {state} as n full outer join {old_state} as o "
            "on n.key is not distinct from o.key "
            "where n.n is distinct from o.n or n.total is distinct from o.total or n.mixed is distinct from o.mixed"
        )
        count, of = self._connection.execute(
            f"select (select count(*) from {identifier(changed)}), (select count(*) from {state})"
        ).fetchall()[0]
        if count > _MOST * of:
            return "the rows of more than half of its values changed"
        kind = next(column.type for column in self._model.columns if column.name == self._key)
        gone = f"select cast(key as {SQL_TYPES[kind]}) as value from {identifier(changed)}"
        new = typed(qualify(self._restricted(changed), self._resolve), self._model.columns)
        # Without changed keys the engine would still compute the whole query.
        return Recomputed(Change(self._key, gone, render(new if count else new.limit(0))), int(count))

    def _other_definition(self, state: str, old_state: str) -> str | None:
        query = "select distinct definition, parameters from "
        now, before = (self._connection.execute(query + table).fetchall() for table in (state, old_state))
        if len(now) != 1 or len(before) != 1:
            return "there were no rows, or there are none now"
        if now == before:
            return None
        then = json.loads(before[0][1])
        for name, value in self._parameters.items():
            if name in then and then[name] != value:
                return f"the parameter {name} is {value} and was {then[name]}"
        return "its SQL, columns, keys or the version of DuckDB changed"

    def _reads(self) -> list[str]:
        return sorted({table.name for table in tables_read(self._query)})

    def _hashes(self, name: str) -> str:
        """The query of the key and hash of each row of a table, over the columns that the SQL reads."""
        table = self._resolve(name)
        assert table is not None
        there = self._columns(name)
        named = {column.name.lower() for column in self._query.find_all(exp.Column)}
        used = there if any(self._query.find_all(exp.Star)) else [column for column in there if column in named]
        listed = ", ".join([literal(name), *(identifier(column) for column in used)])
        return f"select cast({identifier(self._key)} as varchar) as key, hash({listed}) as h from {render(table)}"

    def _hashes_of_rows(self, name: str) -> str:
        """The query of the key and hash of each row of a WITH, over all of its columns."""
        rows = rows_of(self._query, name)
        listed = ", ".join(identifier(column) for column in rows.named_selects)
        query = render(qualify(rows, self._resolve))
        return f"select cast({identifier(self._key)} as varchar) as key, hash({listed}) as h from ({query}) as compared"

    def _restricted(self, changed: str) -> Tree:
        """The SQL of the model, restricted to rows of the changed values."""
        if (name := self._model.incremental_rows) is not None:
            rows = exp.Subquery(this=rows_of(self._query, name), alias=exp.TableAlias(this=exp.to_identifier(name)))
            return with_rows(self._query, name, exp.select("*").from_(rows).where(self._is_changed(changed, name)))
        query = self._query.copy()
        for table in tables_read(query):
            rows_there = exp.select("*").from_(bare_table(table.name)).where(self._is_changed(changed, table.name))
            name_there = exp.TableAlias(this=exp.to_identifier(table.alias_or_name))
            table.replace(exp.Subquery(this=rows_there, alias=name_there))
        return query

    def _is_changed(self, changed: str, table: str) -> exp.Exists:
        key = exp.cast(exp.column(self._key, table=table), "varchar", dialect="duckdb")
        same = exp.NullSafeEQ(this=exp.column("key", table="changed"), expression=key)
        source = exp.alias_(bare_table(changed), "changed", table=True)
        return exp.Exists(this=exp.select("1").from_(source).where(same))


def _no_row(columns: Sequence[str]) -> exp.Select:
    return exp.select(*(exp.alias_(exp.null(), column) for column in columns))
