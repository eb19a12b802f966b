"""Models that are written by the configuration and not by a file: the text of a model file, made from a tree."""

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
    """Models and inputs that a part of the configuration makes. Files of the user of the same name replace them."""

    models: tuple[Model, ...] = ()
    inputs: tuple[Input, ...] = ()

    def plus(self, other: Generated) -> Generated:
        """These and others."""
        return Generated((*self.models, *other.models), (*self.inputs, *other.inputs))


def generated_model(
    name: str,
    setting: str,
    description: str,
    grain: str,
    keys: tuple[str, ...],
    columns: Sequence[Column],
    query: exp.Query,
) -> Model:
    """The model of a query whose values are literals and whose `$names` are parameters. Errors name the setting."""
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
