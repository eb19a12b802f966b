"""Models that the configuration declares instead of a file. Their SQL is made from a tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from loader.models.header import Column, Model
from loader.models.inputs import Input
from loader.models.render import DIALECT, parameters_read


@dataclass(frozen=True, slots=True)
class Generated:
    """Models and inputs from the configuration. A file of the user with the same name replaces one."""

    models: tuple[Model, ...] = ()
    inputs: tuple[Input, ...] = ()

    def plus(self, other: Generated) -> Generated:
        """These, and the others."""
        return Generated((*self.models, *other.models), (*self.inputs, *other.inputs))


def generated_model(
    *,
    name: str,
    setting: str,
    description: str,
    grain: str,
    keys: tuple[str, ...],
    columns: Sequence[Column],
    query: exp.Query,
) -> Model:
    """Make a model of a query whose values are literals and whose `$names` are parameters. Errors name `setting`."""
    return Model(
        name=name,
        path=Path(setting),
        description=" ".join(description.split()),
        grain=grain,
        keys=keys,
        parameters=tuple(parameters_read(query)),
        columns=tuple(columns),
        checks=(),
        text=query.sql(dialect=DIALECT, pretty=True),
    )
