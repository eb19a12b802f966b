"""The section `models.traits`: computed traits."""

from typing import Literal

from pydantic import Field, model_validator

from loader.config.base import Settings
from loader.config.models.conditions import Call, Days, Events, PropertyCondition

TraitKind = Literal[
    "count", "sum", "average", "min", "max", "most_frequent", "first", "last", "unique_list", "unique_count"
]


class TraitSettings(Settings):
    """One computed trait: a value of each profile or account, computed from its events before `as_of`."""

    description: str = Field("", description="What the trait says.")
    level: Literal["profile", "account"] = Field(
        "profile", description="Whose events are combined: those of a profile, or of all profiles of an account."
    )
    kind: TraitKind = Field(description="What is computed.")
    event: Events = Field((), description="Events that the trait is computed from, as they were sent.")
    call: Call | None = Field(None, description="Calls that the trait is computed from, instead of events.")
    property: str | None = Field(
        None, description="Property whose values are taken; nested ones with dots. Not for `count`."
    )
    where: tuple[PropertyCondition, ...] = Field((), description="What properties of the events must be.")
    within_days: Days | None = Field(
        None, description="Days before `as_of` in which events count. Without it, all of them count."
    )
    session_minutes: int | None = Field(
        None,
        ge=30,
        le=90 * 24 * 60,
        description="Only the last session counts: the last events that follow each other within these minutes.",
    )
    min_occurrences: int = Field(2, ge=1, description="How often a value must occur to be the most frequent one.")

    @model_validator(mode="after")
    def _is_complete(self) -> "TraitSettings":
        if bool(self.event) == (self.call is not None):
            raise ValueError("needs exactly one of event and call")
        if (self.kind == "count") != (self.property is None):
            raise ValueError(f"`kind: {self.kind}` {'takes no' if self.kind == 'count' else 'needs a'} property")
        if self.within_days is not None and self.session_minutes is not None:
            raise ValueError("has within_days and session_minutes; use one of them")
        return self
