"""What was sold."""

from loader.core.plurals import counted
from loader.report.charts import Chart, Series, stacked_bars
from loader.report.facts import Facts
from loader.report.markup import Html, element, joined
from loader.report.numbers import count, decimals, month, number_of, plain
from loader.report.section import Section, notice, part_of_models
from loader.report.tables import Column, listing

_MOST_MONTHS = 36
_COLUMNS = (
    Column("month", "Month", month),
    Column("orders", "Orders", count),
    Column("removed", "Cancelled or paid back", count),
    Column("buyers", "Buyers", count),
    Column("gross", "Ordered", decimals),
    Column("cancelled", "Cancelled", decimals),
    Column("refunded", "Paid back", decimals),
    Column("net", "Revenue", decimals),
)


def sales(facts: Facts) -> Section:
    """The section on orders."""
    return Section(
        "sales",
        "What was sold",
        "Orders of each month, each counted once, less what was paid back.",
        [part_of_models(facts, ["orders"], "Revenue by month", lambda: _sales(facts), "There is no order yet.")],
    )


def _sales(facts: Facts) -> Html | None:
    months = facts.model("sales")
    left_out = _without_a_rate(facts)
    if not months:
        return left_out
    shown = months[-_MOST_MONTHS:]
    currency = plain(shown[-1]["currency"])
    title = f"Revenue by month in {currency}"
    about = f"What is left of the orders of a month, in {currency}. Months without an order are not shown."
    if len(months) > len(shown):
        about += f" The last {len(shown)} of {len(months):,} months with orders."
    marks = [month(record["month"]) for record in shown]
    chart = Chart("sales", title, about, marks, [Series("revenue", [record["net"] for record in shown])], decimals)
    return joined(left_out or Html(""), stacked_bars(chart), listing(_COLUMNS, list(reversed(shown)), title))


def _without_a_rate(facts: Facts) -> Html | None:
    """How many orders are in no amount of the page."""
    orders = sum(int(number_of(r["orders"])) for r in facts.model("unrated")) if facts.has_model("order_values") else 0
    if not orders:
        return None
    named = element("code", "models.inputs.currency_rates")
    return notice(
        joined(
            f"Not included: {counted(orders, 'order')} in a currency that has no rate in ", named, " of loader.yaml."
        )
    )
