"""What did not load as it was sent: lines in quarantine, values without a column."""

from collections import Counter

from loader.report.charts import Chart, Series, ranked_bars
from loader.report.facts import Facts, Records
from loader.report.markup import Html, element, joined
from loader.report.numbers import count, number_of
from loader.report.section import Section, good_news, part_of_load
from loader.report.tables import Column, listing, some_of

_MOST_ROWS = 30
_QUARANTINE = (Column("source", "Source"), Column("reason", "Reason"), Column("count", "Lines", count))
_DISCARDS = (
    Column("source", "Source"),
    Column("table_name", "Table"),
    Column("column_name", "Column"),
    Column("reason", "Reason"),
    Column("count", "Values", count),
)


def set_aside(facts: Facts) -> Section:
    """The section on quarantine and discards."""
    return Section(
        "set-aside",
        "What was set aside",
        "Lines that are no valid message, and values that fit no column. Both are kept with their reason.",
        [
            part_of_load(facts, "Quarantine", lambda: _quarantine(facts), ""),
            part_of_load(facts, "Discarded values", lambda: _discards(facts), ""),
        ],
    )


def _quarantine(facts: Facts) -> Html | None:
    records = facts.reader.report("quarantine_reasons", {"source": None}).records()
    if not records:
        return good_news("Nothing is in quarantine: every line that is not blank became a message.")
    hint = element(
        "p", "Look at the lines with ", element("code", "loader quarantine list"), "; after a fix, load them with ",
        element("code", "loader quarantine retry"), ".",
    )  # fmt: skip
    largest = sorted(records, key=lambda record: -number_of(record["count"]))[:_MOST_ROWS]
    return joined(
        _reasons("quarantine", "Quarantined lines by reason", "How many lines each reason kept out.", records),
        listing(_QUARANTINE, largest, some_of("Quarantined lines by source and reason", largest, records)),
        hint,
    )


def _discards(facts: Facts) -> Html | None:
    records = facts.reader.report("discard_reasons", {"source": None}).records()
    if not records:
        return good_news("Nothing was discarded: every value has a column.")
    largest = sorted(records, key=lambda record: -number_of(record["count"]))
    title = "Discarded values by source, column and reason"
    if len(records) > _MOST_ROWS:
        title += f", the {_MOST_ROWS} largest of {len(records):,}"
    return joined(
        _reasons("discards", "Discarded values by reason", "How many values each reason kept out.", records),
        listing(_DISCARDS, largest[:_MOST_ROWS], title),
        element("p", "Look at the values with ", element("code", "loader discards --values"), "."),
    )


def _reasons(key: str, title: str, about: str, records: Records) -> Html:
    totals: Counter[str] = Counter()
    for record in records:
        totals[str(record["reason"])] += int(number_of(record["count"]))
    ordered = totals.most_common()
    marks = [reason.replace("_", " ") for reason, _ in ordered]
    return ranked_bars(Chart(key, title, about, marks, [Series("count", [n for _, n in ordered])]))
