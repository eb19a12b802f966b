"""Settings of orders, campaigns and attribution."""

from typing import Literal

from pydantic import Field, field_validator

from loader.config.base import Settings

OrderValue = Literal["total", "revenue"]
AttributionModel = Literal["first", "last", "last_non_direct", "linear", "position", "time_decay", "markov", "shapley"]


class AttributionSettings(Settings):
    """Which touches an order is attributed to, and how."""

    lookback_days: int = Field(
        30, ge=1, le=3650, description="Longest time between a touch and its order, including both ends."
    )
    half_life_days: float = Field(
        7, gt=0, le=3650, description="Days after which a touch counts half as much, in `time_decay`."
    )
    refund_basis: Literal["order_date", "event_date"] = Field(
        "order_date",
        description="Whether a refund lowers its order, on the day of the order (`order_date`), or is a row of its own "
        "on the day of the refund (`event_date`).",
    )
    reset_after_conversion: bool = Field(
        False, description="Whether touches before one order no longer count for the next one."
    )
    direct_touches: bool = Field(
        False,
        description="Whether the first page of a session without campaign or referrer is a `direct` touch.",
    )
    touch_events: tuple[str, ...] = Field((), description="Events that are touches too, such as `Email Link Clicked`.")
    internal_hosts: tuple[str, ...] = Field(
        (), description="Your own hosts, which are not referrers, such as `pay.example.com` of a payment page."
    )
    markov_min_conversions: int = Field(
        100,
        ge=0,
        description="With fewer orders with touches than this, `markov` is the same as `linear`, with a warning.",
    )

    @field_validator("internal_hosts")
    @classmethod
    def _as_in_addresses(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(host.lower().removeprefix("www.") for host in hosts)


class CampaignSettings(Settings):
    """The campaign funnel, and what campaigns cost."""

    store_url_pattern: str = Field(
        "%",
        min_length=1,
        description="Pages whose URL matches this are visits of the store; `%` is any text, `_` any character, "
        "case does not matter.",
    )
    funnel_window_days: int = Field(
        7,
        ge=1,
        le=3650,
        description="Time from the first visit within which views and orders count, including its end.",
    )
    funnel_order: Literal["loose", "strict"] = Field(
        "loose",
        description="Whether an order must come after a product was viewed (`strict`), or only after the visit.",
    )
    attribution_model: AttributionModel = Field(
        "last", description="Attribution model whose revenue `campaign_performance` shows."
    )
    margin: float = Field(1, ge=0, le=1, description="Share of revenue that is profit, for ROI.")
    hours_per_year: int = Field(2080, ge=1, le=8784, description="Working hours that an annual salary pays for.")
