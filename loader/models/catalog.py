"""All models and inputs, what each of them reads, and the order in which they are made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

from sqlglot import exp

from loader.config import ModelsSettings
from loader.core.nearest import nearest
from loader.errors import ConfigError
from loader.models.configured.generated import Generated
from loader.models.configured.models import configured_models
from loader.models.header import Column, Model, read_model, repeated
from loader.models.inputs import Input, read_input
from loader.models.registry import PYTHON_MODELS, PythonModel
from loader.models.render import parse_query, tables_read
from loader.models.sql_traits import with_contract
from loader.models.validate import check_checks, check_incremental, check_model, tables_without
from loader.sqlfiles import sql_root

MODELS_FOLDER: Final = "models"
INPUTS_FOLDER: Final = "inputs"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run: it makes the table of an SQL model, or all tables of a Python model."""

    name: str
    tables: tuple[str, ...]
    reads: tuple[str, ...]
    """Models (tables) and inputs, sorted."""


@dataclass(frozen=True)
class Catalog:
    """Models and inputs by name. In the order of `steps`, everything is made before it is read."""

    models: Mapping[str, Model]
    inputs: Mapping[str, Input]
    python: Mapping[str, PythonModel]
    queries: Mapping[str, exp.Query]
    """SQL of the models that are made by SQL, as it was written."""
    steps: tuple[Step, ...]
    overridden: tuple[str, ...] = ()
    """Models and inputs of ours that a file of the user replaces."""

    def columns(self, table: str) -> tuple[Column, ...]:
        """The columns of a model or input."""
        return self.models[table].columns if table in self.models else self.inputs[table].columns

    def step_of(self, name: str) -> Step:
        """The step of this name, or the one that makes this table. Raises ConfigError that suggests another name."""
        for step in self.steps:
            if name == step.name or name in step.tables:
                return step
        names = [*self.models, *self.python]
        raise ConfigError(
            f"there is no model {name!r}", "the selection", f"see `loader models list`{nearest(name, names)}"
        )

    def check_external(self, names: Iterable[str]) -> None:
        """Raises ConfigError if a name in `models.inputs` is not an external input; it suggests the nearest name."""
        external = [given.bare_name for given in self.inputs.values() if given.is_external]
        for name in names:
            if name not in external:
                raise ConfigError(
                    f"there is no external input {name!r}",
                    f"models.inputs.{name}",
                    f"use one of: {', '.join(sorted(external)) or 'none'}{nearest(name, external)}; "
                    f"an input is declared in the folder {INPUTS_FOLDER} of models",
                )

    def reads(self, table: str) -> tuple[str, ...]:
        """The models and inputs that a table is made from."""
        return self.step_of(table).reads

    def select(self, chosen: Sequence[str]) -> tuple[Step, ...]:
        """The selected steps, in order. `+name` adds everything it needs, `name+` everything that needs it.

        No terms select everything. Raises ConfigError for a name that is not a model.
        """
        if not chosen:
            return self.steps
        wanted: set[str] = set()
        for term in chosen:
            step = self.step_of(term.strip("+"))
            wanted.add(step.name)
            if term.startswith("+"):
                wanted |= self._upstream({step.name})
            if term.endswith("+"):
                wanted |= self._downstream({step.name})
        return tuple(step for step in self.steps if step.name in wanted)

    def with_missing(self, steps: Sequence[Step], existing: Collection[str]) -> tuple[Step, ...]:
        """These steps, preceded by the steps for everything that they read and that is not in `existing`."""
        wanted = {step.name for step in steps}
        for step in reversed(self.steps):
            if step.name in wanted:
                absent = [table for table in step.reads if table in self.models and table not in existing]
                wanted |= {self.step_of(table).name for table in absent}
        return tuple(step for step in self.steps if step.name in wanted)

    def _upstream(self, names: set[str]) -> set[str]:
        found = set(names)
        for step in reversed(self.steps):
            if step.name in found:
                found |= {self.step_of(table).name for table in step.reads if table in self.models}
        return found

    def _downstream(self, names: set[str]) -> set[str]:
        found = set(names)
        for step in self.steps:
            if any(self.step_of(table).name in found for table in step.reads if table in self.models):
                found.add(step.name)
        return found


