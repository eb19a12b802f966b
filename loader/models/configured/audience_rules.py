"""Rules of audiences in the configuration: each becomes a model `audience_rule_<key>` of who meets the rule."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from loader.config.models.audiences import CustomAudience
from loader.config.models.conditions import AudienceCondition
from loader.config.models.traits import TraitSettings
from loader.core.nearest import nearest
from loader.errors import ConfigError
from loader.models.configured.conditions import as_type, days_before, fill, holds, is_negated, member_of, type_of
from loader.models.configured.generated import Generated, generated_model
from loader.models.configured.levels import LEVELS, Level
from loader.models.configured.matching import Matching
from loader.models.configured.traits import TYPES, ZERO_WITHOUT_EVENTS, newest_of_accounts
from loader.models.header import LogicalType
from loader.models.parameters import typed_literal
from loader.models.render import bare_table

RULE: Final = "audience_rule_"
"""Prefix of the models that say who meets the rule of an audience."""
_PROFILE_TRAIT: Final = "select canonical_segment_id from user_traits where name = $name"
_USERS: Final = "account_members"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a condition is about: rows of a model, by its alias in the query."""

    level: Level
    everyone: str
    """The model."""
    alias: str

    @property
    def who(self) -> exp.Column:
        """The column of their id in the query."""
        return exp.column(self.level.key.name, table=self.alias)

    def rows(self, alias: str) -> exp.Expr:
        """The model under an alias."""
        return exp.alias_(bare_table(self.everyone), alias, table=True)


_USER: Final = _Asked(LEVELS["profile"], _USERS, "m")


