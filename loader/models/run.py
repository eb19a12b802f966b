"""Makes the tables of the models under temporary names, checks all of them, then swaps them in at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import duckdb
from sqlglot import exp

from loader.config import ModelsSettings
from loader.core.dialect import identifier
from loader.core.plan import SchemaTables
from loader.errors import ConfigError, LoaderError, TerminalError
from loader.models.catalog import Catalog, Step
from loader.models.checks import CheckedTables, CheckResult, run_checks
from loader.models.context import Context, Tables
from loader.models.external import call_tables_in, external_query, setting_of, tables_in, unreadable
from loader.models.header import Model
from loader.models.incremental import STATE as KEYS
from loader.models.incremental import Increment
from loader.models.inputs import Input, input_query
from loader.models.passes import count_of, in_passes, rows_read
from loader.models.patches import NEW, Change, Patch, prepare
from loader.models.render import Tree, bind, qualify, render, table_of, typed
from loader.warehouses.resources import shortage

NEXT: Final = "_next_"
"""Prefix of tables that are being made."""
STATE: Final = "_state_of_"
"""Prefix of what a Python model keeps for its next run."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Made:
    """One table that a run made."""

    name: str
    rows: int
    seconds: float
    """Of the step that made it; tables of one Python model share them."""
    keys_recomputed: int | None = None
    """Values of the column of an incremental model that were recomputed, or people of one in Python; None when it was
    made in full."""
    full_because: str | None = None
    """Why a model that can be made in part was made in full, though there is a last run to go on from."""
    facts: Mapping[str, int | float] = field(default_factory=dict)
    """Further numbers that a Python model has to say about the run, by their names."""


@dataclass(slots=True)
class RunResult:
    """The result of a run. `is_swapped`: whether readers see the new tables; false if a check failed."""

    made: list[Made] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    is_swapped: bool = False

    @property
    def failed(self) -> list[CheckResult]:
        """The checks that stop the run: those that failed and are not declared as `warn`."""
        return [check for check in self.checks if not check.passed and check.severity == "fail"]


Finish = Callable[[RunResult], None]


