"""What customers are worth, and how far the forecast can be trusted."""

from loader.report.charts import Chart, Series, lines, stacked_bars
from loader.report.facts import Facts, Records
from loader.report.markup import Html, element, joined
from loader.report.numbers import count, day, decimals, instant, number_of, share
from loader.report.section import Section, notice, part_of_models
from loader.report.tables import Column, table

DECILES = (
    Column("decile", "Tenth", count),
    Column("people", "Buyers", count),
    Column("mean_clv", "Mean value", decimals),
    Column("total_clv", "Value together", decimals),
    Column("of_all", "Of all value", share),
    Column("mean_expected_orders", "Orders expected of each", decimals),
    Column("mean_p_alive", "Customers still", share),
)
_HOLDOUT = (
    Column("decile", "Tenth", count),
    Column("people", "Buyers", count),
    Column("expected_orders", "Orders expected", decimals),
    Column("actual_orders", "Orders that came", count),
    Column("error", "Forecast was off by", share),
    Column("expected_value", "Value expected", decimals),
    Column("actual_value", "Value that came", decimals),
)


def lifetime(facts: Facts) -> Section:
    """The section on lifetime value."""
    nobody = "There is no buyer to score yet."
    scores, holdout = ["ltv_scores", "ltv_params"], ["ltv_holdout", "ltv_params"]
    return Section(
        "lifetime",
        "What customers are worth",
        "The value that each tenth of the buyers is expected to bring, and the forecast against what really came. "
        f"Amounts are in {facts.currency}.",
        [
            part_of_models(facts, scores, "Expected value by tenth", lambda: _deciles(facts), nobody),
            part_of_models(facts, holdout, "Forecast and reality", lambda: _holdout(facts), nobody),
        ],
    )


def _deciles(facts: Facts) -> Html | None:
    records, fit = facts.model("deciles"), _fit(facts)
    if not records:
        return _why(fit.get("problem") or fit.get("value_problem"))
    whole = sum(number_of(record["total_clv"]) for record in records)
    for record in records:
        record["of_all"] = number_of(record["total_clv"]) / whole if whole else None
    title = "Expected value by tenth of the buyers"
    about = "Mean value expected of a buyer" + (f" in {count(fit['horizon_days'])} days" if fit else "")
    about += f" from {instant(fit.get('as_of'))} UTC" if fit else ""
    about += ". The first tenth is the most valuable one."
    marks = [count(record["decile"]) for record in records]
    chart = Chart("deciles", title, about, marks, [Series("mean value", [r["mean_clv"] for r in records])], decimals)
    return joined(stacked_bars(chart), table(DECILES, records, title))


def _holdout(facts: Facts) -> Html | None:
    records, fit = facts.model("holdout"), _fit(facts)
    if not records:
        return _why(fit.get("holdout_problem") or fit.get("problem"))
    for record in records:
        record["error"] = _error(record["expected_orders"], record["actual_orders"])
    title = "Orders of a buyer: expected, and those that came"
    about = (
        f"The forecast was fitted to the orders up to {day(records[0]['calibrated_to'])} and compared with those up to "
        f"{day(records[0]['compared_to'])}. Mean orders of a buyer in each tenth; the first has the most expected."
    )
    series = [
        Series("expected", [_mean(record, "expected_orders") for record in records]),
        Series("came", [_mean(record, "actual_orders") for record in records]),
    ]
    chart = Chart("holdout", title, about, [count(record["decile"]) for record in records], series, decimals)
    title = "Forecast and reality by tenth of the buyers"
    return joined(_verdict(records), lines(chart), table(_HOLDOUT, records, title))


def _verdict(records: Records) -> Html:
    """The main sentence: how far the forecast was off in total."""
    expected, actual = (
        sum(number_of(record[name]) for record in records) for name in ("expected_orders", "actual_orders")
    )
    off = _error(expected, actual)
    if off is None:
        return element("p", f"{decimals(expected)} orders were expected, none came.")
    word = "fewer" if off < 0 else "more"
    return element(
        "p",
        element("b", f"The forecast had {share(abs(off))} {word} orders than came: "),
        f"{count(expected)} were expected, {count(actual)} came.",
    )


def _fit(facts: Facts) -> dict[str, object]:
    return next(iter(facts.model("fit")), {})


def _why(problem: object) -> Html | None:
    """The reason that the fit gives."""
    return notice(f"No forecast: {problem}") if problem else None


def _mean(record: dict[str, object], name: str) -> float | None:
    people = number_of(record["people"])
    return number_of(record[name]) / people if people else None


def _error(expected: object, actual: object) -> float | None:
    came = number_of(actual)
    return (number_of(expected) - came) / came if came else None
