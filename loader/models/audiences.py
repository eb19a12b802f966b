"""Audiences: rules of one's own, the candidates of all rules, and a table `audience_<key>` of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Final

from sqlglot import exp

from loader.config.models_audiences import AudiencesSettings, CustomAudience
from loader.config.models_conditions import AudienceCondition
from loader.config.models_traits import TraitSettings
from loader.core.nearest import nearest
from loader.errors import ConfigError
from loader.models.conditions import as_type, days_before, fill, holds, is_negated, member_of, type_of
from loader.models.generated import Generated, generated_model
from loader.models.header import Column, LogicalType, Model
from loader.models.matching import Matching
from loader.models.parameters import typed_literal
from loader.models.render import bare_table
from loader.models.traits import TYPES, ZERO_WITHOUT_EVENTS

RULE: Final = "audience_rule_"
"""Prefix of the models that say who meets the rule of an audience."""
_PROFILE: Final = Column("canonical_segment_id", "text", "profile")
_AUDIENCE: Final = """
select canonical_segment_id, entered_at, user_id, email from audience_members where key = $key
"""
_CANDIDATE: Final = """
select $key as key, r.canonical_segment_id
from rule as r
join audience_population as p on p.canonical_segment_id = r.canonical_segment_id
"""
_PROFILE_TRAIT: Final = "select canonical_segment_id from user_traits where name = $name"


def audience_models(
    settings: AudiencesSettings, traits: Mapping[str, TraitSettings], own_rules: Collection[str] = ()
) -> Generated:
    """Rules of one's own audiences, `audience_candidates`, and the table of each audience.

    `own_rules`: keys of audiences whose rule is an SQL file of the user. Raises ConfigError for a reference to what
    does not exist, and for audiences that refer to each other in a circle, by name.
    """
    files = sorted(set(own_rules) - settings.custom.keys())
    keys = tuple(sorted({*settings.library, *settings.custom, *files}))
    _check_circles(settings.custom)
    made = Generated()
    for key, audience in settings.custom.items():
        made = made.plus(_Rule(key, audience, traits, keys).generated())
    descriptions = {key: audience.description for key, audience in settings.custom.items()}
    tables = tuple(_table(key, descriptions.get(key, "")) for key in keys)
    return made.plus(Generated((_candidates(keys), *tables)))


@lru_cache(maxsize=2000)
def _table(key: str, description: str) -> Model:
    return generated_model(
        name=f"audience_{key}",
        setting=f"models.audiences.{key}",
        description=f"Who is in the audience {key}. {description}",
        grain="one row per profile",
        keys=(_PROFILE.name,),
        columns=(
            _PROFILE,
            Column("entered_at", "timestamp", "`as_of` of the run in which it entered"),
            Column("user_id", "text", "user id of the profile"),
            Column("email", "text", "email of the profile"),
        ),
        query=fill(_AUDIENCE, {"key": typed_literal(key)}),
    )


@lru_cache(maxsize=100)
def _candidates(keys: tuple[str, ...]) -> Model:
    rules = [fill(_CANDIDATE, {"key": typed_literal(key)}, {"rule": f"{RULE}{key}"}) for key in keys]
    none = fill(f"{_CANDIDATE} where 1 = 0", {"key": typed_literal("")}, {"rule": "audience_population"})
    return generated_model(
        name="audience_candidates",
        setting="models.audiences",
        description="Profiles that meet the rule of an audience now and may be in one.",
        grain="one row per audience and profile",
        keys=("key", _PROFILE.name),
        columns=(Column("key", "text", "audience"), _PROFILE),
        query=exp.union(*rules, distinct=False) if len(rules) > 1 else (rules or [none])[0],
    )


def _check_circles(custom: Mapping[str, CustomAudience]) -> None:
    graph = {
        key: [each.audience for each in _conditions(audience) if each.audience is not None]
        for key, audience in custom.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = [str(key) for key in reversed(error.args[1])]
        raise ConfigError(
            f"audiences refer to each other in a circle: {' → '.join(circle)}",
            f"models.audiences.custom.{circle[0]}",
            "take one of these references out",
        ) from None


def _conditions(audience: CustomAudience) -> tuple[AudienceCondition, ...]:
    return (*audience.all, *audience.any, *audience.none)


class _Rule:
    """The rule of one of the user's audiences while it is compiled."""

    def __init__(
        self, key: str, audience: CustomAudience, traits: Mapping[str, TraitSettings], keys: Sequence[str]
    ) -> None:
        self._key = key
        self._audience = audience
        self._traits = traits
        self._keys = keys
        self._setting = f"models.audiences.custom.{key}"
        self._matchings: list[Matching] = []

    def generated(self) -> Generated:
        """The model of the rule and the inputs that its conditions need."""
        groups = [self._condition(each) for each in self._audience.all]
        if self._audience.any:
            groups.append(exp.or_(*(self._condition(each) for each in self._audience.any)))
        groups += [exp.not_(self._condition(each)) for each in self._audience.none]
        profile = exp.column(_PROFILE.name, table="p")
        population = exp.alias_(bare_table("audience_population"), "p", table=True)
        model = generated_model(
            name=f"{RULE}{self._key}",
            setting=self._setting,
            description=f"Profiles that meet the rule of the audience {self._key}. {self._audience.description}",
            grain="one row per profile",
            keys=(_PROFILE.name,),
            columns=(_PROFILE,),
            query=exp.select(profile).from_(population).where(*groups),
        )
        return Generated((model,), tuple(matching.input() for matching in self._matchings))

    def _condition(self, condition: AudienceCondition) -> exp.Expr:
        """The condition about the profile `p`; never NULL."""
        profile = exp.column(_PROFILE.name, table="p")
        if condition.audience is not None:
            return member_of(profile, f"{RULE}{self._known(condition.audience, self._keys, 'audience')}")
        if condition.trait is not None:
            self._known(condition.trait, self._traits, "computed trait")
            self._is_of_profiles(condition.trait)
            return self._compared(profile, condition, f"trait_{condition.trait}", TYPES[self._kind(condition.trait)])
        if condition.profile_trait is not None:
            rows = fill(_PROFILE_TRAIT, {"name": typed_literal(condition.profile_trait)})
            return self._compared_rows(profile, condition, rows, "text")
        return self._counted(profile, condition)

    def _known(self, name: str, names: Collection[str], what: str) -> str:
        if name not in names:
            raise ConfigError(
                f"there is no {what} {name!r}",
                self._setting,
                f"use one of: {', '.join(sorted(names)) or 'none'}{nearest(name, names)}",
            )
        return name

    def _is_of_profiles(self, trait: str) -> None:
        if self._traits[trait].level != "profile":
            raise ConfigError(
                f"the computed trait {trait!r} is one of accounts, and audiences are about profiles",
                self._setting,
                f"use a trait with `level: profile`, or a file {RULE}{self._key}.sql that joins account_members",
            )

    def _kind(self, trait: str) -> str:
        return self._traits[trait].kind

    def _compared(self, profile: exp.Expr, condition: AudienceCondition, model: str, kind: LogicalType) -> exp.Expr:
        """A computed trait: read with its zero for profiles without events, as computed_traits shows it."""
        if self._kind(str(condition.trait)) not in ZERO_WITHOUT_EVENTS:
            rows = exp.select(_PROFILE.name).from_(bare_table(model))
            return self._compared_rows(profile, condition, rows, kind)
        everyone = exp.select(exp.column(_PROFILE.name, table="a")).from_(
            exp.alias_(bare_table("audience_population"), "a", table=True)
        )
        same = exp.column(_PROFILE.name, table="t").eq(exp.column(_PROFILE.name, table="a"))
        joined = everyone.join(exp.alias_(bare_table(model), "t", table=True), on=same, join_type="left")
        value = exp.Coalesce(this=exp.column("value", table="t"), expressions=[exp.Literal.number(0)])
        return self._compared_rows(profile, condition, joined, kind, value)

    def _compared_rows(
        self,
        profile: exp.Expr,
        condition: AudienceCondition,
        rows: exp.Query,
        kind: LogicalType,
        value: exp.Expr | None = None,
    ) -> exp.Expr:
        typed = as_type(value or exp.column("value"), kind, type_of(condition))
        assert isinstance(rows, exp.Select)
        inside = exp.In(this=profile, query=exp.Subquery(this=rows.where(holds(condition, typed))))
        return exp.not_(inside) if is_negated(condition) else inside

    def _counted(self, profile: exp.Expr, condition: AudienceCondition) -> exp.Expr:
        """How often it happened. Up to a number, counted from 0: those who did not do it more often."""
        grouped = self._rows(condition).group_by(_PROFILE.name)
        number = exp.Count(this=exp.Star())
        if condition.least == 0:
            assert condition.at_most is not None
            more = grouped.having(exp.GT(this=number, expression=typed_literal(condition.at_most)))
            return exp.not_(exp.In(this=profile, query=exp.Subquery(this=more)))
        often = grouped.having(exp.GTE(this=number, expression=typed_literal(condition.least)))
        if condition.at_most is not None:
            often = often.having(exp.LTE(this=number.copy(), expression=typed_literal(condition.at_most)))
        return exp.In(this=profile, query=exp.Subquery(this=often))

    def _rows(self, condition: AudienceCondition) -> exp.Select:
        """Profiles, one row per call that is counted. Without conditions on properties the narrow table is enough."""
        if condition.where:
            number = len(self._matchings) + 1
            matching = Matching(
                name=f"{RULE}{self._key}_{number}",
                setting=self._setting,
                events=condition.event,
                call=condition.call,
                where=condition.where,
                within_days=condition.within_days,
            )
            self._matchings.append(matching)
            return exp.select(_PROFILE.name).from_(exp.Subquery(this=matching.rows(), alias="matching"))
        rows = exp.select(_PROFILE.name).from_(bare_table("audience_events"))
        rows = rows.where(exp.column("call").eq(typed_literal(condition.call or "track")))
        if condition.event:
            names = [typed_literal(event) for event in condition.event]
            rows = rows.where(exp.In(this=exp.column("event_text"), expressions=names))
        if condition.within_days is not None:
            rows = rows.where(exp.column("timestamp") >= days_before(condition.within_days))
        return rows
