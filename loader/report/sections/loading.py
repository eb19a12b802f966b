"""What was loaded: rows by received day and source, and where the lines of each source went."""

from collections import Counter
from datetime import date

from loader.core.days import ALL_DAYS
from loader.core.tables import CALL_TABLES
from loader.inventory import row_count, rows_per_day
from loader.report.charts import COLOURS, Chart, Series, stacked_bars
from loader.report.facts import Facts, Records
from loader.report.markup import Html, joined
from loader.report.numbers import count, day, instant
from loader.report.scale import period_of, periods
from loader.report.section import Section, part_of_load
from loader.report.tables import Column, listing, table

_NOTHING = "Nothing was loaded yet."
_NO_DAY = "No loaded row has a received day. The keys of a flat archive have none."
_REST = "all others"
_SOURCES = (
    Column("source", "Source"),
    Column("objects", "Objects", count),
    Column("failed_objects", "Failed objects", count),
    Column("lines", "Lines", count),
    Column("messages", "Messages", count),
    Column("duplicates", "Duplicates", count),
    Column("quarantined", "Quarantined", count),
    Column("discards", "Discarded values", count),
    Column("first_day", "First day", day),
    Column("last_day", "Last day", day),
    Column("loaded_at", "Last load began", instant),
    Column("load_status", "It ended"),
)


def loading(facts: Facts) -> Section:
    """The section on loads."""
    return Section(
        "loading",
        "What was loaded",
        "How much arrived on each day, from which source, and whether a day is missing.",
        [
            part_of_load(facts, "Rows by received day", lambda: _days(facts), _NO_DAY),
            part_of_load(facts, "Sources", lambda: _sources(facts), _NOTHING),
            part_of_load(facts, "Rows of each kind of call", lambda: _calls(facts), _NOTHING),
        ],
    )


def _days(facts: Facts) -> Html | None:
    by_source: dict[str, Counter[date]] = {}
    for source, found in facts.source_tables().items():
        rows: Counter[date] = Counter()
        for name in CALL_TABLES:
            if name in found:
                rows.update(rows_per_day(facts.reader, facts.config.source(source), found[name], ALL_DAYS))
        if rows:
            by_source[source] = rows
    days = sorted({at for rows in by_source.values() for at in rows})
    if not days:
        return None
    marks = periods(days[0], days[-1])
    word = marks[0].word
    grouped = _few({source: _by_period(word, rows) for source, rows in by_source.items()})
    series = [Series(source, [rows[mark.first] for mark in marks]) for source, rows in grouped.items()]
    gaps = (days[-1] - days[0]).days + 1 - len(days)
    about = f"Rows kept of each {word} from {day(days[0])} to {day(days[-1])}, by the day on which they were received. "
    about += f"Days without any row in between: {count(gaps)}."
    chart = Chart("loaded", f"Rows loaded by {word} and source", about, [day(m.first) for m in marks], series)
    columns = [
        Column("mark", f"{word.capitalize()} (UTC)", day),
        *(Column(f"s{i}", s.name, count) for i, s in enumerate(series)),
    ]
    records: Records = [
        {"mark": mark.first, **{f"s{i}": s.values[at] for i, s in enumerate(series)}} for at, mark in enumerate(marks)
    ]
    return joined(stacked_bars(chart), listing(columns, records, chart.title))


def _by_period(word: str, rows: Counter[date]) -> Counter[date]:
    grouped: Counter[date] = Counter()
    for at, found in rows.items():
        grouped[period_of(word, at).first] += found
    return grouped


def _few(by_source: dict[str, Counter[date]]) -> dict[str, Counter[date]]:
    """The largest sources, one per colour, and the others together."""
    ordered = sorted(by_source, key=lambda name: (-by_source[name].total(), name))
    if len(ordered) <= COLOURS:
        return {name: by_source[name] for name in ordered}
    rest: Counter[date] = Counter()
    for name in ordered[COLOURS - 1 :]:
        rest.update(by_source[name])
    return {**{name: by_source[name] for name in ordered[: COLOURS - 1]}, _REST: rest}


def _sources(facts: Facts) -> Html | None:
    records = facts.state("sources")
    return table(_SOURCES, records, "Each source: what was read, and where its lines went") if records else None


def _calls(facts: Facts) -> Html | None:
    records: Records = [
        {"source": source, **{name: row_count(facts.reader, found[name]) for name in CALL_TABLES if name in found}}
        for source, found in facts.source_tables().items()
        if found
    ]
    columns = [Column("source", "Source"), *(Column(name, name.capitalize(), count) for name in CALL_TABLES)]
    return table(columns, records, "Rows of each call table now") if records else None
