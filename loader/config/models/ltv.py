"""The section `models.ltv` of loader.yaml: parameters of lifetime value."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field, field_validator

from loader.config.base import Settings, as_instant


class GuideParameters(Settings):
    """Parameters of BG/NBD from a spreadsheet that follows the guide."""

    r: float = Field(gt=0, description="r of the sheet.")
    alpha: float = Field(gt=0, description="α of the sheet, in days.")
    a: float = Field(gt=0, description="a of the sheet.")
    b: float = Field(gt=0, description="b of the sheet.")


class LtvSettings(Settings):
    """Lifetime value. See [lifetime value](models/ltv.md)."""

    as_of: Literal["today", "now"] | date | datetime | None = Field(
        None, description="Orders before this instant count, instead of before `models.as_of`."
    )
    sources: tuple[str, ...] = Field(
        (), description="Only orders of these sources, by their schemas. Without it, those of all sources."
    )
    horizon_days: int = Field(
        364, ge=1, le=3650, description="How many days ahead orders and their value are expected."
    )
    discount_rate: float = Field(
        0.1, ge=0, le=10, description="Yearly discount: how much less money is worth a year later."
    )
    margin: float = Field(1.0, gt=0, le=1, description="Share of an order's value that counts in `clv`.")
    minimum_repeat_buyers: int = Field(
        20,
        ge=1,
        description="If fewer people than this have a second order day, nothing is fitted and scores are empty.",
    )
    minimum_q: float | None = Field(
        None,
        gt=1,
        le=100,
        description="Lower bound of q in Gamma-Gamma, for data where q would otherwise be 1 or less.",
    )
    holdout_days: int = Field(
        182, ge=1, le=3650, description="Length of the last stretch of time, which the hold-out predicts and compares."
    )
    guide_window_days: int = Field(
        181, ge=1, le=3650, description="Window of the guide: how far it looks back, and ahead."
    )
    guide_periods: int | None = Field(
        None, ge=1, le=1000, description="How many windows `guide_ltv` adds up. Without it, infinitely many."
    )
    guide_compat: bool = Field(
        False, description="Also make `ltv_guide_sheet`, the guide's spreadsheet with its inputs, for teaching."
    )
    guide_parameters: GuideParameters | None = Field(
        None, description="Parameters for `ltv_guide_sheet`. Without it, they are fitted to the sheet's inputs."
    )

    @field_validator("as_of", mode="before")
    @classmethod
    def _instant(cls, given: object) -> object:
        return as_instant(given)
