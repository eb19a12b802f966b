"""The section `models.audiences`: numbers and events of the library, and your own audiences."""

from typing import Final, Literal

from pydantic import Field, field_validator, model_validator

from loader.config.base import Settings
from loader.config.models.conditions import MOST_DAYS, AudienceCondition, Days
from loader.core.nearest import nearest

LIBRARY: Final = (
    "accelerate_first_purchase",
    "accelerate_onboarding",
    "cart_abandonment",
    "cart_abandonment_funnel",
    "checkout_abandonment",
    "checkout_abandonment_funnel",
    "coupon_loyal",
    "coupon_loyal_holdout",
    "coupon_loyal_offer",
    "dormant",
    "email_ignored",
    "high_ltv",
    "high_value_churn",
    "long_shots",
    "lookalike_app_install",
    "lookalike_high_value",
    "lookalike_signup",
    "loyalty",
    "nurture",
    "one_time_purchasers",
    "potential_vip",
    "push_ignored",
    "re_engage_60",
    "ready_to_buy",
    "suppress_based_on_time",
    "suppress_with_purchase",
    "trial_not_converted",
    "upsell",
    "winback_180",
    "winback_180_high_value",
    "winback_180_other",
)
"""Keys of the audiences that come with loader; the rule of each is sql/models/audience_rule_<key>.sql."""
RESERVED: Final = frozenset({"candidates", "events", "history", "likelihood", "members", "orders", "population"})
"""Models that are called audience_<one of these> but are not audiences."""


class CustomAudience(Settings):
    """Your own audience: everybody who meets all of `all`, at least one of `any`, and none of `none`."""

    description: str = Field("", description="What the audience is for.")
    level: Literal["profile", "account"] = Field("profile", description="Whether it is about profiles or accounts.")
    all: tuple[AudienceCondition, ...] = Field((), description="Conditions that must all hold.")
    any: tuple[AudienceCondition, ...] = Field((), description="Conditions of which at least one must hold.")
    none: tuple[AudienceCondition, ...] = Field((), description="Conditions of which none may hold.")

    @model_validator(mode="after")
    def _has_conditions(self) -> "CustomAudience":
        if not (self.all or self.any or self.none):
            raise ValueError("has no conditions; give it a list `all`, `any` or `none`")
        for condition in self.conditions:
            if self.level == "profile" and condition.users is not None:
                raise ValueError("`users` is for accounts: write `level: account`, or leave it out")
            if self.level == "profile" and condition.account_trait is not None:
                raise ValueError("account_trait is for accounts: write `level: account`, or use profile_trait")
            if self.level == "account" and condition.profile_trait is not None and condition.users is None:
                raise ValueError("profile_trait is of users: add `users: any`, `all` or `none`, or use account_trait")
        return self

    @property
    def conditions(self) -> tuple[AudienceCondition, ...]:
        """Those of all three lists."""
        return (*self.all, *self.any, *self.none)


