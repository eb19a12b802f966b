"""What charts draw and say."""

from datetime import date
from xml.etree import ElementTree

import pytest

from loader.report.charts import Chart, Series, lines, ranked_bars, stacked_bars
from loader.report.scale import axis, period_of, periods


def parsed(markup):
    """The figure as a tree: it is well-formed, and so is the SVG in it."""
    return ElementTree.fromstring(markup)


def a_chart(*series, marks=("a", "b", "c")):
    return Chart("key", "What it shows", "In one sentence.", marks, series)


@pytest.mark.parametrize("draw", [stacked_bars, lines, ranked_bars])
def test_a_chart_has_a_title_and_a_description(draw):
    """Both are named by the drawing itself, for those who do not see it."""
    figure = parsed(draw(a_chart(Series("n", [1, 2, 3]))))
    svg = figure.find("svg")

    named = {node.get("id"): node.text for node in svg if node.get("id")}
    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby") == "chart-key-title chart-key-about"
    assert named["chart-key-title"] == "What it shows"
    assert named["chart-key-about"].startswith("In one sentence.")


@pytest.mark.parametrize("draw", [stacked_bars, lines, ranked_bars])
def test_a_name_with_markup_is_text_in_every_chart(draw):
    """In labels, tooltips and legends."""
    bad = "<script>alert(1)</script>"

    assert "<script" not in draw(a_chart(Series(bad, [1, 2, 3]), Series("b", [1, 1, 1]), marks=(bad, "b", "c")))


@pytest.mark.parametrize("draw", [stacked_bars, lines, ranked_bars])
@pytest.mark.parametrize("values", [[0, 0, 0], [None, None, None], [None, 5, None]])
def test_nothing_to_draw_is_still_a_chart(draw, values):
    """No division by zero, no mark of a value that is not there."""
    assert parsed(draw(a_chart(Series("n", values)))).find("svg") is not None


def test_stacked_bars_stand_on_each_other():
    """The second series begins where the first ends."""
    svg = parsed(stacked_bars(a_chart(Series("x", [30]), Series("y", [10]), marks=("a",)))).find("svg")
    below, above = ((float(r.get("y")), float(r.get("height"))) for r in svg.findall("rect"))

    assert below[1] == pytest.approx(3 * above[1], abs=0.2)
    assert above[0] + above[1] == pytest.approx(below[0], abs=0.2)


def test_negative_values_hang_below_zero():
    """A month in which more was paid back than ordered is seen."""
    svg = parsed(stacked_bars(a_chart(Series("n", [30, -10]), marks=("a", "b")))).find("svg")
    up, down = ((float(r.get("y")), float(r.get("height"))) for r in svg.findall("rect"))

    assert up[1] == pytest.approx(3 * down[1], abs=0.2)
    assert up[0] + up[1] == pytest.approx(down[0], abs=0.2)


@pytest.mark.parametrize(
    ("value", "written"), [(999_999, "999,999"), (1_000_000, "1M"), (-14_000_000_069, "\N{MINUS SIGN}14G")]
)
def test_numbers_beside_bars_are_short(value, written):
    """There is room for a million; all digits are in the tooltip and in the table."""
    svg = parsed(ranked_bars(a_chart(Series("n", [value]), marks=("a",)))).find("svg")

    assert [text.text for text in svg.findall("text") if text.get("class") == "value"] == [written]


@pytest.mark.parametrize(
    ("name", "shown"), [("x" * 90, "x" * 35 + "…"), ("🎉" * 90, "🎉" * 17 + "…"), ("é" * 36, "é" * 36)]
)
def test_a_long_name_is_cut_to_the_width_of_a_phone(name, shown):
    """Characters that are twice as wide count twice."""
    svg = parsed(ranked_bars(a_chart(Series("n", [1]), marks=(name,)))).find("svg")

    assert [text.text for text in svg.findall("text") if text.get("class") == "name"] == [shown]


def test_a_line_has_a_gap_where_a_value_is_missing():
    """Points are joined only when they are neighbours."""
    svg = parsed(lines(a_chart(Series("n", [1, 2, None, 4, 5]), marks="abcde"))).find("svg")

    assert len([line for line in svg.findall("line") if line.get("class").startswith("line-")]) == 2
    assert len(svg.findall("circle")) == 4


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([9.0], (0, 2.5, 5, 7.5, 10)),
        ([100.0], (0, 25, 50, 75, 100)),
        ([0.0], (0, 0.25, 0.5, 0.75, 1)),
        ([-40.0, 100.0], (-50, 0, 50, 100)),
    ],
)
def test_ticks_are_round_and_hold_everything(values, ticks):
    """With 0 among them."""
    assert axis(values).ticks == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("last", "word", "count"),
    [
        (date(2026, 1, 1), "day", 1),
        (date(2026, 3, 31), "day", 90),
        (date(2026, 12, 31), "week", 53),
        (date(2029, 1, 1), "month", 37),
    ],
)
def test_long_histories_are_grouped(last, word, count):
    """Days, then weeks, then months: no chart has bars too thin to see."""
    found = periods(date(2026, 1, 1), last)

    assert (found[0].word, len(found)) == (word, count)
    assert found[-1].first <= last < found[-1].after


def test_a_week_begins_on_monday():
    """As ISO 8601 has it."""
    assert period_of("week", date(2026, 1, 1)).first == date(2025, 12, 29)