def read_catalog(
    user_folder: Path | None = None,
    python: Iterable[PythonModel] = PYTHON_MODELS,
    parameters: Collection[str] | None = None,
    folders: Sequence[Path] | None = None,
    generated: Generated | None = None,
) -> Catalog:
    """Our models and inputs, and those in the user's folder, which replace ours of the same name.

    `parameters`: names of all parameters; None skips that check. `folders` replaces our own folders, each of which has
    `models` and `inputs`. `generated`: what the configuration declares; None means the defaults. Raises ConfigError
    with file and line if something does not fit together.
    """
    roots = [(root / MODELS_FOLDER, root / INPUTS_FOLDER) for root in (folders or [sql_root()])]
    if user_folder is not None and user_folder.is_dir():
        roots.append((user_folder, user_folder / INPUTS_FOLDER))
    models: dict[str, Model] = {}
    inputs: dict[str, Input] = {}
    overridden: list[str] = []
    for models_folder, inputs_folder in roots:
        for path in sorted(models_folder.glob("*.sql")):
            model = with_contract(read_model(path))
            overridden += [model.name] if model.name in models else []
            models[model.name] = model
        for path in sorted(inputs_folder.glob("*.yaml")):
            given = read_input(path)
            overridden += [given.name] if given.name in inputs else []
            inputs[given.name] = given
    if generated is None and folders is None:
        generated = configured_models(ModelsSettings(), user_folder)
    if generated is not None:
        overridden += [model.name for model in generated.models if model.name in models]
        models |= {model.name: model for model in generated.models if model.name not in models}
        inputs |= {given.name: given for given in generated.inputs if given.name not in inputs}
    by_name = {each.name: each for each in python}
    queries = {model.name: parse_query(model.text, model.path) for model in models.values() if model.made_by is None}
    known = {*models, *inputs}
    paths = {model.name: model.path for model in models.values()} | {
        given.name: given.path for given in inputs.values()
    }
    ours = {name for name, path in paths.items() if path.is_relative_to(roots[0][0].parent)}
    for name, query in queries.items():
        # A model of the user may have the name of a WITH in one of our models; there, the name means the WITH.
        check_model(models[name], query, known, ours if name in ours else known, parameters)
    for model in list(models.values()):
        if model.name in ours and set(tables_without(model, queries, models, inputs)) - ours:
            # A user's replacement need not have the column by which our models that read it are made in part.
            models[model.name] = replace(model, incremental=None)
    for model in models.values():
        check_checks(model, known, parameters)
        check_incremental(model, queries, models, inputs)
    steps = _ordered(_steps(models, by_name, queries, known), models)
    return Catalog(models, inputs, by_name, queries, steps, tuple(sorted(set(overridden))))


def _steps(
    models: Mapping[str, Model],
    python: Mapping[str, PythonModel],
    queries: Mapping[str, exp.Query],
    known: set[str],
) -> list[Step]:
    steps = [
        Step(name, (name,), tuple(sorted({table.name for table in tables_read(query)})))
        for name, query in queries.items()
    ]
    for each in python.values():
        tables = tuple(sorted(model.name for model in models.values() if model.made_by == each.name))
        unknown = [name for name in each.reads if name not in known]
        if unknown:
            raise ConfigError(
                f"the Python model {each.name} reads {unknown[0]!r}, which is neither a model nor an input",
                each.entry,
                f"correct it{nearest(unknown[0], known)}",
            )
        if tables:
            steps.append(Step(each.name, tables, tuple(sorted(each.reads))))
    if twice := repeated([step.name for step in steps]):
        raise ConfigError(
            f"a model made by SQL and a Python model are both called {twice[0]!r}",
            str(models[twice[0]].path),
            "rename one of them",
        )
    for model in models.values():
        if model.made_by is not None and model.made_by not in python:
            raise ConfigError(
                f"model {model.name} is made by {model.made_by!r}, which is not a Python model",
                f"{model.path}:1",
                f"Python models are: {', '.join(python) or 'none'}{nearest(model.made_by, python)}",
            )
    return steps


def _ordered(steps: Sequence[Step], models: Mapping[str, Model]) -> tuple[Step, ...]:
    maker = {table: step.name for step in steps for table in step.tables}
    by_name = {step.name: step for step in steps}
    graph = {
        step.name: sorted({maker[table] for table in step.reads if table in maker})
        for step in sorted(steps, key=lambda step: step.name)
    }
    try:
        return tuple(by_name[name] for name in TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = [str(name) for name in error.args[1]]
        table = by_name[circle[0]].tables[0]
        raise ConfigError(
            f"models read each other in a circle: {' → '.join(reversed(circle))}",
            str(models[table].path),
            "remove one of these reads",
        ) from None
