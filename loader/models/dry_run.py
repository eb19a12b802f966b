"""A dry run of models: checks all SQL against the existing columns and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from loader.core.dialect import identifier
from loader.models.catalog import Step
from loader.models.checks import CheckedTables, CheckResult, run_checks
from loader.models.header import Model
from loader.models.inputs import empty_query
from loader.models.render import Tree, parse
from loader.models.run import Finish, ModelRun, Progress, RunResult


class DryRun(ModelRun):
    """Makes every table without rows, in memory, and swaps nothing.

    The current database is in memory; `database` is the warehouse, which is only read.
    """

    def run(self, steps: Sequence[Step], progress: Progress | None = None, finish: Finish | None = None) -> RunResult:
        """Make the steps and everything that they read, with today's columns. Reports only the steps themselves."""
        result = RunResult()
        self._connection.execute(f"create schema if not exists {identifier(self._schema)}")
        seconds = self._build(self._catalog.select([f"+{step.name}" for step in steps]), progress)
        told = [table for step in steps for table in step.tables]
        result.made = [self._made(table, self._next(table), seconds[table]) for table in told]
        result.checks = self._check([self._catalog.models[table] for table in told])
        if finish is not None:
            finish(result)
        return result

    def _check(self, models: Sequence[Model]) -> list[CheckResult]:
        # Checks compare rows, but here tables are empty and inputs are not.
        tables = CheckedTables(self.resolve, self._is_there, lambda _: None)
        return run_checks(self._connection, models, self._parameters, tables, is_dry=True)

    def _make_in_python(self, step: Step) -> None:
        for table in step.tables:
            empty = parse(empty_query(self._catalog.models[table].columns), table)
            self._create(table, empty)

    def _create(self, name: str, query: Tree) -> None:
        super()._create(name, exp.select("*").from_(exp.Subquery(this=query, alias="made")).limit(0))
