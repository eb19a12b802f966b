"""Draws charts as inline SVG.

Widths are in percent and heights in pixels, so that text has the same size on every screen. Each chart has a title and
a description for people who do not see it, and a tooltip on every mark.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from loader.report.markup import Html, element, shortened
from loader.report.numbers import compact, count, is_number, number_of
from loader.report.scale import Axis, axis, label_step

COLOURS: Final = 8
_TOP, _PLOT, _BOTTOM = 10, 190, 26
_LABELS, _FEW_LABELS = 10, 4
_BAR, _GAP, _LABEL, _BETWEEN = 11, 3, 20, 10
_WIDEST_PERCENT: Final = 72  # the number stands at the end of its bar, also on a page of 320 pixels
_WIDEST_BAR_PERCENT: Final = 9
_LABEL_COLUMNS: Final = 36
_MOST_WRITTEN_OUT: Final = 1_000_000

Write = Callable[[object], str]


@dataclass(frozen=True, slots=True)
class Series:
    """One colour: its name, and a value (or None) for every mark."""

    name: str
    values: Sequence[object]


@dataclass(frozen=True, slots=True)
class Chart:
    """The content of a chart. `key` is unique on the page; `about` describes the chart in a sentence."""

    key: str
    title: str
    about: str
    marks: Sequence[str]
    series: Sequence[Series]
    write: Write = count


def stacked_bars(chart: Chart) -> Html:
    """Vertical bars in the order of the marks, with stacked series; negative values are below 0."""
    stacks = [[number_of(s.values[index]) for s in chart.series] for index in range(len(chart.marks))]
    scale = axis([sum(v for v in stack if v * sign > 0) for stack in stacks for sign in (1, -1)])
    drawn = [bar for index in range(len(chart.marks)) for bar in _stack(chart, index, scale)]
    return _figure(chart, [*_grid(scale), *drawn, *_marks_below(chart.marks)], _TOP + _PLOT + _BOTTOM)


def lines(chart: Chart) -> Html:
    """A line for each series, with gaps for missing values."""
    scale = axis([number_of(value) for s in chart.series for value in s.values])
    drawn = [part for colour, s in enumerate(chart.series) for part in _line(chart, s, colour, scale)]
    return _figure(chart, [*_grid(scale), *drawn, *_marks_below(chart.marks)], _TOP + _PLOT + _BOTTOM)


def ranked_bars(chart: Chart) -> Html:
    """Horizontal bars, one group per mark: its name, then a bar for each series with its number at the end."""
    high = max([number_of(value) for s in chart.series for value in s.values] + [0.0]) or 1.0
    group = _LABEL + len(chart.series) * (_BAR + _GAP) + _BETWEEN
    drawn = []
    for index, mark in enumerate(chart.marks):
        top = index * group
        drawn.append(element("text", shortened(mark, _LABEL_COLUMNS), x=0, y=top + 14, class_="name"))
        for colour, s in enumerate(chart.series):
            y = top + _LABEL + colour * (_BAR + _GAP)
            drawn += _lying(chart, f"{mark}, {s.name}", s.values[index], y, high, colour)
    return _figure(chart, drawn, len(chart.marks) * group, class_="flat")


def _stack(chart: Chart, index: int, scale: Axis) -> Iterable[Html]:
    across, above, below = 100 / len(chart.marks), 0.0, 0.0
    width = min(across * 0.8, _WIDEST_BAR_PERCENT)
    for colour, s in enumerate(chart.series):
        value = number_of(s.values[index])
        if value == 0:
            continue
        high, low = (above + value, above) if value > 0 else (below, below + value)
        above, below = max(above, high), min(below, low)
        top, bottom = _down(scale, high), _down(scale, low)
        yield element(
            "rect",
            element("title", f"{chart.marks[index]}, {s.name}: {chart.write(s.values[index])}"),
            x=_percent((index + 0.5) * across - width / 2),
            y=f"{top:.1f}",
            width=_percent(width),
            height=f"{bottom - top:.1f}",
            class_=f"fill-{colour % COLOURS}",
        )


def _line(chart: Chart, s: Series, colour: int, scale: Axis) -> Iterable[Html]:
    across = 100 / len(chart.marks)
    points = [
        (index, _percent((index + 0.5) * across), f"{_down(scale, number_of(value)):.1f}")
        for index, value in enumerate(s.values)
        if is_number(value)
    ]
    for (before, x1, y1), (index, x2, y2) in zip(points, points[1:], strict=False):
        if index == before + 1:
            yield element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=f"line-{colour % COLOURS}")
    for index, x, y in points:
        said = f"{chart.marks[index]}, {s.name}: {chart.write(s.values[index])}"
        yield element("circle", element("title", said), cx=x, cy=y, r=3.5, class_=f"fill-{colour % COLOURS}")


def _lying(chart: Chart, name: str, value: object, y: int, high: float, colour: int) -> Iterable[Html]:
    width = max(0.0, number_of(value)) / high * _WIDEST_PERCENT
    yield element(
        "rect",
        element("title", f"{name}: {chart.write(value)}"),
        x=0,
        y=y,
        width=_percent(width),
        height=_BAR,
        class_=f"fill-{colour % COLOURS}",
    )
    written = chart.write(value) if abs(number_of(value)) < _MOST_WRITTEN_OUT else compact(value)
    yield element("text", written, x=_percent(width), dx=6, y=y + _BAR - 1, class_="value")


def _down(scale: Axis, value: float) -> float:
    return _TOP + _PLOT * (1 - scale.place(value))


def _percent(value: float) -> str:
    return f"{value:.2f}%"


def _grid(scale: Axis) -> Iterable[Html]:
    for tick in scale.ticks:
        y = f"{_down(scale, tick):.1f}"
        yield element("line", x1="0", x2="100%", y1=y, y2=y, class_="base" if tick == 0 else "grid")
        yield element("text", compact(tick), x=-8, y=y, dy="0.35em", class_="tick", text_anchor="end")


def _marks_below(marks: Sequence[str]) -> Iterable[Html]:
    across, step = 100 / len(marks), label_step(len(marks), _LABELS)
    for index, mark in enumerate(marks):
        if index % step == 0:
            # Where the page is narrow there is room for every third of them.
            narrow = step * 3 if len(marks) > _FEW_LABELS else step
            class_ = "tick" if index % narrow == 0 else "tick wide-only"
            x = _percent((index + 0.5) * across)
            yield element("text", mark, x=x, y=_TOP + _PLOT + 18, class_=class_, text_anchor="middle")


def _figure(chart: Chart, drawn: Iterable[Html], height: int, class_: str = "upright") -> Html:
    title, about = f"chart-{chart.key}-title", f"chart-{chart.key}-about"
    svg = element(
        "svg",
        element("title", chart.title, id=title),
        element("desc", f"{chart.about} The numbers are in the table that follows.", id=about),
        *drawn,
        role="img",
        aria_labelledby=f"{title} {about}",
        height=height,
        class_=f"plot {class_}",
    )
    return element("figure", element("figcaption", chart.about), _legend(chart.series), svg)


def _legend(series: Sequence[Series]) -> Html:
    if len(series) < 2:
        return Html("")
    items = [
        element("li", element("i", class_=f"swatch back-{colour % COLOURS}"), s.name) for colour, s in enumerate(series)
    ]
    return element("ul", *items, class_="legend", aria_hidden="true")