class Rule:
    """The rule of one audience while it is compiled. `levels`: the level of every existing audience."""

    def __init__(
        self, key: str, audience: CustomAudience, traits: Mapping[str, TraitSettings], levels: Mapping[str, str]
    ) -> None:
        self._key = key
        self._audience = audience
        self._traits = traits
        self._levels = levels
        self._setting = f"models.audiences.custom.{key}"
        self._matchings: list[Matching] = []
        level = LEVELS[audience.level]
        self._asked = _Asked(level, level.population, "p")

    def generated(self) -> Generated:
        """The model of the rule, and the inputs that its conditions need."""
        groups = [self._condition(each) for each in self._audience.all]
        if self._audience.any:
            groups.append(exp.or_(*(self._condition(each) for each in self._audience.any)))
        groups += [exp.not_(self._condition(each)) for each in self._audience.none]
        level = self._asked.level
        noun = level.noun
        model = generated_model(
            name=f"{RULE}{self._key}",
            setting=self._setting,
            description=f"{noun.title()}s that meet the rule of the audience {self._key}. {self._audience.description}",
            grain=f"one row per {noun}",
            keys=(level.key.name,),
            columns=(level.key,),
            query=exp.select(self._asked.who).from_(self._asked.rows("p")).where(*groups),
        )
        return Generated((model,), tuple(matching.input() for matching in self._matchings))

    def _condition(self, condition: AudienceCondition) -> exp.Expr:
        """The condition about the profile or account `p`; never NULL."""
        if condition.users is None:
            return self._holds(self._asked, condition)
        holds_for = self._holds(_USER, condition)
        if condition.users != "all":
            some = self._of_users(holds_for)
            return some if condition.users == "any" else exp.not_(some)
        # `all` does not hold for an account without users.
        return exp.and_(self._of_users(), exp.not_(self._of_users(exp.not_(holds_for))))

    def _of_users(self, condition: exp.Expr | None = None) -> exp.Expr:
        """Two conditions: the account has a user for whom the condition holds; it has any user."""
        account = self._asked.who
        rows = exp.select(exp.column(account.name, table=_USER.alias)).from_(_USER.rows(_USER.alias))
        return exp.In(this=account, query=exp.Subquery(this=rows if condition is None else rows.where(condition)))

    def _holds(self, asked: _Asked, condition: AudienceCondition) -> exp.Expr:
        if condition.audience is not None:
            self._check_known(condition.audience, self._levels, "audience")
            self._check_level(asked, condition.audience, self._levels[condition.audience], "audience")
            return member_of(asked.who, f"{RULE}{condition.audience}")
        if condition.trait is not None:
            self._check_known(condition.trait, self._traits, "computed trait")
            self._check_level(asked, condition.trait, self._traits[condition.trait].level, "computed trait")
            return self._compared(asked, condition, condition.trait)
        if condition.profile_trait is not None:
            rows = fill(_PROFILE_TRAIT, {"name": typed_literal(condition.profile_trait)})
            return self._compared_rows(asked, condition, rows, "text")
        if condition.account_trait is not None:
            newest = newest_of_accounts(self._matching(condition, call="group", taken=condition.account_trait).rows())
            rows = exp.select(asked.level.key.name).from_(exp.Subquery(this=newest, alias="newest"))
            return self._compared_rows(asked, condition, rows, "text")
        return self._counted(asked, condition)

    def _check_known(self, name: str, names: Collection[str], what: str) -> None:
        if name not in names:
            raise ConfigError(
                f"there is no {what} {name!r}",
                self._setting,
                f"use one of: {', '.join(sorted(names)) or 'none'}{nearest(name, names)}",
            )

    def _check_level(self, asked: _Asked, name: str, level: str, what: str) -> None:
        if LEVELS[level] is asked.level:
            return
        if level == "profile":
            fix = f"add `users: any`, `all` or `none`, or use one with `level: {asked.level.noun}`"
        elif asked is _USER:
            fix = "leave `users` out, or use one with `level: profile`"
        else:
            fix = "use one with `level: profile`, or give this audience `level: account`"
        who = "its users" if asked is _USER else f"{asked.level.noun}s"
        raise ConfigError(f"the {what} {name!r} is about {level}s, the condition about {who}", self._setting, fix)

    def _compared(self, asked: _Asked, condition: AudienceCondition, trait: str) -> exp.Expr:
        """A computed trait. Without events, a count is zero, as in the table of all traits."""
        model, kind = f"trait_{trait}", self._traits[trait].kind
        key = asked.level.key.name
        if kind not in ZERO_WITHOUT_EVENTS:
            return self._compared_rows(asked, condition, exp.select(key).from_(bare_table(model)), TYPES[kind])
        everyone = exp.select(exp.column(key, table="a")).from_(asked.rows("a"))
        same = exp.column(key, table="t").eq(exp.column(key, table="a"))
        joined = everyone.join(exp.alias_(bare_table(model), "t", table=True), on=same, join_type="left")
        value = exp.Coalesce(this=exp.column("value", table="t"), expressions=[exp.Literal.number(0)])
        return self._compared_rows(asked, condition, joined, TYPES[kind], value)

    def _compared_rows(
        self,
        asked: _Asked,
        condition: AudienceCondition,
        rows: exp.Query,
        kind: LogicalType,
        value: exp.Expr | None = None,
    ) -> exp.Expr:
        typed = as_type(value or exp.column("value"), kind, type_of(condition))
        assert isinstance(rows, exp.Select)
        inside = exp.In(this=asked.who, query=exp.Subquery(this=rows.where(holds(condition, typed))))
        return exp.not_(inside) if is_negated(condition) else inside

    def _counted(self, asked: _Asked, condition: AudienceCondition) -> exp.Expr:
        """How often it happened. A range from 0 up to a number is everybody who did not do it more often."""
        grouped = self._rows(asked, condition).group_by(asked.level.key.name)
        number = exp.Count(this=exp.Star())
        if condition.least == 0:
            assert condition.at_most is not None
            more = grouped.having(exp.GT(this=number, expression=typed_literal(condition.at_most)))
            return exp.not_(exp.In(this=asked.who, query=exp.Subquery(this=more)))
        often = grouped.having(exp.GTE(this=number, expression=typed_literal(condition.least)))
        if condition.at_most is not None:
            often = often.having(exp.LTE(this=number.copy(), expression=typed_literal(condition.at_most)))
        return exp.In(this=asked.who, query=exp.Subquery(this=often))

    def _rows(self, asked: _Asked, condition: AudienceCondition) -> exp.Select:
        """Who did it: one row per counted call.

        For profiles, and without conditions on properties, the narrow table of calls is enough.
        """
        key = asked.level.key.name
        is_of_accounts = asked.level is LEVELS["account"]
        if condition.where or is_of_accounts:
            matching = self._matching(condition, condition.call, is_of_accounts=is_of_accounts)
            return exp.select(key).from_(exp.Subquery(this=matching.rows(), alias="matching"))
        rows = exp.select(key).from_(bare_table("audience_events"))
        rows = rows.where(exp.column("call").eq(typed_literal(condition.call or "track")))
        if condition.event:
            names = [typed_literal(event) for event in condition.event]
            rows = rows.where(exp.In(this=exp.column("event_text"), expressions=names))
        if condition.within_days is not None:
            rows = rows.where(exp.column("timestamp") >= days_before(condition.within_days))
        return rows

    def _matching(
        self, condition: AudienceCondition, call: str | None, taken: str | None = None, is_of_accounts: bool = True
    ) -> Matching:
        """The calls of a condition, as an input."""
        matching = Matching(
            name=f"{RULE}{self._key}_{len(self._matchings) + 1}",
            setting=self._setting,
            events=condition.event,
            call=call,
            where=condition.where,
            within_days=condition.within_days,
            taken=taken,
            is_of_accounts=is_of_accounts,
        )
        self._matchings.append(matching)
        return matching
