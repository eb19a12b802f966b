"""What is on the page, from the tables that there are."""

import re
from html.parser import HTMLParser

import duckdb
import pytest
from factories import a_track_call
from report_tables import MODELS, SECRETS

SCRIPT = "<script>alert('x')</script>"


class Read(HTMLParser):
    """The page as a browser sees it: elements, their attributes, and the text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.words = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def test_an_empty_warehouse_has_a_page_that_says_what_to_run(pages):
    """Every part is there, and each names its command."""
    page = pages.page()
    text = Read(page.html).text

    assert set(page.parts.values()) == {"missing"}
    assert "loader load" in text
    for table in MODELS:
        assert f"no table models.{table}" in text
        assert f"+{table}" in text


def test_what_was_loaded_is_shown_without_any_model(loaded_pages):
    """Counts of lines, calls, copies and refused lines, and the most frequent event."""
    page = loaded_pages.page()
    text = Read(page.html).text

    shown = {name for name, state in page.parts.items() if state == "shown"}
    assert shown == {
        "Most frequent events", "Rows by received day", "Sources", "Rows of each kind of call", "Quarantine", "Discarded values",
    }  # fmt: skip
    assert "in 6 lines" in text
    assert "bad json" in text
    assert "Product Viewed · web" in text


def test_rows_without_a_received_day_are_not_called_nothing(loaded_pages):
    """The keys of a flat archive have no day."""
    with duckdb.connect(str(loaded_pages.project.warehouse)) as connection:
        connection.execute("update _loader.objects set received_day = null")
    page = loaded_pages.page()

    assert page.parts["Rows by received day"] == "empty"
    assert "No loaded row has a received day." in page.html
    assert "Nothing was loaded yet." not in page.html


def test_every_table_that_exists_is_shown(loaded_pages):
    """With all models made, nothing is missing."""
    loaded_pages.put(*MODELS)

    assert set(loaded_pages.page().parts.values()) == {"shown"}


def test_a_model_without_rows_is_a_sentence(loaded_pages):
    """Not an empty picture, and not an error."""
    loaded_pages.put(*MODELS)
    loaded_pages.put(**{name: f"select * from ({query}) limit 0" for name, query in MODELS.items()})
    page = loaded_pages.page()

    empty = {name for name, state in page.parts.items() if state == "empty"}
    assert empty == {
        "Monthly tracked users", "Retention", "Revenue by month", "Funnel by campaign", "Funnel by medium",
        "Attribution models side by side", "Expected value by tenth", "Forecast and reality", "Merges", "Sizes of profiles",
    }  # fmt: skip
    assert "No identifier broke a rule." in page.html


def test_who_cancelled_all_orders_of_a_month_is_no_buyer_of_it(loaded_pages):
    """Buyers are those of the orders beside them."""
    orders = MODELS["orders"].replace("false as is_removed", "n <> 3 as is_removed")
    loaded_pages.put(orders=f"{orders} where n <= 20")

    text = Read(loaded_pages.page().html).text

    assert re.search(r"2026-07 1 19 1 ", text)


@pytest.mark.parametrize(
    ("events", "said"), [(1, "Calls of each event,"), (13, "Calls of the 12 most frequent of 13 events,")]
)
def test_events_are_the_most_frequent_ones_where_others_are_left_out(events, said, pages):
    pages.load(*(a_track_call(message_id=f"m{n}", event=f"Event {n}") for n in range(events)))

    assert said in Read(pages.page().html).text


def test_what_was_ordered_is_cancelled_paid_back_or_revenue(loaded_pages):
    """The amounts of a month add up."""
    loaded_pages.put(
        orders="select 'o' || n as order_key, 'u' as canonical_segment_id, date '2026-07-01' as order_day, g as gross, "
        "r as refunded, i as net, 'EUR' as currency, i = 0 as is_removed "
        "from (values (1, 100.0, 30.0, 70.0), (2, 50.0, 0.0, 0.0), (3, 20.0, 20.0, 0.0)) as t(n, g, r, i)"
    )

    assert "2026-07 1 2 1 170.00 50.00 50.00 70.00" in Read(loaded_pages.page().html).text


@pytest.mark.parametrize("rated", [120, 0])
def test_orders_without_a_rate_are_not_left_out_silently(rated, loaded_pages):
    """They are in no amount, and there may be no others."""
    loaded_pages.put(
        orders=f"select * from ({MODELS['orders']}) limit {rated}",
        order_values="select case when n < 120 then 1.0 end as rate from range(1200) as t(n)",
    )
    page = loaded_pages.page()

    assert "Not included: 1,080 orders in a currency that has no rate" in page.html
    assert page.parts["Revenue by month"] == "shown"


def test_an_empty_text_is_no_id_of_an_event(pages):
    """Its device is."""
    for number in range(3):
        pages.load(a_track_call(message_id=f"m{number}", event="Tried", userId="", anonymousId=f"a-{number}"))

    assert "Tried web 3 3 " in Read(pages.page().html).text


def test_long_lists_are_cut_and_say_how_long_they_are(loaded_pages):
    summary = (
        "select 'last' as model, d as dimension, 'v' || n as value, 1.0 as orders, n as revenue, n as cost, 0.5 as roi"
    )
    loaded_pages.put(
        mtu_monthly="select (date '2020-01-01' + to_months(n::integer))::date as period_start, 1 as users, "
        "0 as anonymous_only, 1 as mtu, 1 as api_calls from range(50) as t(n)",
        attribution_summary=f"{summary} from range(40) as t(n), (values ('channel'), ('campaign')) as d(d)",
        campaign_performance="select 'medium' as dimension, 'v' || n as value, n as store_visits, 0 as product_views, "
        "0 as orders, 0 as revenue, 0.0 as view_rate, 0.0 as order_rate, null as aov, 0 as revenue_per_visit from range(30) as t(n)",
        identity_violations="select 'e' as event_id, 'c' || n as code, 'email' as id_type, 'x' as id_value, "
        "'p' as canonical_segment_id, null as detail from range(20) as t(n)",
    )

    text = Read(loaded_pages.page().html).text

    assert "Tracked users by month, 36 of 50" in text
    assert "The 5 channels with most revenue of 40." in text
    assert "Revenue in USD by channel and attribution model, 25 of 40" in text
    assert "Return on the cost of each campaign, by attribution model, 25 of 40" in text
    assert "Funnel by medium: steps, rates and revenue, 25 of 30" in text
    assert "The 12 most frequent of 20." in text


def test_a_table_with_other_columns_is_named(loaded_pages):
    """A model of the user may have the name of one of ours; the rest of the page is as it was."""
    loaded_pages.put("id_graph", mtu_monthly="select 1 as something_else")
    page = loaded_pages.page()

    assert page.parts["Monthly tracked users"] == "unreadable"
    assert page.parts["Merges"] == "shown"
    assert "models.mtu_monthly has other columns" in page.html


def test_names_from_data_are_text(pages):
    """An event called `<script>`, or a campaign, is shown as it is written and does nothing."""
    pages.load(a_track_call(event=SCRIPT))
    campaign = MODELS["campaign_performance"].replace("national-toast-day", SCRIPT.replace("'", "''"))
    pages.put(campaign_performance=campaign)
    page = Read(pages.page().html)

    assert "script" not in {tag for tag, _ in page.elements}
    assert page.text.count(SCRIPT) >= 4
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_nobody_is_on_the_page(loaded_pages):
    """No id, no e-mail address: not of the calls, not of the models, not in the name of an event."""
    loaded_pages.load(a_track_call(message_id="m9", event="Welcome jane.doe@mail.example"))
    loaded_pages.put(*MODELS)
    html = loaded_pages.page().html

    for secret in (*SECRETS, "u-1", "u-2", "a-1", "192.0.2.7", "oops", "jane.doe"):
        assert secret not in html
    assert "Welcome (address)" in html


def test_the_page_needs_nothing_else(loaded_pages):
    """No address of another file or host, no script; and the browser is told so."""
    loaded_pages.put(*MODELS)
    page = Read(loaded_pages.page().html)

    addresses = [value for _, given in page.elements for name, value in given.items() if name in ("src", "href")]
    assert all(address.startswith("#") for address in addresses)
    assert not {"script", "link", "iframe", "img"} & {tag for tag, _ in page.elements}
    (policy,) = [given["content"] for tag, given in page.elements if given.get("http-equiv")]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_everything_has_a_name_for_those_who_do_not_see_it(loaded_pages):
    """One heading above all, named drawings and tables, links that lead somewhere, ids that are unique."""
    loaded_pages.put(*MODELS)
    elements = Read(loaded_pages.page().html).elements
    ids = [given["id"] for _, given in elements if "id" in given]

    assert len(ids) == len(set(ids))
    assert [tag for tag, _ in elements].count("h1") == 1
    for tag, given in elements:
        if tag == "svg":
            assert given["role"] == "img"
            assert set(given["aria-labelledby"].split()) <= set(ids)
        if tag == "a":
            assert given["href"][1:] in ids
    assert [t for t, _ in elements].count("table") == [t for t, _ in elements].count("caption")


def test_the_page_says_when_it_was_made_and_in_which_zone(loaded_pages):
    """UTC; and the zone of the models' days where it is another one."""
    assert "As of 2026-04-01 00:00 UTC" in Read(loaded_pages.page().html).text
    loaded_pages.project.settings["timezone"] = "Europe/Berlin"

    assert "days of models are those of Europe/Berlin" in Read(loaded_pages.page().html).text


