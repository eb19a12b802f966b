"""Writes the numbers of the page's charts as Markdown tables, for places that cannot show the drawings.

Dagster's page removes `data:` from the addresses of images, so a drawing in Markdown would stay blank there. A bar of
block characters does not.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from loader.errors import TerminalError
from loader.report.facts import Facts, Records
from loader.report.markup import text
from loader.report.numbers import count, decimals, month, number_of, percent, share
from loader.report.sections.identity import SIZES, VIOLATIONS
from loader.report.sections.lifetime import DECILES
from loader.report.sections.marketing import FUNNEL
from loader.report.sections.usage import MTU
from loader.report.tables import Column

MOST_ROWS: Final = 25
_MOST_COHORTS: Final = 12
_BAR: Final = 16
_FULL: Final = "█"
_MARKS: Final = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]|"})


@dataclass(frozen=True, slots=True)
class Digest:
    """A table of numbers about one model. `bar`: the column that is also drawn as a bar."""

    model: str
    page: str
    columns: Sequence[Column]
    bar: str
    values: Mapping[str, object] = field(default_factory=dict)
    newest_first: bool = False


def _some(columns: Sequence[Column], *names: str) -> tuple[Column, ...]:
    by_name = {column.name: column for column in columns}
    return tuple(by_name[name] for name in names)


DIGESTS: Final = (
    Digest(
        "campaign_performance",
        "campaigns",
        _some(FUNNEL, "value", "store_visits", "product_views", "orders", "order_rate", "revenue"),
        "store_visits",
        {"dimension": "campaign"},
    ),
    Digest(
        "funnel_steps",
        "funnels",
        (
            Column("funnel", "Funnel"),
            Column("step", "Step", count),
            Column("name", "Name"),
            Column("people", "People", count),
            Column("from_previous", "Of the step before", share),
            Column("from_first", "Of the first step", share),
        ),
        "people",
    ),
    Digest(
        "attribution_summary",
        "roi",
        (
            Column("model", "Attribution model"),
            Column("campaign", "Campaign"),
            Column("cost", "Cost", decimals),
            Column("roi", "Return", share),
        ),
        "roi",
    ),
    Digest(
        "ltv_scores",
        "deciles",
        _some(DECILES, "decile", "people", "mean_clv", "total_clv", "mean_p_alive"),
        "mean_clv",
    ),
    Digest("mtu_monthly", "mtu", MTU, "mtu", newest_first=True),
    Digest("external_id_mapping", "profile_sizes", SIZES, "profiles"),
    Digest(
        "id_graph",
        "merges",
        (
            Column("created", "Profiles created", count),
            Column("merged", "Merged into another", count),
            Column("people", "People", count),
            Column("largest", "Profiles of the largest", count),
        ),
        "people",
    ),
    Digest("identity_violations", "violations", VIOLATIONS, "violations"),
)
RETENTION: Final = "cohort_retention"
DIGESTED: Final = frozenset({RETENTION, *(digest.model for digest in DIGESTS)})
"""Models that have a digest."""


def digests(facts: Facts, models: Iterable[str]) -> dict[str, str]:
    """A Markdown table for each of these models that has a digest, rows, and the expected columns."""
    wanted = {name for name in models if facts.has_model(name)}
    drawn: list[tuple[str, Callable[[], str]]] = [
        (digest.model, lambda digest=digest: _numbers(facts, digest))  # type: ignore[misc]
        for digest in DIGESTS
    ]
    written: dict[str, str] = {}
    for name, draw in [*drawn, (RETENTION, lambda: _retention(facts))]:
        if name in wanted:
            try:
                table = draw()
            except TerminalError:  # a model of the user with this name and other columns
                continue
            if table:
                written[name] = table
    return written


def _numbers(facts: Facts, digest: Digest) -> str:
    records = facts.model(digest.page, **digest.values)
    shown = (list(reversed(records)) if digest.newest_first else records)[:MOST_ROWS]
    if not shown:
        return ""
    high = max(number_of(record[digest.bar]) for record in shown)
    rows = [[*(c.write(record[c.name]) for c in digest.columns), _bar(record[digest.bar], high)] for record in shown]
    heading = next(c.heading for c in digest.columns if c.name == digest.bar)
    table = _table([*((c.heading, c.is_text) for c in digest.columns), (heading, True)], rows)
    return table if len(shown) == len(records) else f"{table}\n\n{len(shown)} of {len(records):,} rows."


def _retention(facts: Facts) -> str:
    by_cohort: dict[str, Records] = {}
    for record in facts.model("cohorts"):
        by_cohort.setdefault(month(record["cohort_month"]), []).append(record)
    shown = dict(sorted(by_cohort.items())[-_MOST_COHORTS:])
    if not shown:
        return ""
    last = min(max(int(number_of(r["months_since"])) for records in shown.values() for r in records), _MOST_COHORTS)
    rows = []
    for name, records in shown.items():
        share_of = {int(number_of(record["months_since"])): record["retention"] for record in records}
        known = [percent(share_of[n]) if n in share_of else "" for n in range(last + 1)]
        rows.append([name, count(records[0]["cohort_people"]), *known])
    months = [(str(n), False) for n in range(last + 1)]
    return _table([("First active in", True), ("People", False), *months], rows)


def _table(headings: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]]) -> str:
    """The table of these headings (each with whether its column has texts) and cells."""
    head = [[heading for heading, _ in headings], [":--" if is_text else "--:" for _, is_text in headings]]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (*head, *([_cell(cell) for cell in row] for row in rows)))


def _cell(value: str) -> str:
    """A cell without markup and without the address of a person."""
    return str(text(value)).replace("\n", " ").translate(_MARKS)


def _bar(value: object, high: float) -> str:
    return _FULL * round(max(0.0, number_of(value)) / high * _BAR) if high > 0 else ""
