"""Makes the spreadsheet of Segment's guide, with the guide's inputs.

It counts all orders as repeat orders, and takes the days since the last order as recency. BG/NBD defines both
differently; the table is for comparison and teaching. Source: "Forecasting customer lifetime value", Segment's guides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import gammaln

from loader.models.ltv import bgnbd
from loader.models.ltv.grid import Outlook, make_grid
from loader.models.ltv.likelihood import FitError, Floats
from loader.models.ltv.tables import given as given_table
from loader.models.ltv.tables import histories

if TYPE_CHECKING:
    from loader.models.context import Context

TABLE: Final = "ltv_guide_sheet"
_INPUTS: Final = ("guide_orders", "guide_days_since_last", "guide_days_since_first")


def parameters(context: Context) -> bgnbd.Parameters:
    """The configured parameters, or a fit to the inputs of the sheet. Raises FitError if that fails."""
    own = context.settings.ltv.guide_parameters
    if own is not None:
        return bgnbd.Parameters(own.r, own.alpha, own.a, own.b)
    found = histories(context, "ltv_rfm", _INPUTS)
    if not found.total:
        raise FitError("nobody has ordered")
    return bgnbd.fit(found)[0]


def sheet_columns(
    given: bgnbd.Parameters, purchases: Floats, since_last: Floats, since_first: Floats
) -> dict[str, Floats]:
    """Columns C to G of the sheet: ln L and its four terms. Without an order, ln_a4 is not a number."""
    r, alpha, a, b = given.r, given.alpha, given.a, given.b
    x = purchases
    odds = bgnbd.log_odds_of_loss(given, x, since_last, since_first)
    first = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    second = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    third = -(r + x) * np.log(alpha + since_first)
    return {
        "ln_likelihood": first + second + third + np.logaddexp(0.0, odds),
        "ln_a1": first,
        "ln_a2": second,
        "ln_a3": third,
        "ln_a4": np.where(x > 0, third + odds, np.nan),
    }


def write_sheet(context: Context, given: bgnbd.Parameters, outlook: Outlook) -> None:
    """Make the table: one row per profile of `ltv_rfm`. Raises FitError if the expectation does not converge."""
    found = histories(context, "ltv_rfm", _INPUTS)
    x, last, first = found.x, found.recency, found.age
    grid = make_grid(given, x, first, outlook)
    columns = sheet_columns(given, x, last, first)
    expected = bgnbd.alive(given, x, last, first) * grid.window
    multiple = outlook.multiple(context.settings.ltv.guide_periods)
    with (
        given_table(
            context,
            "ltv_given",
            {"x": x, "since_last": last, "since_first": first, "expected_orders": expected, **columns},
        ),
        given_table(context, "ltv_multiple", {"multiple": [multiple]}),
    ):
        context.write(
            TABLE,
            """
            select
                r.canonical_segment_id, r.guide_orders as purchases, r.guide_days_since_last as days_since_last,
                r.guide_days_since_first as days_since_first, r.guide_mean_order as mean_order,
                g.ln_likelihood, g.ln_a1, g.ln_a2, g.ln_a3,
                case when r.guide_orders > 0 then g.ln_a4 end as ln_a4,
                g.expected_orders, g.expected_orders * r.guide_mean_order as revenue,
                g.expected_orders * r.guide_mean_order * m.multiple as guide_ltv
            from ltv_rfm as r
            join ltv_given as g on g.x = r.guide_orders and g.since_last = r.guide_days_since_last
              and g.since_first = r.guide_days_since_first
            cross join ltv_multiple as m
            """,
        )