class AudiencesSettings(Settings):
    """Audiences. Windows of days end before `as_of`; their first instant is included."""

    library: tuple[str, ...] = Field(LIBRARY, description="Audiences of the library to keep; all by default.")
    custom: dict[str, CustomAudience] = Field({}, description="Your own audiences, by key.")
    include_anonymous: bool = Field(
        False, description="Whether profiles that only have an anonymous id are in audiences and computed traits."
    )

    cart_events: tuple[str, ...] = Field(("Product Added",), description="Events that put something into the cart.")
    checkout_events: tuple[str, ...] = Field(("Checkout Started",), description="Events that begin a checkout.")
    push_received_events: tuple[str, ...] = Field(
        ("Push Notification Received",), description="Events of a push notification that arrived."
    )
    push_opened_events: tuple[str, ...] = Field(
        ("Push Notification Tapped", "Push Notification Opened"),
        description="Events of a push notification that was opened.",
    )
    email_received_events: tuple[str, ...] = Field(("Email Delivered",), description="Events of an email that arrived.")
    email_opened_events: tuple[str, ...] = Field(
        ("Email Opened", "Email Link Clicked"), description="Events of an email that was opened."
    )
    page_viewed_events: tuple[str, ...] = Field(
        ("Page Viewed",), description="Track events that count as a page view, beside page calls."
    )
    trial_started_events: tuple[str, ...] = Field(("Trial Started",), description="Events that begin a trial.")
    subscription_started_events: tuple[str, ...] = Field(
        ("Subscription Started",), description="Events that begin a subscription."
    )
    app_installed_events: tuple[str, ...] = Field(("Application Installed",), description="Events of an installation.")
    signed_up_events: tuple[str, ...] = Field(("Signed Up",), description="Events of a registration.")
    onboarding_events: tuple[str, ...] = Field(
        ("Onboarding Started", "Onboarding Step Completed"), description="Events of the onboarding."
    )
    consent_trait: str = Field(
        "marketing_consent",
        description="Trait that must be true, yes, 1 or granted before a profile is in lookalike_high_value.",
    )

    likelihood_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="Days after the `as_of` of `models.ltv` for which the likelihood of an order is computed.",
    )
    cart_abandonment_days: Days = Field(7, description="Days that count.")
    cart_abandonment_funnel_days: Days = Field(7, description="Days that count.")
    cart_abandonment_funnel_wait_days: Days = Field(1, description="Days in which an order may follow.")
    checkout_abandonment_days: Days = Field(7, description="Days that count.")
    checkout_abandonment_funnel_days: Days = Field(7, description="Days that count.")
    checkout_abandonment_funnel_wait_days: Days = Field(1, description="Days in which an order may follow.")
    push_ignored_days: Days = Field(7, description="Days that count.")
    email_ignored_days: Days = Field(7, description="Days that count.")
    one_time_purchasers_days: int = Field(14, ge=0, le=MOST_DAYS, description="Days after the only order.")
    loyalty_days: Days = Field(30, description="Days that count.")
    loyalty_orders: int = Field(3, ge=1, description="Least number of orders.")
    loyalty_amount: float = Field(100, description="Each of these orders must be above this value.")
    coupon_loyal_days: Days = Field(30, description="Days that count.")
    coupon_loyal_orders: int = Field(3, ge=1, description="Least number of orders.")
    coupon_loyal_amount: float = Field(20, description="Amount that `coupon_loyal_rule` compares with.")
    coupon_loyal_rule: Literal["average_above", "any_above", "any_at_least"] = Field(
        "average_above",
        description="Whether the average or any of the orders must be above the amount, or any at least the amount.",
    )
    winback_180_days: Days = Field(180, description="Days without an order.")
    winback_180_amount: float = Field(
        100, description="A profile whose orders are worth more than this in all is high value."
    )
    re_engage_60_days: Days = Field(60, description="Days without a page view.")
    dormant_days: Days = Field(60, description="Days without any activity.")
    dormant_below: float = Field(0.25, ge=0, le=1, description="A likelihood below this percentile of buyers is low.")
    potential_vip_days: Days = Field(14, description="Days in which there was activity.")
    high_ltv_share: float = Field(0.1, ge=0, le=1, description="Share of buyers with the highest predicted value.")
    ready_to_buy_share: float = Field(0.2, ge=0, le=1, description="Share of buyers with the highest likelihood.")
    long_shots_from: float = Field(0.25, ge=0, le=1, description="Percentile of likelihood, included.")
    long_shots_to: float = Field(0.65, ge=0, le=1, description="Percentile of likelihood, excluded.")
    high_value_churn_share: float = Field(0.1, ge=0, le=1, description="Share of buyers by predicted value.")
    high_value_churn_p_alive: float = Field(
        0.5, ge=0, le=1, description="A probability of being alive below this is low."
    )
    suppress_with_purchase_days: Days = Field(
        30, description="Days in which an order keeps a profile out of advertising."
    )
    suppress_based_on_time_days: Days = Field(30, description="Days after which a profile is suppressed.")
    suppress_based_on_time_audience: str = Field(
        "cart_abandonment", description="The audience that sees the advertisement."
    )
    trial_not_converted_days: int = Field(5, ge=0, le=MOST_DAYS, description="Days after the start of the trial.")
    seed_days: Days = Field(90, description="Days that count for seeds, nurture and upsell.")

    @field_validator("library")
    @classmethod
    def _known(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        for key in keys:
            if key not in LIBRARY:
                raise ValueError(f"has no audience {key!r}; it has {', '.join(LIBRARY)}{nearest(key, LIBRARY)}")
        return keys

    @model_validator(mode="after")
    def _somebody_can_be_in(self) -> "AudiencesSettings":
        if self.long_shots_from >= self.long_shots_to:
            raise ValueError("`long_shots_from` must be below `long_shots_to`")
        for began in ("cart", "checkout"):
            days, wait = f"{began}_abandonment_funnel_days", f"{began}_abandonment_funnel_wait_days"
            if getattr(self, wait) > getattr(self, days):
                raise ValueError(f"`{wait}` must not be above `{days}`: what is younger does not count yet")
        return self

    @field_validator("custom")
    @classmethod
    def _usable_keys(cls, custom: dict[str, CustomAudience]) -> dict[str, CustomAudience]:
        for key in custom:
            check_key(key)
            if key in RESERVED or key.startswith(("rule_", "membership_")):
                raise ValueError(f"an audience cannot be called {key!r}: audience_{key} is a table of ours")
            if key in LIBRARY:
                raise ValueError(
                    f"{key!r} is an audience of the library; use another key, or replace its rule by a file "
                    f"audience_rule_{key}.sql in the folder of models"
                )
        return custom


def check_key(key: str) -> None:
    """Raises ValueError for what cannot be part of a table's name."""
    if not (key.isascii() and key.replace("_", "a").isalnum() and key == key.lower() and key[:1].isalpha()):
        raise ValueError(f"{key!r} cannot be a key: use lower case letters, digits and underscores, a letter first")
    if len(key) > 40:
        raise ValueError(f"{key!r} is too long for a key: at most 40 letters")
