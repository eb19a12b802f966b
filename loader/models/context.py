"""The interface for Python models: a connection, tables, parameters, and methods to write tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
from sqlglot import exp

from loader.config import ModelsSettings
from loader.core.plan import SchemaTables
from loader.errors import TerminalError
from loader.models.header import Model
from loader.models.inputs import empty_query
from loader.models.passes import Spans, in_spans
from loader.models.patches import Change
from loader.models.render import Tree, bind, parse, parse_query, qualify, render, typed


@dataclass(frozen=True, slots=True)
class Tables:
    """How a Python model finds tables, makes or changes its own, and keeps some between runs."""

    sources: Mapping[str, SchemaTables]
    resolve: Callable[[str], exp.Table | None]
    previous: Callable[[str], exp.Table | None]
    create: Callable[[str, Tree], None]
    append: Callable[[str, Tree], None]
    patch: Callable[[str, bool, Change], None]
    state: Callable[[str], str | None]
    write_state: Callable[[str, str], None]


class Context:
    """One run of one Python model. It can write only its own tables, which appear when the whole run is done."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: str,
        models: Mapping[str, Model],
        parameters: Mapping[str, object],
        settings: ModelsSettings,
        tables: Tables,
    ) -> None:
        self.connection = connection
        """DuckDB, for temporary tables and whatever the common subset cannot say."""
        self.parameters = parameters
        """Every parameter by its flat name, as Python values; `as_of` is a UTC datetime without a zone."""
        self.settings = settings
        """The section `models` of the configuration."""
        self.sources = tables.sources
        """Tables of each source, by its schema: name → column → type. Named with their schema in SQL."""
        self._name = name
        self._models = models
        self._tables = tables
        self.written: set[str] = set()
        self.keys_recomputed: int | None = None
        """How many people were made anew, where the tables were changed in part."""
        self.full_because: str | None = None
        """Why everything was made anew by a model that can do otherwise."""
        self.facts: dict[str, dict[str, int | float]] = {}
        """Numbers that this run has to say about a table, by its name."""

    def table(self, name: str) -> str:
        """The SQL name of a model, an input, or a table that this model has already written.

        Raises TerminalError for any other name.
        """
        found = self._tables.resolve(name)
        if found is None:
            raise TerminalError(
                f"there is no table {name!r}", f"the Python model {self._name}", "add it to what it reads"
            )
        return found.sql(dialect="duckdb")

    def previous(self, name: str) -> str | None:
        """The SQL name of a model's table from the last finished run; None before the first run."""
        found = self._tables.previous(name)
        return None if found is None else found.sql(dialect="duckdb")

    def sql(self, text: str) -> str:
        """Translate a statement of the models for the engine: qualify tables, bind `$name`, expand macros."""
        tree = qualify(bind(parse(text, self._name), self.parameters, self._name), self._tables.resolve)
        return render(tree)

    def execute(self, text: str, values: Sequence[object] = ()) -> duckdb.DuckDBPyConnection:
        """Run a statement that is written like models."""
        return self.connection.execute(self.sql(text), list(values))

    def rows(self, text: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query that is written like models."""
        return self.execute(text, values).fetchall()

    def owns(self, name: str) -> bool:
        """Whether the table belongs to this model; it does not if a file of the user replaces it."""
        model = self._models.get(name)
        return model is not None and model.made_by == self._name

    def write(self, name: str, query: str, spans: Spans | None = None) -> None:
        """Make a table of this model from a query that is written like models; cast columns to the header's types.

        With `spans`, the query runs for one span of rows after another, so that it needs memory for only one of them.
        Raises TerminalError if the table is not this model's, or was already written.
        """
        model = self._own(name)
        tree = qualify(bind(parse_query(query, self._name), self.parameters, self._name), self._tables.resolve)
        parts = [tree] if spans is None else in_spans(self.connection, tree, spans)
        first, *others = (typed(part, model.columns, is_open=model.further_columns is not None) for part in parts)
        self._tables.create(name, first)
        for part in others:
            self._tables.append(name, part)
        self.written.add(name)

    def patch(self, name: str, column: str, gone: str, new: str) -> None:
        """Change a table of the last run: delete rows whose `column` is in the query `gone`, then add those of `new`.

        `new` is written like models. Raises TerminalError if the table is not this model's, or was already written.
        """
        model = self._own(name)
        tree = qualify(bind(parse_query(new, self._name), self.parameters, self._name), self._tables.resolve)
        rows = typed(tree, model.columns, is_open=model.further_columns is not None)
        self._tables.patch(name, False, Change(column, gone, render(rows)))
        self.written.add(name)

    def state(self, name: str) -> str | None:
        """The SQL name of a table that the last run kept for this one; None if there is none."""
        return self._tables.state(name)

    def write_state(self, name: str, query: str) -> None:
        """Keep a table for the next run. It appears together with the tables of this run."""
        self._tables.write_state(name, query)

    def patch_state(self, name: str, column: str, gone: str, new: str) -> None:
        """Change a kept table, like `patch`."""
        self._tables.patch(name, True, Change(column, gone, new))

    def write_rows(self, name: str, rows: Sequence[Sequence[object]]) -> None:
        """Make a table of this model from a few rows of Python values, in the order of the header's columns.

        Raises TerminalError if the table is not this model's, or was already written.
        """
        model = self._own(name)
        self._tables.create(name, parse_query(empty_query(model.columns), self._name).copy())
        self.written.add(name)
        marks = ", ".join("?" for _ in model.columns)
        if rows:
            self.connection.executemany(f"insert into {self.table(name)} values ({marks})", [list(row) for row in rows])

    def _own(self, name: str) -> Model:
        model = self._models.get(name)
        if model is None or not self.owns(name) or name in self.written:
            raise TerminalError(
                f"{self._name} must not write {name!r}, or has already written it",
                f"the Python model {self._name}",
                f"give the table a header with `-- made by: {self._name}`",
            )
        return model
