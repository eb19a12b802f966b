"""The charts as Markdown: the numbers of the page, for places that show no drawings."""

import duckdb
from modelling import NOW
from report_tables import MODELS

from loader.config import load_config
from loader.reading import open_reader
from loader.report.digest import DIGESTED, digests
from loader.report.facts import facts_of

FUNNEL_STEPS = """
select * from (values ('visit to order', 1, 'Visit', 40, null, null), ('visit to order', 2, 'Order', 10, 0.25, 0.25))
as t(funnel, step, name, people, from_previous, from_first)"""


def written(pages, names=DIGESTED):
    """The tables, as they would be written now."""
    with duckdb.connect(str(pages.project.warehouse)):
        pass
    config = load_config(pages.project.config_file, {})
    with open_reader(config) as reader:
        return digests(facts_of(reader, config, NOW), names)


def test_every_model_with_a_digest_has_one(pages):
    """Columns of the models are those that the digests read."""
    pages.put(*MODELS, funnel_steps=FUNNEL_STEPS)

    assert set(written(pages)) == DIGESTED


def test_a_digest_has_the_numbers_and_a_bar(pages):
    """Full width for the largest."""
    pages.put(funnel_steps=FUNNEL_STEPS)

    assert written(pages)["funnel_steps"].splitlines() == [
        "| Funnel | Step | Name | People | Of the step before | Of the first step | People |",
        "| :-- | --: | :-- | --: | --: | --: | :-- |",
        f"| visit to order | 1 | Visit | 40 | – | – | {'█' * 16} |",
        f"| visit to order | 2 | Order | 10 | 25.0 % | 25.0 % | {'█' * 4} |",
    ]


def test_names_from_data_are_no_markup_and_nobody_is_named(pages):
    """Neither a cell of its own, nor a tag, nor an address."""
    steps = FUNNEL_STEPS.replace("'Visit'", "'<b>a|b</b> [x](y) jane@mail.example'")
    pages.put(funnel_steps=steps)

    first = written(pages)["funnel_steps"].splitlines()[2]
    assert r"&lt;b&gt;a\|b&lt;/b&gt; \[x\](y) (address)" in first


def test_what_is_empty_missing_or_of_other_columns_has_none(pages):
    """The run that made it is not disturbed."""
    pages.put(mtu_monthly="select 1 as something_else", funnel_steps=f"select * from ({FUNNEL_STEPS}) where step > 9")

    assert written(pages) == {}


def test_retention_is_a_triangle(pages):
    """A row for each month of first activity, a column for each month since."""
    pages.put("cohort_retention")

    head, _, *rows = written(pages)["cohort_retention"].splitlines()
    assert head.startswith("| First active in | People | 0 | 1 |")
    assert all(row.count(" | ") == head.count(" | ") for row in rows)
