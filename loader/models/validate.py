"""Checks that the files of models fit together (names, parameters, columns, checks), before anything is run."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlglot import exp

from loader.core.nearest import nearest
from loader.errors import ConfigError
from loader.models.checks import check_queries
from loader.models.header import INPUT_PREFIX, Model, repeated
from loader.models.inputs import Input
from loader.models.render import line_of, parameters_read, tables_read
from loader.models.with_clauses import why_not_rows


def check_model(
    model: Model,
    query: exp.Query,
    known: Collection[str],
    reserved: Collection[str],
    parameters: Collection[str] | None,
) -> None:
    """Check that every name is known, every parameter is declared, and the columns are those of the header.

    `reserved`: names that no WITH of this model may have. Raises ConfigError with file and line.
    """
    _check_tables(model, query, known, reserved)
    _check_parameters(model, query, parameters)
    made = query.named_selects
    if "*" not in made and (set(made) != set(model.column_names) or repeated(made) or repeated(model.column_names)):
        missing = [name for name in model.column_names if name not in made]
        extra = [name for name in made if name not in model.column_names]
        raise ConfigError(
            f"the columns of model {model.name} are not those of its header: not selected: "
            f"{', '.join(missing) or 'none'}; not in the header: {', '.join(extra) or 'none'}; "
            f"twice: {', '.join(repeated([*made]) + repeated(model.column_names)) or 'none'}",
            f"{model.path}:1",
            "correct the list `columns:` or the SELECT",
        )


def _check_tables(model: Model, query: exp.Query, known: Collection[str], reserved: Collection[str]) -> None:
    for table in tables_read(query):
        if table.name not in known:
            raise ConfigError(
                f"model {model.name} reads {table.name!r}, which is neither a model nor an input",
                f"{model.path}:{line_of(table.this, model.text)}",
                f"inputs are called {INPUT_PREFIX}…; a table of a source is written with its schema"
                f"{nearest(table.name, known)}",
            )
    for cte in query.find_all(exp.CTE):
        if cte.alias.lower() in reserved:
            raise ConfigError(
                f"model {model.name} has a WITH named {cte.alias!r}, which is the name of a model or input",
                f"{model.path}:{line_of(cte.args['alias'].this, model.text)}",
                "give it another name",
            )


def _check_parameters(model: Model, query: exp.Query, parameters: Collection[str] | None) -> None:
    used = set(parameters_read(query))
    in_checks = {name for _, check in check_queries(model) for name in parameters_read(check)}
    declared = set(model.parameters)
    if not used <= declared <= used | in_checks:
        raise ConfigError(
            f"the header of model {model.name} declares the params {', '.join(sorted(declared)) or 'none'}, "
            f"its SQL uses {', '.join(sorted(used)) or 'none'}",
            f"{model.path}:1",
            f"write `-- params: {', '.join(sorted(used))}`" if used else "remove the line params",
        )
    for name in sorted(used):
        if parameters is not None and name not in parameters:
            raise ConfigError(
                f"model {model.name} uses the parameter ${name}, which does not exist",
                f"{model.path}:1",
                f"parameters are the settings of the section models{nearest(name, parameters)}",
            )


def check_checks(model: Model, known: Collection[str], parameters: Collection[str] | None) -> None:
    """Check that the checks of a header are SQL, and that every table and parameter in them exists."""
    for check, query in check_queries(model):
        where = f"{model.path}:{check.line}"
        for table in tables_read(query):
            if table.name not in known:
                raise ConfigError(
                    f"the check {check.name} of model {model.name} reads {table.name!r}, neither a model nor an input",
                    where,
                    f"correct it{nearest(table.name, known)}",
                )
        for name in parameters_read(query):
            if parameters is not None and name not in parameters:
                raise ConfigError(
                    f"the check {check.name} of model {model.name} uses the parameter ${name}, which does not exist",
                    where,
                    f"parameters are the settings of the section models{nearest(name, parameters)}",
                )


def check_incremental(
    model: Model, queries: Mapping[str, exp.Query], models: Mapping[str, Model], inputs: Mapping[str, Input]
) -> None:
    """Check that the model and everything that it reads have the column by which it is made in part."""
    if model.incremental is None:
        return
    if model.incremental_rows is not None and model.name in queries and model.incremental in model.column_names:
        _check_rows(model, queries[model.name], model.incremental, model.incremental_rows)
        return
    without = [] if model.incremental in model.column_names else [model.name]
    without += tables_without(model, queries, models, inputs)
    if without or model.name not in queries:
        raise ConfigError(
            f"model {model.name} cannot be incremental by {model.incremental!r}: "
            f"{f'{without[0]} has no such column' if without else 'it is not made by SQL'}",
            f"{model.path}:1",
            "name a column that the model and all that it reads have, or remove the line incremental",
        )


def tables_without(
    model: Model, queries: Mapping[str, exp.Query], models: Mapping[str, Model], inputs: Mapping[str, Input]
) -> list[str]:
    """The tables whose rows an incremental model compares, but that lack its column."""
    if model.incremental is None or model.incremental_rows is not None or model.name not in queries:
        return []
    read = dict.fromkeys(table.name for table in tables_read(queries[model.name]))
    columns = {name: models[name].columns if name in models else inputs[name].columns for name in read}
    return [name for name in read if model.incremental not in [column.name for column in columns[name]]]


def _check_rows(model: Model, query: exp.Query, column: str, rows: str) -> None:
    if (why := why_not_rows(query, rows, column)) is not None:
        raise ConfigError(
            f"model {model.name} cannot be incremental by {column!r} of {rows}: {why}",
            f"{model.path}:1",
            "name a WITH that has the column and through which everything is read, or remove the line incremental",
        )