class ModelRun:
    """One run over one connection, whose current database is the warehouse.

    `schemas`: the schema of each source, in the current database or in `database`. `parameters`: by flat name, with
    `as_of` resolved.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        catalog: Catalog,
        settings: ModelsSettings,
        parameters: Mapping[str, object],
        schemas: Sequence[str],
        database: str | None = None,
    ) -> None:
        self._connection = connection
        self._database = database
        self._catalog = catalog
        self._settings = settings
        self._schema = settings.schema_name
        self._parameters = parameters
        self._schemas = schemas
        self._built: set[str] = set()
        self._views: dict[str, str] = {}
        self._existing: set[str] = set()
        self._states: list[str] = []
        self._sources: dict[str, SchemaTables] = {}
        self._recomputed: dict[str, int] = {}
        self._reasons: dict[str, str] = {}
        self._facts: dict[str, dict[str, int | float]] = {}
        self._patches: dict[str, Patch] = {}

    def run(self, steps: Sequence[Step], progress: Progress | None = None, finish: Finish | None = None) -> RunResult:
        """Make the tables of these steps, check them, and swap them in unless a check failed.

        `finish` is called at the end, inside the transaction of the swap if there is one. Raises ConfigError if a table
        that is read is neither made nor present; TerminalError if a query fails.
        """
        result = RunResult()

        def end(qualified: Callable[[str], str]) -> None:
            result.made = [self._made(table, qualified(table), spent) for table, spent in seconds.items()]
            if finish is not None:
                finish(result)

        self._prepare(steps)
        try:
            seconds = self._build(steps, progress)
            result.checks = self._check([self._catalog.models[table] for table in seconds])
            if result.failed:
                end(self._next)
            else:
                # Rows are counted in the tables themselves: a view of one that changes in part compares every row.
                self._swap(lambda: end(partial(identifier, self._schema)))
                result.is_swapped = True
        finally:
            self._drop_unfinished()
        return result

    def _build(self, steps: Sequence[Step], progress: Progress | None) -> dict[str, float]:
        """Make the tables of the steps. Returns for each table the seconds that its step took."""
        self._make_inputs()
        seconds: dict[str, float] = {}
        for step in steps:
            if progress is not None:
                progress(step.name)
            started = time.monotonic()
            self._make(step)
            seconds |= dict.fromkeys(step.tables, time.monotonic() - started)
        return seconds

    def _made(self, name: str, qualified: str, seconds: float) -> Made:
        (row,) = self._connection.execute(f"select count(*) from {qualified}").fetchall()
        return Made(
            name, int(row[0]), seconds, self._recomputed.get(name), self._reasons.get(name), self._facts.get(name, {})
        )

    def _check(self, models: Sequence[Model]) -> list[CheckResult]:
        tables = CheckedTables(self.resolve, self._is_there, self._added_rows)
        return run_checks(self._connection, models, self._parameters, tables)

    def _added_rows(self, name: str) -> exp.Table | None:
        return table_of(self._schema, f"{NEXT}{NEW}{name}") if name in self._patches else None

    def resolve(self, name: str) -> exp.Table | None:
        """The table of a model or input in this run; None for other names."""
        if name in self._built:
            return table_of(self._schema, f"{NEXT}{name}")
        if name in self._catalog.models or name in self._catalog.inputs:
            return table_of(self._schema, name)
        return None

    def _is_there(self, name: str) -> bool:
        return name in self._built or name in self._existing

    def _previous(self, name: str) -> exp.Table | None:
        return table_of(self._schema, name) if name in self._existing else None

    def _prepare(self, steps: Sequence[Step]) -> None:
        self._connection.execute(f"create schema if not exists {identifier(self._schema)}")
        self._drop_unfinished()
        self._existing = set(tables_in(self._connection, self._schema))
        made = {table for step in steps for table in step.tables}
        for step in steps:
            for table in step.reads:
                if table in self._catalog.models and table not in made and table not in self._existing:
                    raise ConfigError(
                        f"{step.name} reads {table}, which was never made",
                        f"the selection {step.name}",
                        f"select +{step.name} to make everything that it needs as well",
                    )

    def _make_inputs(self) -> None:
        self._sources = {s: call_tables_in(self._connection, s, self._database) for s in self._schemas}
        for given in self._catalog.inputs.values():
            if given.is_external:
                self._make_external(given)
            else:
                self._views[given.name] = query = input_query(given, self._sources, self._parameters)
                self._connection.execute(f"create or replace view {self._next(given.name)} as {query}")
                self._built.add(given.name)

    def _make_external(self, given: Input) -> None:
        origin = self._settings.inputs.get(given.bare_name)
        try:
            query = external_query(self._connection, given, origin, self._database)
            self._connection.execute(f"create or replace table {self._next(given.name)} as {query}")
        except duckdb.Error as error:
            # A file that is not a table cannot be searched for a wrong value; the engine's message says why.
            wrong = None
            if origin is not None and isinstance(error, duckdb.ConversionException):
                wrong = unreadable(self._connection, given, origin, self._database)
            what, where = wrong or (str(error).splitlines()[0], origin or "")
            raise ConfigError(
                f"the input {given.name} cannot be read: {what}",
                f"{setting_of(given)}: {where}",
                "correct the file or table",
            ) from None
        self._built.add(given.name)

    def _make(self, step: Step) -> None:
        if step.name in self._catalog.queries:
            model = self._catalog.models[step.name]
            query = self._catalog.queries[step.name]
            if model.incremental is None or not self._make_in_part(model, query):
                self._make_in_full(model, bind(query, self._parameters, str(model.path)))
            return
        self._make_in_python(step)

    def _make_in_full(self, model: Model, query: Tree) -> None:
        """Make the table of a model, in as many passes as it takes to stay within memory."""
        first, *others = (
            typed(qualify(each, self.resolve), model.columns)
            for each in in_passes(query, model, self._count_of_passes(model, query), self._column_names)
        )
        self._create(model.name, first)
        for each in others:
            self._append(model.name, each)

    def _count_of_passes(self, model: Model, query: Tree) -> int:
        if model.passes is None:
            return 1
        rows = rows_read(self._connection, query, model, self.resolve, self._column_names)
        return count_of(self._connection, model, rows)

    def _column_names(self, table: str) -> list[str]:
        return [column.name for column in self._catalog.columns(table)]

    def _make_in_part(self, model: Model, query: Tree) -> bool:
        """Change the table of an incremental model; False if it must be made in full."""
        increment = Increment(
            self._connection,
            model,
            query,
            self._parameters,
            self.resolve,
            self._column_names,
        )
        state = self._next(increment.state)
        try:
            increment.write_state(state)
            self._states.append(increment.state)
            if not {increment.state, model.name} <= self._existing:
                return False
            recomputed = increment.recomputed(state, identifier(self._schema, increment.state))
            if isinstance(recomputed, str):
                self._reasons[model.name] = recomputed
                return False
            self._patch(model.name, False, recomputed.change)
        except duckdb.Error as error:
            raise self._failed(model, error) from None
        self._recomputed[model.name] = recomputed.keys
        return True

    def _make_in_python(self, step: Step) -> None:
        python = self._catalog.python[step.name]
        context = Context(
            self._connection,
            step.name,
            self._catalog.models,
            self._parameters,
            self._settings,
            Tables(
                sources=self._sources,
                resolve=self.resolve,
                previous=self._previous,
                create=self._create,
                append=self._append,
                patch=self._patch,
                state=self._state,
                write_state=self._write_state,
            ),
        )
        try:
            python.load()(context)
        except duckdb.Error as error:
            if (short := shortage(error, f"the model {step.name}")) is not None:
                raise short from error
            cause = self._or_what_it_reads(step.tables[0])
            if not cause:
                raise
            what = f"the Python model {step.name} failed: {str(error).splitlines()[0]}"
            raise TerminalError(what, python.entry, f"correct its SQL{cause}") from None
        self._facts |= context.facts
        for table in step.tables:
            if context.keys_recomputed is not None:
                self._recomputed[table] = context.keys_recomputed
            if context.full_because is not None:
                self._reasons[table] = context.full_because
        if missing := sorted(set(step.tables) - context.written):
            raise TerminalError(
                f"the Python model {step.name} did not write {', '.join(missing)}",
                python.entry,
                "write every table it owns",
            )

    def _state(self, name: str) -> str | None:
        state = f"{STATE}{name}"
        return identifier(self._schema, state) if state in self._existing else None

    def _write_state(self, name: str, query: str) -> None:
        state = f"{STATE}{name}"
        self._connection.execute(f"create or replace table {self._next(state)} as {query}")
        self._states.append(state)

    def _patch(self, name: str, is_state: bool, change: Change) -> None:
        table = f"{STATE}{name}" if is_state else name
        self._patches[table] = prepare(self._connection, self._schema, NEXT, table, change)
        if not is_state:
            self._built.add(name)

    def _create(self, name: str, query: Tree) -> None:
        model = self._catalog.models[name]
        statement = exp.Create(this=table_of(self._schema, f"{NEXT}{name}"), kind="TABLE", expression=query)
        try:
            self._connection.execute(render(statement))
        except duckdb.Error as error:
            raise self._failed(model, error) from None
        self._built.add(name)

    def _append(self, name: str, query: Tree) -> None:
        try:
            self._connection.execute(f"insert into {self._next(name)} {render(query)}")
        except duckdb.Error as error:
            raise self._failed(self._catalog.models[name], error) from None

    def _swap(self, finish: Callable[[], None]) -> None:
        """Replace the old tables with the new ones in one transaction, together with the views of inputs."""
        connection = self._connection
        kinds = self._kinds()
        connection.execute("begin")
        try:
            for patch in self._patches.values():
                patch.apply(connection)
            for name in sorted({*self._built, *self._states} - set(self._patches)):
                old = identifier(self._schema, name)
                if name in kinds:
                    connection.execute(f"drop {kinds[name]} {old}")
                if (state := f"{KEYS}{name}") in kinds and state not in self._states:
                    # The fingerprints describe the old table.
                    connection.execute(f"drop table {identifier(self._schema, state)}")
                if name in self._views:
                    connection.execute(f"create view {old} as {self._views[name]}")
                else:
                    connection.execute(f"alter table {self._next(name)} rename to {identifier(name)}")
            finish()
            connection.execute("commit")
        except duckdb.Error:
            connection.execute("rollback")
            raise

    def _drop_unfinished(self) -> None:
        # Views first, because they read the tables.
        for name, kind in sorted(self._kinds().items(), key=lambda each: each[1] != "view"):
            if name.startswith(NEXT):
                self._connection.execute(f"drop {kind} {identifier(self._schema, name)}")

    def _failed(self, model: Model, error: duckdb.Error) -> LoaderError:
        """The error for a failed query: a lack of memory or disk, or the engine's message with the model's file."""
        if (short := shortage(error, f"the model {model.name}")) is not None:
            return short
        what = f"model {model.name} failed: {str(error).splitlines()[0]}"
        return TerminalError(what, str(model.path), f"correct its SQL{self._or_what_it_reads(model.name)}")

    def _or_what_it_reads(self, name: str) -> str:
        replaced = [table for table in self._catalog.reads(name) if table in self._catalog.overridden]
        return f", or your {' and '.join(replaced)}, which it reads in place of ours" if replaced else ""

    def _next(self, name: str) -> str:
        return identifier(self._schema, f"{NEXT}{name}")

    def _kinds(self) -> dict[str, str]:
        """The tables and views in our schema: the kind of each, by name."""
        rows = self._connection.execute(
            "select table_name, case when table_type = 'VIEW' then 'view' else 'table' end "
            "from information_schema.tables where table_catalog = current_database() and table_schema = ?",
            [self._schema],
        ).fetchall()
        return {str(name): str(kind) for name, kind in rows}
