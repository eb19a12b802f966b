"""Recomputes a model only for the values of one column whose input rows changed.

Sound whatever happened in between: nothing asks when a row arrived. Each run stores a fingerprint of the input rows of
every value, and compares. Reading the inputs once for that is cheaper than what models do with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb
from sqlglot import exp

from loader.core.dialect import identifier, literal
from loader.models.header import Model
from loader.models.render import Resolve, Tree, bare_table, qualify, render, tables_read, typed

STATE: Final = "_keys_of_"
"""Prefix of the table with the fingerprints of a model."""
_CHANGED: Final = "changed_keys_of_"


@dataclass(frozen=True, slots=True)
class Part:
    """A model that is recomputed in part: the query of its whole table, and how much of it is new."""

    query: Tree
    keys_recomputed: int


class Increment:
    """One incremental model in one run. `query` is its SQL with parameters bound; names are not qualified yet."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        model: Model,
        query: Tree,
        resolve: Resolve,
        columns: Callable[[str], Sequence[str]],
    ) -> None:
        assert model.incremental is not None
        self._connection = connection
        self._model = model
        self._query = query
        self._resolve = resolve
        self._columns = columns
        self._key = model.incremental

    @property
    def state(self) -> str:
        """Name of the table of fingerprints."""
        return f"{STATE}{self._model.name}"

    def write_state(self, table: str) -> None:
        """Make the table of fingerprints of the rows that are there now. `table` is qualified, as SQL."""
        version = self._connection.execute("select version()").fetchall()[0][0]
        text = "\n".join([render(typed(self._query, self._model.columns)), self._key, str(version)])
        # The engine's hash may differ between its versions: then everything is recomputed once.
        definition = hashlib.sha256(text.encode()).hexdigest()
        rows = " union all ".join(self._hashes(name) for name in self._reads())
        self._connection.execute(
            f"create or replace table {table} as select key, count(*) as n, sum(cast(h as hugeint)) as total, "
            f"bit_xor(h) as mixed, {literal(definition)} as definition from ({rows}) group by key"
        )

    def part(self, state: str, old_state: str | None, old: exp.Table | None) -> Part | None:
        """The table from its old rows and the values that changed; None when everything must be made anew."""
        if old_state is None or old is None or not self._is_same_definition(state, old_state):
            return None
        changed = f"{_CHANGED}{self._model.name}"
        self._connection.execute(
            f"create or replace temp table {identifier(changed)} as "
            f"select coalesce(n.key, o.key) as key from {state} as n full outer join {old_state} as o "
            "on n.key is not distinct from o.key "
            "where n.n is distinct from o.n or n.total is distinct from o.total or n.mixed is distinct from o.mixed"
        )
        count = int(self._connection.execute(f"select count(*) from {identifier(changed)}").fetchall()[0][0])
        new = typed(qualify(self._restricted(changed), self._resolve), self._model.columns)
        columns = [exp.column(name, table="old") for name in self._model.column_names]
        kept = exp.select(*columns).from_(exp.alias_(old.copy(), "old", table=True))
        unchanged = exp.not_(self._is_changed(changed, "old"))
        return Part(exp.union(new, kept.where(unchanged), distinct=False), count)

    def _is_same_definition(self, state: str, old_state: str) -> bool:
        query = f"select distinct definition from {state} union select distinct definition from {old_state}"
        return len(self._connection.execute(query).fetchall()) == 1

    def _reads(self) -> list[str]:
        return sorted({table.name for table in tables_read(self._query)})

    def _hashes(self, name: str) -> str:
        """Key and hash of each row of a table, over the columns that the SQL can see."""
        table = self._resolve(name)
        assert table is not None
        there = self._columns(name)
        named = {column.name.lower() for column in self._query.find_all(exp.Column)}
        used = there if any(self._query.find_all(exp.Star)) else [column for column in there if column in named]
        listed = ", ".join([literal(name), *(identifier(column) for column in used)])
        return f"select cast({identifier(self._key)} as varchar) as key, hash({listed}) as h from {render(table)}"

    def _restricted(self, changed: str) -> Tree:
        """The SQL over the rows of the changed values only."""
        query = self._query.copy()
        for table in tables_read(query):
            rows = exp.select("*").from_(bare_table(table.name)).where(self._is_changed(changed, table.name))
            table.replace(exp.Subquery(this=rows, alias=exp.TableAlias(this=exp.to_identifier(table.alias_or_name))))
        return query

    def _is_changed(self, changed: str, table: str) -> exp.Exists:
        key = exp.cast(exp.column(self._key, table=table), "varchar", dialect="duckdb")
        same = exp.NullSafeEQ(this=exp.column("key", table="changed"), expression=key)
        source = exp.alias_(bare_table(changed), "changed", table=True)
        return exp.Exists(this=exp.select("1").from_(source).where(same))