def test_a_schema_of_another_name_is_read(loaded_pages):
    """`models.schema` says where the tables of the models are."""
    loaded_pages.put("mtu_monthly")
    loaded_pages.project.change("create schema marts; create table marts.id_graph as " + MODELS["id_graph"])
    loaded_pages.project.settings["schema"] = "marts"
    parts = loaded_pages.page().parts

    assert (parts["Monthly tracked users"], parts["Merges"]) == ("missing", "shown")


@pytest.mark.parametrize("problem", ["there is no order", "it did not converge"])
def test_why_there_is_no_forecast_is_said(problem, loaded_pages):
    """The fit gives its reason; the page repeats it."""
    params = MODELS["ltv_params"].replace("null::varchar as problem", f"'{problem}' as problem")
    scores = f"select * from ({MODELS['ltv_scores']}) limit 0"
    loaded_pages.put(ltv_params=params, ltv_scores=scores)

    assert f"No forecast: {problem}" in loaded_pages.page().html


def test_why_buyers_have_no_value_is_said(loaded_pages):
    """Orders may be expected of them where the value of an order cannot be fitted; then nobody is in a tenth."""
    loaded_pages.put(
        ltv_params=MODELS["ltv_params"].replace("null::varchar as value_problem", "'q is below 1' as value_problem"),
        ltv_scores=f"select * replace (null::bigint as decile, null::decimal(28, 6) as clv) from ({MODELS['ltv_scores']})",
    )
    page = loaded_pages.page()

    assert "No forecast: q is below 1" in page.html
    assert "There is no buyer to score yet." not in page.html.partition("Forecast and reality")[0]
