"""A section of the page consists of parts. If the tables of a part do not exist, it says which command makes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from loader.errors import TerminalError
from loader.report.facts import Facts
from loader.report.markup import Html, element, joined

State = Literal["shown", "empty", "missing", "unreadable"]
_OTHER_COLUMNS = (
    "has other columns than this page reads. A model of yours that has the name of one of ours should have its columns."
)
Draw = Callable[[], Html | None]


@dataclass(frozen=True, slots=True)
class Part:
    """One answer, under a heading that is unique on the page."""

    heading: str
    state: State
    html: Html


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, the question it answers, and its parts."""

    key: str
    title: str
    question: str
    parts: Sequence[Part]

    @property
    def html(self) -> Html:
        """The markup of the section."""
        heading = element("h2", self.title, id=f"{self.key}-title")
        return element(
            "section",
            heading,
            element("p", self.question, class_="question"),
            *(part.html for part in self.parts),
            id=self.key,
            aria_labelledby=f"{self.key}-title",
        )


def _part_of(heading: str, draw: Draw, empty: str, unreadable: str) -> Part:
    """The part that `draw` makes. It returns None without rows; tables with unexpected columns give a notice."""
    try:
        drawn = draw()
    except TerminalError:
        # The engine's message could contain values, so the page only names the table.
        return _part(heading, "unreadable", notice(unreadable))
    if drawn is None:
        return _part(heading, "empty", notice(empty))
    return _part(heading, "shown", drawn)


def part_of_load(facts: Facts, heading: str, draw: Draw, empty: str) -> Part:
    """A part that reads what `loader load` wrote."""
    if not facts.has_state():
        advice = joined("Nothing was loaded yet. Run ", element("code", "loader load"), ".")
        return _part(heading, "missing", notice(advice))
    return _part_of(heading, draw, empty, "The state tables are not as this version of loader writes them.")


def part_of_models(facts: Facts, tables: Sequence[str], heading: str, draw: Draw, empty: str) -> Part:
    """A part that reads tables of models."""
    name = f"{facts.models_schema}.{tables[0]}"
    missing = [table for table in tables if not facts.has_model(table)]
    if not missing:
        return _part_of(heading, draw, empty, f"{name} {_OTHER_COLUMNS}")
    command = " ".join(["loader models run --select", *(f"+{table}" for table in missing)])
    advice = joined(
        f"There is no table {' and no table '.join(f'{facts.models_schema}.{table}' for table in missing)} yet. Run ",
        element("code", command),
        ", or ",
        element("code", "loader models run"),
        " for all of them.",
    )
    return _part(heading, "missing", notice(advice))


def notice(text: object) -> Html:
    """A sentence instead of a picture: what is missing."""
    return element("p", text, class_="notice")


def good_news(text: object) -> Html:
    """A sentence instead of a picture: there is nothing to show, and that is good."""
    return element("p", text, class_="notice good")


def _part(heading: str, state: State, html: Html) -> Part:
    return Part(heading, state, element("div", element("h3", heading), html, class_="part"))
