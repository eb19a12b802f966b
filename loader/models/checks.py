"""Runs the checks in the headers of models (keys, conditions, queries) on the new tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import duckdb
from sqlglot import exp

from loader.errors import TerminalError
from loader.models.header import Check, Model, Severity
from loader.models.render import Resolve, Tree, bind, parse_condition, parse_query, qualify, render, tables_read

EXAMPLES: Final = 10
"""Most failing rows that are kept."""
KEYS_ARE_UNIQUE: Final = "keys_are_unique"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check: whether the rule holds, and the first rows that break it."""

    model: str
    name: str
    severity: Severity
    failures: int
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()
    missing: str | None = None
    """A model that the rule names and that has never been made: then it was not asked, and passes."""

    @property
    def passed(self) -> bool:
        """Whether no row breaks the rule."""
        return self.failures == 0


@lru_cache(maxsize=2000)
def check_queries(model: Model) -> tuple[tuple[Check, exp.Query], ...]:
    """Every check of a model as a query that returns the wrong rows; the checks of keys come first.

    The queries are cached and shared: copy one before you change it.
    """
    of_keys: list[tuple[Check, exp.Query]] = []
    if model.keys:
        of_keys.append((Check(KEYS_ARE_UNIQUE, "", "fail", 1), _repeated_keys(model)))
        of_keys.append((Check("keys_are_not_null", "", "fail", 1), _missing_keys(model)))
    return (*of_keys, *((check, _query(model, check)) for check in model.checks))


def _repeated_keys(model: Model) -> exp.Select:
    keys = [exp.column(name, table=model.name) for name in model.keys]
    counted = exp.alias_(exp.Count(this=exp.Star()), "rows_of_key")
    return (
        exp.select(*keys, counted)
        .from_(exp.to_table(model.name))
        .group_by(*keys)
        .having("count(*) > 1")
        .order_by(*keys)
    )


def _among(added: exp.Table, model: Model) -> exp.Exists:
    """Whether a row's key is that of an added row."""
    same = (exp.column(name, table="added").eq(exp.column(name, table=model.name)) for name in model.keys)
    return exp.Exists(this=exp.select("1").from_(exp.alias_(added, "added", table=True)).where(exp.and_(*same)))


def _missing_keys(model: Model) -> exp.Select:
    keys = [exp.column(name) for name in model.keys]
    missing = exp.or_(*(key.copy().is_(exp.null()) for key in keys))
    return exp.select(*keys).from_(exp.to_table(model.name)).where(missing)


def _query(model: Model, check: Check) -> exp.Query:
    if check.is_query:
        return parse_query(check.sql, model.path, check.line - 1)
    condition = parse_condition(check.sql, model.path, check.line - 1)
    # Only the keys and the columns of the rule, not whole rows: reports should not repeat traits.
    named = [column.name.lower() for column in condition.find_all(exp.Column)]
    about: list[Tree] = [
        exp.column(name) for name in dict.fromkeys([*model.keys, *named]) if name in model.column_names
    ]
    shown = about or [exp.alias_(exp.true(), "is_wrong")]
    keys = [exp.column(name) for name in model.keys]
    query = exp.select(*shown).from_(exp.to_table(model.name)).where(condition)
    return query.order_by(*keys) if keys else query


@dataclass(frozen=True, slots=True)
class CheckedTables:
    """Where checks find the tables of a run, by the name of a model or input."""

    resolve: Resolve
    is_there: Callable[[str], bool]
    """Whether the table exists."""
    added_rows: Callable[[str], exp.Table | None]
    """The rows that are added to a table which is changed in part; None for a table that is made in full."""


def run_checks(
    connection: duckdb.DuckDBPyConnection,
    models: Sequence[Model],
    parameters: Mapping[str, object],
    tables: CheckedTables,
    *,
    is_dry: bool = False,
) -> list[CheckResult]:
    """The result of every check of these models.

    In a table that is changed in part, only the keys of added rows are counted, because the others were unique before.
    In a dry run the engine only binds the checks, and all pass. Raises TerminalError if a check cannot run.
    """
    results = []
    for model in models:
        for check, query in check_queries(model):
            missing = next((table.name for table in tables_read(query) if not tables.is_there(table.name)), None)
            if missing is not None:
                results.append(CheckResult(model.name, check.name, check.severity, 0, missing=missing))
                continue
            if check.name == KEYS_ARE_UNIQUE and (added := tables.added_rows(model.name)) is not None:
                query = query.copy().where(_among(added, model))
            where = f"{model.path}:{check.line}"
            query_text = render(qualify(bind(query, parameters, where), tables.resolve))
            try:
                if is_dry:
                    connection.execute(f"explain {query_text}")
                    results.append(CheckResult(model.name, check.name, check.severity, 0))
                else:
                    results.append(_result(connection, model, check, query_text))
            except duckdb.Error as error:
                raise TerminalError(
                    f"the check {check.name} of model {model.name} failed to run: {str(error).splitlines()[0]}",
                    where,
                    "correct the check; the tables were not replaced",
                ) from None
    return results


def _result(connection: duckdb.DuckDBPyConnection, model: Model, check: Check, query: str) -> CheckResult:
    connection.execute(query)
    columns = tuple(str(column[0]) for column in connection.description or [])
    rows = connection.fetchmany(EXAMPLES)
    failures = len(rows)
    while more := connection.fetchmany(10_000):
        failures += len(more)
    return CheckResult(model.name, check.name, check.severity, failures, columns, tuple(tuple(row) for row in rows))
