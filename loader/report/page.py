"""Writes the whole page: one file that loads nothing and has no script."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from loader import __version__
from loader.config import Config
from loader.reading import Reader
from loader.report.facts import facts_of
from loader.report.markup import Html, element, joined
from loader.report.numbers import instant
from loader.report.section import Section
from loader.report.sections import SECTIONS
from loader.report.sections.glance import glance

_STYLE = Path(__file__).with_name("style.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class Page:
    """The text of the page, and the state of each part, by its heading."""

    html: str
    parts: dict[str, str]


def page_of(reader: Reader, config: Config, made_at: datetime, title: str) -> Page:
    """Read the warehouse and write the page. `made_at` is printed on the page."""
    facts = facts_of(reader, config, made_at)
    sections = [section(facts) for section in SECTIONS]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        # Tells the browser as well to fetch nothing and run no script.
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("title", title),
        element("style", Html(_STYLE.read_text(encoding="utf-8"))),
    )
    body = element(
        "body",
        element("a", "To the content", href="#content", class_="skip"),
        _header(config, made_at, title),
        element("main", glance(facts), _contents(sections), *(section.html for section in sections), id="content"),
        _footer(config),
    )
    html = joined(Html("<!doctype html>\n"), element("html", head, body, lang="en"), Html("\n"))
    return Page(str(html), {part.heading: part.state for section in sections for part in section.parts})


def _header(config: Config, made_at: datetime, title: str) -> Html:
    zone = config.models.timezone
    days = "All times and days are UTC." if zone == "UTC" else f"All times are UTC; days of models are those of {zone}."
    made = made_at.astimezone(UTC)
    at = element("time", f"{instant(made)} UTC", datetime=made.isoformat(timespec="seconds"))
    return element("header", element("h1", title), element("p", "As of ", at, f". {days}"))


def _contents(sections: Sequence[Section]) -> Html:
    links = [element("li", element("a", section.title, href=f"#{section.key}")) for section in sections]
    return element("nav", element("ol", *links), aria_label="Sections")


def _footer(config: Config) -> Html:
    sources = ", ".join(source.name for source in config.sources)
    return element(
        "footer",
        element("p", f"Sources: {sources}. Written by loader {__version__}. People are counted here, never named."),
    )
