"""The figures at the top of the page."""

from collections.abc import Callable

from loader.core.plurals import counted
from loader.errors import TerminalError
from loader.report.facts import Facts, Records
from loader.report.markup import Html, element
from loader.report.numbers import compact, count, day, month, number_of, plain
from loader.report.tables import tiles

Figure = tuple[str, str, str]
_MOST_WRITTEN_OUT = 1_000_000


def glance(facts: Facts) -> Html:
    """The known ones of a few numbers."""
    figures = [
        *_known(facts, facts.has_model("mtu_monthly"), _tracked),
        *_known(facts, facts.has_model("id_graph"), _people),
        *_known(facts, facts.has_model("orders"), _sold),
        *_known(facts, facts.has_state(), _loaded),
    ]
    return element("section", tiles(figures), aria_label="At a glance") if figures else Html("")


def _known(facts: Facts, exists: bool, read: Callable[[Facts], list[Figure]]) -> list[Figure]:
    try:
        return read(facts) if exists else []
    except TerminalError:
        return []  # the section that reads it says why


def _loaded(facts: Facts) -> list[Figure]:
    sources = facts.state("sources")
    if not sources:
        return []
    total = {
        name: int(sum(number_of(s[name]) for s in sources)) for name in ("messages", "lines", "quarantined", "discards")
    }
    newest = max((day(source["last_day"]) for source in sources), default="")
    return [
        ("Messages", _short(total["messages"]), f"in {counted(total['lines'], 'line')}"),
        ("Newest day", newest, counted(len(sources), "source")),
        (
            "Set aside",
            count(total["quarantined"]),
            f"{'line' if total['quarantined'] == 1 else 'lines'}; {counted(total['discards'], 'value')}",
        ),
    ]


def _tracked(facts: Facts) -> list[Figure]:
    months = facts.model("mtu")
    if not months:
        return []
    newest = _whole_month(facts, months, "period_start")
    return [("Tracked users", count(newest["mtu"]), f"in {month(newest['period_start'])}")]


def _people(facts: Facts) -> list[Figure]:
    (found,) = facts.model("merges")
    if not found["people"]:
        return []
    return [("People", count(found["people"]), f"of {counted(int(number_of(found['created'])), 'profile')}")]


def _sold(facts: Facts) -> list[Figure]:
    months = facts.model("sales")
    if not months:
        return []
    newest = _whole_month(facts, months, "month")
    return [("Revenue", _short(newest["net"]), f"{plain(newest['currency'])} in {month(newest['month'])}")]


def _whole_month(facts: Facts, months: Records, name: str) -> dict[str, object]:
    """The newest complete month; if there is none, the newest month."""
    now = month(facts.made_at)
    return next((record for record in reversed(months) if month(record[name]) < now), months[-1])


def _short(value: object) -> str:
    """All digits, or a unit if there are too many for a tile."""
    return count(value) if abs(number_of(value)) < _MOST_WRITTEN_OUT else compact(value)
