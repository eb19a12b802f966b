"""The section `models` of loader.yaml: parameters of the SQL models.

Each family of models has a section of its own in `models_<family>.py`: the setting `models.sessions.gap_seconds` is
the parameter `$sessions_gap_seconds` in SQL.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from loader.config.base import ConfigPath, Settings, against_file, as_instant
from loader.config.models.audiences import AudiencesSettings, check_key
from loader.config.models.behaviour import AdFunnelSettings, FunnelSettings, SessionSettings, UsageSettings
from loader.config.models.identity import IdentitySettings
from loader.config.models.ltv import LtvSettings
from loader.config.models.money import AttributionSettings, CampaignSettings, OrderValue
from loader.config.models.traits import TraitSettings
from loader.core.dialect import DUCKDB
from loader.core.naming import table_name

_TRAIT_TABLES: Final = {
    "profile": ("computed_traits", ("canonical_segment_id", "user_id", "email")),
    "account": ("computed_account_traits", ("group_id", "name", "members")),
}
"""The table of all traits of a level, and its columns that are no traits."""


class ModelsSettings(Settings):
    """Parameters of the SQL models. `models.sessions.gap_seconds` is `$sessions_gap_seconds` in SQL."""

    model_config = ConfigDict(serialize_by_alias=True)

    schema_name: str = Field(
        "models", alias="schema", pattern=r"^[a-z][a-z0-9_]{0,54}$", description="Schema of the models' tables."
    )
    folder: ConfigPath = Field(
        Path("models"),
        validate_default=True,
        description="Folder of your own models. A file there replaces our model of the same name.",
    )
    as_of: Literal["today", "now"] | date | datetime = Field(
        "today",
        description="Only behaviour before this instant counts. A day or a time in `timezone`, `today` (its first "
        "instant) or `now`.",
    )
    timezone: str = Field("UTC", description="Time zone of calendar days, such as `Europe/Berlin`.")
    order_event: str = Field("Order Completed", min_length=1, description="Event that is an order.")
    order_updated_event: str = Field("Order Updated", min_length=1, description="Event that changes an order.")
    order_refunded_event: str = Field("Order Refunded", min_length=1, description="Event that refunds an order.")
    order_cancelled_event: str = Field("Order Cancelled", min_length=1, description="Event that cancels an order.")
    currency: str = Field(
        "USD",
        pattern=r"^[A-Za-z]{3}$",
        description="Currency of all amounts, ISO 4217. Orders in another currency need a rate in the input "
        "`currency_rates`; orders that name no currency are in this one.",
    )
    currency_decimals: int = Field(2, ge=0, le=4, description="Decimal places of `currency`.")
    order_value: OrderValue = Field(
        "total", description="Value of an order: `total`, with shipping and tax, or `revenue`, without them."
    )
    attribution: AttributionSettings = Field(
        AttributionSettings(), description="Which touches an order is attributed to."
    )
    campaigns: CampaignSettings = Field(CampaignSettings(), description="The campaign funnel, and what campaigns cost.")
    inputs: dict[str, str] = Field(
        {},
        description="Where the tables that do not come from events are, by the name of the input: a CSV file, or "
        "`schema.table` of the warehouse.",
    )
    usage: UsageSettings = Field(UsageSettings(), description="Tracked users and throughput.")
    sessions: SessionSettings = Field(SessionSettings(), description="Sessions.")
    ad_funnel: AdFunnelSettings = Field(AdFunnelSettings(), description="Advertising funnel.")
    funnels: tuple[FunnelSettings, ...] = Field((), description="Ordered funnels of your own.")
    ltv: LtvSettings = Field(LtvSettings(), description="Lifetime value.")
    identity: IdentitySettings = Field(IdentitySettings(), description="How calls become people.")
    audiences: AudiencesSettings = Field(
        AudiencesSettings(), description="Audiences: parameters of the library, and your own."
    )
    traits: dict[str, TraitSettings] = Field({}, description="Computed traits, by key.")

    @field_validator("funnels")
    @classmethod
    def _names_once(cls, funnels: tuple[FunnelSettings, ...]) -> tuple[FunnelSettings, ...]:
        names = [funnel.name for funnel in funnels]
        if len(names) != len(set(names)):
            raise ValueError("two funnels have the same name")
        return funnels

    @model_validator(mode="after")
    def _one_event_is_one_thing(self) -> "ModelsSettings":
        setting_of: dict[str, str] = {}
        for setting in ("order_event", "order_updated_event", "order_refunded_event", "order_cancelled_event"):
            other = setting_of.setdefault(table_name(getattr(self, setting), DUCKDB.identifier_bytes), setting)
            if other != setting:
                raise ValueError(f"`{setting}` is the same event as `{other}`")
        return self

    @field_validator("as_of", mode="before")
    @classmethod
    def _instant(cls, given: object) -> object:
        return as_instant(given)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("must be the name of a time zone, such as UTC or Europe/Berlin") from None
        return name

    @field_validator("traits")
    @classmethod
    def _usable_keys(cls, traits: dict[str, TraitSettings]) -> dict[str, TraitSettings]:
        for key, trait in traits.items():
            check_key(key)
            table, columns = _TRAIT_TABLES[trait.level]
            if key in columns:
                raise ValueError(f"a trait cannot be called {key!r}: {table} has a column of that name")
        return traits

    @field_validator("inputs")
    @classmethod
    def _files_against_file(cls, inputs: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        return {
            name: str(against_file(Path(given), info)) if given.lower().endswith(".csv") else given
            for name, given in inputs.items()
        }
