"""What campaigns bring: the funnel by campaign and channel, and the attribution models side by side."""

from loader.report.charts import COLOURS, Chart, Series, ranked_bars
from loader.report.facts import Facts, Records
from loader.report.markup import Html, element, joined
from loader.report.numbers import count, decimals, number_of, share
from loader.report.section import Section, notice, part_of_models
from loader.report.tables import Column, listing, some_of

_DRAWN, _LISTED, _CHANNELS_DRAWN = 8, 25, 5
_STEPS = (("store visits", "store_visits"), ("product views", "product_views"), ("orders", "orders"))
FUNNEL = (
    Column("value", "Campaign"),
    Column("store_visits", "Store visits", count),
    Column("product_views", "Product views", count),
    Column("orders", "Orders", count),
    Column("view_rate", "Views of visits", share),
    Column("order_rate", "Orders of visits", share),
    Column("revenue", "Revenue", decimals),
    Column("aov", "Revenue per order", decimals),
    Column("revenue_per_visit", "Revenue per visit", decimals),
)


def marketing(facts: Facts) -> Section:
    """The section on campaigns."""
    performance, summary = ["campaign_performance"], ["attribution_summary"]
    no_funnel, no_order = "Nobody visited the store in a campaign yet.", "There is no order to attribute yet."
    return Section(
        "marketing",
        "What campaigns bring",
        "From the visit to the order, by campaign and by channel; and which touches get the credit for the revenue. "
        f"Visits, views and orders count people; amounts are in {facts.currency}.",
        [
            part_of_models(facts, performance, "Funnel by campaign", lambda: _funnel(facts, "campaign"), no_funnel),
            part_of_models(facts, performance, "Funnel by medium", lambda: _funnel(facts, "medium"), no_funnel),
            part_of_models(facts, summary, "Attribution models side by side", lambda: _attribution(facts), no_order),
            part_of_models(facts, summary, "Return on campaigns", lambda: _returns(facts), no_order),
        ],
    )


def _funnel(facts: Facts, dimension: str) -> Html | None:
    records = facts.model("campaigns", dimension=dimension)
    if not records:
        return None
    drawn, listed = records[:_DRAWN], records[:_LISTED]
    title = f"Funnel by {dimension}"
    about = f"People who visited the store, viewed a product and ordered, for each {dimension}."
    if len(records) > _DRAWN:
        about += f" The {_DRAWN} with most visits of {len(records):,}."
    series = [Series(name, [record[column] for record in drawn]) for name, column in _STEPS]
    chart = Chart(f"funnel-{dimension}", title, about, [str(record["value"]) for record in drawn], series)
    columns = [Column("value", dimension.capitalize()), *FUNNEL[1:]]
    heading = some_of(f"{title}: steps, rates and revenue", listed, records)
    return joined(ranked_bars(chart), listing(columns, listed, heading))


def _attribution(facts: Facts) -> Html | None:
    records = facts.model("attribution")
    if not records:
        return None
    models = list(dict.fromkeys(str(record["model"]) for record in records))
    rows = _pivot(records, "channel", "revenue")
    rows.sort(key=lambda row: (-max(number_of(row.get(model)) for model in models), str(row["channel"])))
    # Orders without a touch are the same in every model, and often so many that they would hide everything else.
    touched = [row for row in rows if row["channel"] != "(unattributed)"]
    drawn, listed = touched[:_CHANNELS_DRAWN], rows[:_LISTED]
    title = f"Revenue in {facts.currency} by channel and attribution model"
    about = "Every model shares the same revenue out among the channels; they differ in which touches they credit."
    if len(touched) > len(drawn):
        about += f" The {len(drawn)} channels with most revenue of {len(touched):,}."
    series = [Series(_words(model), [row.get(model) for row in drawn]) for model in models[:COLOURS]]
    chart = Chart("attribution", title, about, [str(row["channel"]) for row in drawn], series, decimals)
    columns = [Column("channel", "Channel"), *(Column(model, _words(model), decimals) for model in models)]
    return joined(ranked_bars(chart), listing(columns, listed, some_of(title, listed, rows)))


def _returns(facts: Facts) -> Html | None:
    records = facts.model("roi")
    if not records:
        named = element("code", "models.inputs.campaign_costs")
        return notice(joined("No cost of a campaign is known. Name a table of costs as ", named, " in loader.yaml."))
    models = list(dict.fromkeys(str(record["model"]) for record in records))
    rows = _pivot(records, "campaign", "roi")
    costs = {str(record["campaign"]): record["cost"] for record in records}
    for row in rows:
        row["cost"] = costs[str(row["campaign"])]
    rows.sort(key=lambda row: (-number_of(row["cost"]), str(row["campaign"])))
    columns = [
        Column("campaign", "Campaign"),
        Column("cost", "Cost", decimals),
        *(Column(model, _words(model), share) for model in models),
    ]
    about = element(
        "p",
        "Return is what is left of a campaign's revenue after its cost, for each unit of cost: 0 % is even, −100 % is "
        "all lost. Without a cost there is none.",
    )
    listed = rows[:_LISTED]
    title = some_of("Return on the cost of each campaign, by attribution model", listed, rows)
    return joined(about, listing(columns, listed, title))


def _pivot(records: Records, name: str, value: str) -> Records:
    """A record for each `name`, with the `value` of each model under the name of the model."""
    rows: dict[str, dict[str, object]] = {}
    for record in records:
        rows.setdefault(str(record[name]), {name: record[name]})[str(record["model"])] = record[value]
    return list(rows.values())


def _words(model: str) -> str:
    return model.replace("_", " ").capitalize()
