"""The most frequent events."""

from loader.report.charts import Chart, Series, ranked_bars
from loader.report.facts import Facts, Records
from loader.report.markup import Html, joined
from loader.report.numbers import count, day, number_of
from loader.report.section import Section, part_of_load
from loader.report.tables import Column, listing, some_of

_DRAWN, _LISTED = 12, 25
_COLUMNS = (
    Column("event", "Event"),
    Column("source", "Source"),
    Column("calls", "Calls", count),
    Column("ids", "Ids", count),
    Column("first_day", "First", day),
    Column("last_day", "Last", day),
)


def events(facts: Facts) -> Section:
    """The section on events."""
    return Section(
        "events",
        "What people did",
        "The events that were tracked most often. Ids are distinct user ids, anonymous ids where there is none.",
        [part_of_load(facts, "Most frequent events", lambda: _events(facts), "No event was tracked yet.")],
    )


def _events(facts: Facts) -> Html | None:
    found: Records = []
    for source, tables in facts.source_tables().items():
        if "tracks" in tables:
            records = facts.state("top_events", table=tables["tracks"].qualified)
            found += [{**record, "source": source} for record in records]
    if not found:
        return None
    found.sort(key=lambda record: (-number_of(record["calls"]), str(record["event"]), str(record["source"])))
    drawn, listed = found[:_DRAWN], found[:_LISTED]
    which = f"the {len(drawn)} most frequent of {len(found):,} events" if len(found) > len(drawn) else "each event"
    marks = [f"{record['event']} · {record['source']}" for record in drawn]
    about = f"Calls of {which}, whenever they happened."
    chart = Chart("events", "Most frequent events", about, marks, [Series("calls", [r["calls"] for r in drawn])])
    title = some_of("Most frequent events", listed, found)
    return joined(ranked_bars(chart), listing(_COLUMNS, listed, title))
