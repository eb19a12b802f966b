"""Draws tables: a heading for every column, numbers aligned right, and a box that scrolls on narrow pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loader.report.markup import Html, element
from loader.report.numbers import is_number, number_of, plain

SHADES = 9
MOST_ROWS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key in a record, its heading, and the format of its values."""

    name: str
    heading: str
    write: Callable[[object], str] = plain

    @property
    def is_text(self) -> bool:
        """Whether the column has texts, which are aligned left."""
        return self.write is plain


def table(columns: Sequence[Column], records: Sequence[dict[str, object]], caption: str) -> Html:
    """A table of records. The first column is the heading of each row."""
    first, *others = columns
    head = [
        element("th", first.heading, scope="col"),
        *(element("th", c.heading, scope="col", class_=None if c.is_text else "number") for c in others),
    ]
    rows = [element("tr", *_cells(columns, record)) for record in records]
    return scrolling(caption, element("thead", element("tr", *head)), element("tbody", *rows))


def listing(columns: Sequence[Column], records: Sequence[dict[str, object]], caption: str) -> Html:
    """A table. A long one is folded, so that the next picture stays near."""
    whole = table(columns, records, caption)
    return folded(f"{caption} (table)", whole) if len(records) > MOST_ROWS_SHOWN else whole


def some_of(title: str, shown: Sequence[object], found: Sequence[object]) -> str:
    """A title that says so where not all is shown."""
    return title if len(shown) == len(found) else f"{title}, {len(shown)} of {len(found):,}"


def _cells(columns: Sequence[Column], record: dict[str, object]) -> list[Html]:
    first, *others = columns
    heading = element("th", first.write(record.get(first.name)), scope="row")
    return [
        heading,
        *(element("td", c.write(record.get(c.name)), class_=None if c.is_text else "number") for c in others),
    ]


def heat_table(
    corner: str,
    headings: Sequence[str],
    rows: Sequence[tuple[str, Sequence[object]]],
    write: Callable[[object], str],
    caption: str,
) -> Html:
    """A grid of shares from 0 to 1, each cell shaded by its value. None stays empty: it has not happened yet."""
    head = [element("th", corner, scope="col"), *(element("th", h, scope="col", class_="number") for h in headings)]
    body = [
        element("tr", element("th", name, scope="row"), *(_heat_cell(value, write) for value in values))
        for name, values in rows
    ]
    return scrolling(caption, element("thead", element("tr", *head)), element("tbody", *body), class_="heat")


def _heat_cell(value: object, write: Callable[[object], str]) -> Html:
    if not is_number(value):
        return element("td")
    shade = round(min(1.0, max(0.0, number_of(value))) * SHADES)
    return element("td", write(value), class_=f"number shade-{shade}")


def scrolling(caption: str, *parts: Html, class_: str | None = None) -> Html:
    """A table in a box that scrolls, also with the keyboard."""
    inner = element("table", element("caption", caption), *parts, class_=class_)
    return element("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)


def folded(summary: str, inner: Html) -> Html:
    """Something long that readers can open."""
    return element("details", element("summary", summary), inner)


def tiles(figures: Sequence[tuple[str, str, str]]) -> Html:
    """Key figures: name, number, and a remark."""
    return element(
        "dl",
        *(
            element("div", element("dt", name), element("dd", element("b", value), element("small", remark)))
            for name, value, remark in figures
        ),
        class_="tiles",
    )
