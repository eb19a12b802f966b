"""Settings of the models of usage and behaviour: tracked users, sessions, funnels."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from loader.config.base import Settings

Value = bool | int | float | str


class UsageSettings(Settings):
    """Monthly tracked users and throughput. These settings affect only `mtu_monthly` and `mtu_daily_cumulative`."""

    mtu_allowance: int | None = Field(
        None,
        ge=1,
        le=1_000_000_000_000,
        description="Monthly tracked users that the plan includes. Without it, throughput is not computed.",
    )
    calls_per_mtu: int = Field(
        250,
        ge=1,
        le=1_000_000,
        description="API calls and objects a month that the plan includes for each tracked user.",
    )
    exclude_sources: tuple[str, ...] = Field(
        (),
        description="Schemas of sources that do not count, such as those that send objects, or traits and audiences "
        "that the provider computed.",
    )


class SessionSettings(Settings):
    """What a session is."""

    gap_seconds: int = Field(
        1800,
        ge=1,
        le=90 * 86_400,
        description="A pause that is longer than this begins a new session.",
    )
    all_events: bool = Field(
        False, description="Whether track calls are part of sessions too, and not only pages and screens."
    )
    split_on_campaign: bool = Field(
        False, description="Whether a new session begins when the campaign of the device changes."
    )


class AdFunnelSettings(Settings):
    """Which page calls belong to which step of the advertising funnel."""

    server_libraries: tuple[str, ...] = Field(
        (
            "analytics-node",
            "@segment/analytics-node",
            "analytics-python",
            "analytics-ruby",
            "analytics-php",
            "analytics-java",
            "analytics-go",
            "analytics-csharp",
            "Analytics.NET",
            "http",
        ),
        description="Libraries that send page calls from a server. All others run in the browser.",
    )
    lookback_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="An order belongs to the last campaign that brought its buyer here within this time.",
    )


class FunnelStep(Settings):
    """One step of a funnel: a call, and what its columns must be."""

    event: str | None = Field(None, min_length=1, description="Event of a track call, as it was sent.")
    call: Literal["page", "screen", "track"] = Field(
        "track", description="Kind of call; pages and screens have no event."
    )
    where: dict[str, Value | tuple[Value, ...]] = Field(
        {},
        description="Columns of the event's table, or of pages or screens, with the value that each must have, or a "
        "list of values that it may have: `{coupon: [SPRING, SUMMER]}`.",
    )
    label: str | None = Field(None, min_length=1, description="Name of the step. Without it, the event or call.")

    @field_validator("where")
    @classmethod
    def _column_names(cls, where: dict[str, Any]) -> dict[str, Any]:
        for name, value in where.items():
            if not name.replace("_", "a").isalnum() or not name.isascii() or name.lower() != name:
                raise ValueError("keys must be column names as they are in the warehouse: lower case, underscores")
            if value == ():
                raise ValueError(f"the list of {name} is empty, so that no row could match")
            values = value if isinstance(value, tuple) else (value,)
            if len({"number" if type(each) in (int, float) else type(each).__name__ for each in values}) > 1:
                raise ValueError(f"the values of {name} must be all texts, all numbers, or all true or false")
        return where

    @model_validator(mode="after")
    def _event_of_track_calls(self) -> "FunnelStep":
        if (self.call == "track") != (self.event is not None):
            raise ValueError("a step has an event, or is `call: page` or `call: screen`")
        return self

    @property
    def name(self) -> str:
        """What the step is called in results."""
        return self.label or self.event or self.call


class FunnelSettings(Settings):
    """An ordered funnel: who did the first step, and then the other steps in this order."""

    name: str = Field(min_length=1, max_length=200, description="Name of the funnel.")
    steps: tuple[FunnelStep, ...] = Field(min_length=1, description="Steps, in order.")
    window_days: float = Field(
        30, gt=0, le=3650, description="All steps must lie within this time from the first one; its end is excluded."
    )
