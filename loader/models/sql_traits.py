"""SQL traits: checks a user's model `sql_traits_<key>` against Segment's contract for what can be sent as traits."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from loader.errors import ConfigError
from loader.models.header import Check, Column, Model

PREFIX: Final = "sql_traits_"
"""Of models that the contract is for."""
IDS: Final = ("user_id", "email", "anonymous_id", "group_id")
MOST_COLUMNS: Final = 25
MOST_ROWS: Final = 25_000_000
MOST_ROW_BYTES: Final = 16 * 1024
SENT_TYPES: Final = ("text", "integer", "decimal", "float")
"""Strings and numbers."""


def with_contract(model: Model) -> Model:
    """Add a check for each rule that only the rows can break. Other models are returned unchanged.

    Raises ConfigError if the header breaks the contract.
    """
    if not model.name.startswith(PREFIX):
        return model
    given = _id_of(model)
    _check_keys(model, given)
    _check_columns(model, given)
    checks = [_is_small(model, given), _is_not_too_many(model)]
    if given.name != "group_id":
        checks.append(_is_one_per_profile(model, given))
    return replace(model, checks=(*model.checks, *checks))


def _id_of(model: Model) -> Column:
    ids = [column for column in model.columns if column.name in IDS]
    if len(ids) != 1:
        found = " and ".join(column.name for column in ids)
        raise ConfigError(
            f"{model.name} has {f'{found}: more than one id' if ids else 'no id column'}, "
            "so it is unclear whose traits they are",
            f"{model.path}:1",
            f"select exactly one of {', '.join(IDS)}" + (", and drop or rename the others" if ids else ""),
        )
    if ids[0].type != "text":
        raise ConfigError(
            f"{model.name}.{ids[0].name} is declared {ids[0].type}; ids are text",
            f"{model.path}:1",
            f"write `{ids[0].name} text: …` under columns",
        )
    return ids[0]


def _check_keys(model: Model, given: Column) -> None:
    if model.keys != (given.name,):
        raise ConfigError(
            f"{model.name} must have one row per {given.name}, and its keys are {', '.join(model.keys) or 'none'}",
            f"{model.path}:1",
            f"write `-- keys: {given.name}`, and group by it in the SQL: then it is checked to be unique and not null",
        )


def _check_columns(model: Model, given: Column) -> None:
    if len(model.columns) < 2:
        raise ConfigError(
            f"{model.name} has no trait beside {given.name}", f"{model.path}:1", "select one trait at least"
        )
    if len(model.columns) > MOST_COLUMNS:
        raise ConfigError(
            f"{model.name} has {len(model.columns)} columns; {MOST_COLUMNS} can be sent, the id among them",
            f"{model.path}:1",
            f"leave some out, or split it into two files {PREFIX}….sql",
        )
    for column in model.columns:
        if column.type not in SENT_TYPES:
            raise ConfigError(
                f"{model.name}.{column.name} is declared {column.type}; traits are texts and numbers",
                f"{model.path}:1",
                f"declare it as one of {', '.join(SENT_TYPES)}, and cast it in the SQL: cast({column.name} as text)",
            )


def _is_small(model: Model, given: Column) -> Check:
    parts = (f"coalesce(bit_length(cast({column.name} as text)) / 8, 0)" for column in model.columns)
    size = " + ".join(parts)
    return Check(
        "row_is_below_16_kb",
        f"select {given.name}, {size} as row_bytes from {model.name} where {size} >= {MOST_ROW_BYTES} "
        f"order by {given.name}",
        "fail",
        1,
    )


def _is_not_too_many(model: Model) -> Check:
    return Check(
        "at_most_25_million_rows",
        f"select count(*) as rows_made from {model.name} having count(*) > {MOST_ROWS}",
        "fail",
        1,
    )


def _is_one_per_profile(model: Model, given: Column) -> Check:
    """The check for two ids of one profile, whose traits would overwrite each other."""
    return Check(
        "one_row_per_profile",
        f"select i.canonical_segment_id, count(*) as rows_of_profile from {model.name} as t "
        f"join external_id_mapping as i on i.type = '{given.name}' and i.value = t.{given.name} "
        "group by i.canonical_segment_id having count(*) > 1 order by i.canonical_segment_id",
        "warn",
        1,
    )
