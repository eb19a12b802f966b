"""Conditions of audiences and computed traits, as people write them."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from loader.config.base import Settings

Call = Literal["identify", "track", "page", "screen", "group", "alias"]
Operator = Literal[
    "equals",
    "not_equals",
    "less_than",
    "greater_than",
    "at_most",
    "at_least",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "exists",
    "not_exists",
    "before",
    "after",
    "one_of",
    "contains_one_of",
    "within_last_days",
    "within_next_days",
    "before_last_days",
    "after_next_days",
]
Quantifier = Literal["none", "any", "all"]
Value = bool | int | float | datetime | date | str
WITHOUT_VALUE = ("exists", "not_exists")
LISTS = ("one_of", "contains_one_of")
TIMES = ("before", "after")
NUMBERS = ("less_than", "greater_than", "at_most", "at_least")
TEXTS = ("contains", "not_contains", "starts_with", "ends_with", "contains_one_of")
DAYS = ("within_last_days", "within_next_days", "before_last_days", "after_next_days")
MOST_DAYS = 36_500
Days = Annotated[int, Field(ge=1, le=MOST_DAYS)]
"""A number of days whose beginning is a time in every warehouse."""


def _as_list(given: object) -> object:
    return (given,) if isinstance(given, str) else given


Events = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
"""One name of an event or several, as they were sent."""


def as_time(value: object) -> datetime:
    """A day, a time, or the ISO text of one, as a time; a day means its first instant. Raises ValueError otherwise."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("must be an ISO day or time, such as 2026-01-31 or 2026-01-31T12:00:00Z")


class Comparison(Settings):
    """A comparison of a value: `is` says how, and `value` with what."""

    operator: Operator | None = Field(None, alias="is", description="How the value is compared.")
    value: Value | tuple[Value, ...] | None = Field(
        None, description="What it is compared with; a list for `one_of` and `contains_one_of`."
    )

    def check_comparison(self) -> None:
        """Raises ValueError when the value does not fit the operator."""
        kind, value = self.operator, self.value
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind is None:
            raise ValueError("has no `is`: say how the value is compared, such as `is: equals`")
        if (value is None) != (kind in WITHOUT_VALUE):
            raise ValueError(f"`is: {kind}` {'takes no' if kind in WITHOUT_VALUE else 'needs a'} value")
        if isinstance(value, tuple) != (kind in LISTS):
            raise ValueError(f"`is: {kind}` takes {'a list' if kind in LISTS else 'one value'}")
        if kind in NUMBERS and not is_number:
            raise ValueError(f"`is: {kind}` takes a number; days and times are compared by before and after")
        if kind in DAYS and not (is_number and 0 <= value <= MOST_DAYS):  # type: ignore[operator]
            raise ValueError(f"`is: {kind}` takes a number of days, {MOST_DAYS} at most")
        if kind in TEXTS and not all(
            isinstance(each, str) for each in (value if isinstance(value, tuple) else [value])
        ):
            raise ValueError(f"`is: {kind}` takes text")
        if kind in LISTS and not value:
            raise ValueError(f"`is: {kind}` takes a list with at least one value")
        if kind in TIMES:
            as_time(value)


class PropertyCondition(Comparison):
    """A condition on a property of an event."""

    property: str = Field(min_length=1, description="Property, as it was sent; nested ones with dots: `cart.id`.")

    @model_validator(mode="after")
    def _is_comparable(self) -> "PropertyCondition":
        self.check_comparison()
        if self.operator in DAYS:
            raise ValueError(f"`is: {self.operator}` is for traits; events have `within_days`")
        return self


class AudienceCondition(Comparison):
    """A condition on how often an event or call happened, on a trait, or on another audience."""

    event: Events = Field((), description="Events that are counted, as they were sent.")
    call: Call | None = Field(None, description="Calls that are counted instead of events.")
    where: tuple[PropertyCondition, ...] = Field((), description="Conditions on the properties of the counted events.")
    within_days: Days | None = Field(
        None, description="Days before `as_of` in which they are counted. Without it, all of them are."
    )
    at_least: int | None = Field(
        None, ge=0, description="Least number of them. Without it, 1, or 0 if `at_most` is given."
    )
    at_most: int | None = Field(None, ge=0, description="Greatest number of them.")
    trait: str | None = Field(None, description="Computed trait that is compared.")
    profile_trait: str | None = Field(None, description="Trait of the profile, from identify calls, that is compared.")
    audience: str | None = Field(None, description="Audience that the profile or account is in.")
    account_trait: str | None = Field(
        None, description="Trait of the account, the newest of its group calls, that is compared; `level: account`."
    )
    users: Quantifier | None = Field(
        None,
        description="For how many users of the account the condition must hold. Without it, the condition is about the "
        "account itself. `level: account`.",
    )

    @model_validator(mode="after")
    def _is_one_thing(self) -> "AudienceCondition":
        kinds = {
            "event": bool(self.event),
            "call": self.call is not None,
            "trait": self.trait is not None,
            "profile_trait": self.profile_trait is not None,
            "account_trait": self.account_trait is not None,
            "audience": self.audience is not None,
        }
        given = [name for name, is_given in kinds.items() if is_given]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(kinds)}; it has {' and '.join(given) or 'none'}")
        is_count = given[0] in ("event", "call")
        counting = [
            name for name in ("where", "within_days", "at_least", "at_most") if getattr(self, name) not in ((), None)
        ]
        if not is_count and counting:
            raise ValueError(f"`{counting[0]}` goes with event or call, not with {given[0]}")
        if is_count and self.least == 0 and self.at_most is None:
            raise ValueError("`at_least: 0` holds for everyone; give `at_most`")
        if self.at_most is not None and self.least > self.at_most:
            raise ValueError("`at_least` is greater than `at_most`")
        if self.users is not None and self.account_trait is not None:
            raise ValueError("`users` goes with what users are or did; account_trait is of the account itself")
        if given[0] in ("trait", "profile_trait", "account_trait"):
            self.check_comparison()
        elif self.operator is not None or self.value is not None:
            raise ValueError(f"`is` and `value` go with a trait, not with {given[0]}")
        return self

    @property
    def least(self) -> int:
        """Least number of events."""
        if self.at_least is not None:
            return self.at_least
        return 0 if self.at_most is not None else 1
