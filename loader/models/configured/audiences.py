"""Audiences: the candidates of all rules, and a table `audience_<key>` for each audience."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Final

from sqlglot import exp

from loader.config.models.audiences import LIBRARY, AudiencesSettings, CustomAudience
from loader.config.models.traits import TraitSettings
from loader.core.nearest import nearest
from loader.errors import ConfigError
from loader.models.configured.audience_rules import RULE, Rule
from loader.models.configured.conditions import fill_for
from loader.models.configured.generated import Generated, generated_model
from loader.models.configured.levels import LEVELS
from loader.models.header import Column, Model
from loader.models.parameters import typed_literal
from loader.models.render import bare_table

_CANDIDATE: Final = """
select $key as key, r.canonical_segment_id
from rule as r
join population as p on p.canonical_segment_id = r.canonical_segment_id
"""


def audience_models(
    settings: AudiencesSettings, traits: Mapping[str, TraitSettings], own_rules: Mapping[str, str] | None = None
) -> Generated:
    """The rules of configured audiences, the candidates of each level, and the table of each audience.

    `own_rules`: the level of each audience whose rule is an SQL file of the user, by key. Raises ConfigError for a
    reference to something that does not exist or has another level, and for audiences that refer to each other in a
    circle.
    """
    levels = {
        **dict.fromkeys(settings.library, "profile"),
        **{key: str(audience.level) for key, audience in settings.custom.items()},
        **(own_rules or {}),
    }
    _check_circles(settings.custom)
    _check_advertised(settings.suppress_based_on_time_audience, levels)
    made = Generated()
    for key, audience in settings.custom.items():
        made = made.plus(Rule(key, audience, traits, levels).generated())
    descriptions = {key: audience.description for key, audience in settings.custom.items()}
    candidates = [_candidates(name, tuple(sorted(key for key in levels if levels[key] == name))) for name in LEVELS]
    tables = [_table(key, levels[key], descriptions.get(key, "")) for key in sorted(levels)]
    return made.plus(Generated((*candidates, *tables)))


@lru_cache(maxsize=2000)
def _table(key: str, level_name: str, description: str) -> Model:
    level = LEVELS[level_name]
    columns = (level.key, Column("entered_at", "timestamp", "`as_of` of the run in which it entered"), *level.shown)
    return generated_model(
        name=f"audience_{key}",
        setting=f"models.audiences.{key}",
        description=f"{_who(level_name)} in the audience {key}. {description}",
        grain=f"one row per {level.noun}",
        keys=(level.key.name,),
        columns=columns,
        query=exp.select(*(column.name for column in columns))
        .from_(bare_table(level.members))
        .where(exp.column("key").eq(typed_literal(key))),
    )


def _who(level_name: str) -> str:
    return "Who is" if level_name == "profile" else f"{LEVELS[level_name].noun.title()}s that are"


@lru_cache(maxsize=100)
def _candidates(level_name: str, keys: tuple[str, ...]) -> Model:
    level = LEVELS[level_name]
    rules = [_candidate(level_name, key, f"{RULE}{key}") for key in keys]
    none = _candidate(level_name, "", level.population).where("1 = 0")
    return generated_model(
        name=level.candidates,
        setting="models.audiences",
        description=f"{level.noun.title()}s that meet the rule of an audience now and may be in one.",
        grain=f"one row per audience and {level.noun}",
        keys=("key", level.key.name),
        columns=(Column("key", "text", "audience"), level.key),
        query=exp.union(*rules, distinct=False) if len(rules) > 1 else (rules or [none])[0],
    )


def _candidate(level_name: str, key: str, rule: str) -> exp.Select:
    level = LEVELS[level_name]
    tables = {"rule": rule, "population": level.population}
    query = fill_for(level, _CANDIDATE, {"key": typed_literal(key)}, tables)
    assert isinstance(query, exp.Select)
    return query


def _check_advertised(key: str, levels: Mapping[str, str]) -> None:
    """Refuse an unknown audience. One of the library that is left out now may still have members from earlier runs."""
    known = sorted({*LIBRARY, *(key for key, level in levels.items() if level == "profile")})
    if key not in known:
        raise ConfigError(
            f"there is no audience of profiles {key!r}",
            "models.audiences.suppress_based_on_time_audience",
            f"use one of: {', '.join(known)}{nearest(key, known)}",
        )


def _check_circles(custom: Mapping[str, CustomAudience]) -> None:
    graph = {
        key: [each.audience for each in audience.conditions if each.audience is not None]
        for key, audience in custom.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = [str(key) for key in reversed(error.args[1])]
        raise ConfigError(
            f"audiences refer to each other in a circle: {' → '.join(circle)}",
            f"models.audiences.custom.{circle[0]}",
            "remove one of these references",
        ) from None
