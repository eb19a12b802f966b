"""How many people use it, and how many come back."""

from loader.report.charts import Chart, Series, stacked_bars
from loader.report.facts import Facts
from loader.report.markup import Html, element, joined
from loader.report.numbers import count, month, number_of, percent
from loader.report.section import Section, part_of_models
from loader.report.tables import Column, heat_table, listing, some_of

_MOST_MONTHS, _MOST_COHORTS, _MOST_LATER = 36, 12, 12
MTU = (
    Column("period_start", "Month (UTC)", month),
    Column("users", "Known users", count),
    Column("anonymous_only", "Anonymous only", count),
    Column("mtu", "Tracked users", count),
    Column("api_calls", "Calls", count),
)


def usage(facts: Facts) -> Section:
    """The section on users."""
    return Section(
        "usage",
        "Who uses it",
        "Tracked users of each month, and how many of those who came once are still there.",
        [
            part_of_models(
                facts, ["mtu_monthly"], "Monthly tracked users", lambda: _mtu(facts), "No call has an id yet."
            ),
            part_of_models(
                facts, ["cohort_retention"], "Retention", lambda: _cohorts(facts), "There is no cohort yet."
            ),
        ],
    )


def _mtu(facts: Facts) -> Html | None:
    months = facts.model("mtu")
    if not months:
        return None
    shown = months[-_MOST_MONTHS:]
    title = some_of("Tracked users by month", shown, months)
    about = (
        "Users who were known by name, and those who stayed anonymous all month. A month counts by when calls arrived."
    )
    series = [
        Series("known users", [record["users"] for record in shown]),
        Series("anonymous only", [record["anonymous_only"] for record in shown]),
    ]
    chart = Chart("mtu", title, about, [month(record["period_start"]) for record in shown], series)
    return joined(stacked_bars(chart), listing(MTU, list(reversed(shown)), title))


def _cohorts(facts: Facts) -> Html | None:
    records = facts.model("cohorts")
    if not records:
        return None
    grid: dict[str, dict[int, object]] = {}
    sizes: dict[str, object] = {}
    for record in records:
        name = month(record["cohort_month"])
        grid.setdefault(name, {})[int(number_of(record["months_since"]))] = record["retention"]
        sizes[name] = record["cohort_people"]
    shown = dict(sorted(grid.items())[-_MOST_COHORTS:])
    last = min(max(max(row) for row in shown.values()), _MOST_LATER)
    rows = [
        (f"{name} ({count(sizes.get(name))})", [row.get(n) for n in range(last + 1)]) for name, row in shown.items()
    ]
    about = (
        "Each row is everybody who was first active in that month, with their number; each column the share of them "
        "who were active so many months later. Later months that are not over are left out; the last twelve rows are "
        "shown."
    )
    title = "Share of each month's newcomers who were active again, by months since"
    grown = heat_table("Month (people)", [str(n) for n in range(last + 1)], rows, percent, title)
    return joined(element("p", about), grown)
