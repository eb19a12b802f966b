"""The advertising funnel: statistics of ad platforms beside what our own pages saw."""

from datetime import date
from decimal import Decimal

import pytest

FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)
SPRING = {"context_campaign_name": "spring", "context_campaign_source": "ads", "context_campaign_medium": "cpc"}
SAID = {"campaign": "spring", "source": "ads", "medium": "cpc"}
BROWSER, SERVER = {"context_library_name": "analytics.js"}, {"context_library_name": "analytics-node"}
STEPS = ("impressions", "clicks", "server_requests", "page_views", "conversions", "spend")
RATES = ("click_rate", "request_rate", "view_rate", "views_per_click", "conversion_rate")


def test_every_step_is_compared_with_the_one_before(modelling):
    """Of 8 clicks 5 reached the server, 4 the browser, 1 bought."""
    modelling.csv("ad_statistics", [{"day": FIRST, **SAID, "impressions": 100, "clicks": 8, "spend": "12.00"}])
    for visit in range(5):
        modelling.page(user_id=f"u{visit}", at=visit, **SPRING, **SERVER)
    for visit in range(4):
        modelling.page(user_id=f"u{visit}", at=visit + 0.5, **SPRING, **BROWSER)
    modelling.track("Order Completed", user_id="u1", order_id="o1", at=600)

    modelling.run("ad_funnel")

    assert modelling.rows("ad_funnel", *STEPS) == [(100, 8, 5, 4, 1, 12)]
    assert modelling.rows("ad_funnel", *RATES) == [(0.08, 0.625, 0.8, 0.5, 0.25)]
    costs = modelling.rows("ad_funnel", "cost_per_click", "cost_per_view", "cost_per_conversion")
    assert costs == [(Decimal("1.5"), 3, 12)]


def test_a_step_that_nobody_measures_is_missing_and_not_nothing(modelling):
    """No statistics, no page calls of servers, no orders at all."""
    modelling.page(user_id="u1", **SPRING, **BROWSER)

    modelling.run("ad_funnel")

    assert modelling.rows("ad_funnel", *STEPS) == [(None, None, None, 1, None, None)]
    assert modelling.rows("ad_funnel", *RATES) == [(None, None, None, None, None)]


def test_a_rate_over_nothing_is_missing(modelling):
    modelling.csv("ad_statistics", [{"day": FIRST, **SAID, "impressions": 0, "clicks": 0, "spend": "1"}])
    modelling.page(user_id="u1", **BROWSER)
    modelling.track("Order Completed", user_id="u1")

    modelling.run("ad_funnel")

    assert modelling.rows("ad_funnel", *STEPS) == [(0, 0, None, 0, 0, 1)]
    assert modelling.rows("ad_funnel", *RATES, "cost_per_click") == [(None,) * 6]


def test_an_order_belongs_to_the_last_campaign_before_it(modelling):
    """On the day of that visit; later visits and those longer ago than the lookback say nothing."""
    for name, at in [("old", "2026-02-01"), ("spring", "2026-03-01"), ("summer", "2026-03-02"), ("late", "2026-03-09")]:
        modelling.page(user_id="u1", at=at, context_campaign_name=name, **BROWSER)
    modelling.track("Order Completed", user_id="u1", order_id="o1", at="2026-03-05")
    modelling.track("Order Completed", user_id="u1", order_id="o1", at="2026-03-10")
    modelling.page(user_id="u2", at="2026-02-01", context_campaign_name="old", **BROWSER)
    modelling.track("Order Completed", user_id="u2", order_id="o2", at="2026-03-03 00:00:01")

    modelling.run("ad_funnel")

    rows = modelling.rows("ad_funnel", "campaign", "day", "conversions")
    assert [row for row in rows if row[2]] == [("summer", SECOND, 1)]


def test_statistics_of_one_campaign_are_added_and_days_without_visits_stay(modelling):
    """A row without a day cannot be placed; blank names are (none)."""
    modelling.csv(
        "ad_statistics",
        [
            {"day": FIRST, "campaign": "spring", "source": None, "medium": None, "clicks": 2, "spend": "0.50"},
            {"day": FIRST, "campaign": "spring", "source": None, "medium": None, "clicks": 3, "spend": "0.25"},
            {"day": None, "campaign": "spring", "source": None, "medium": None, "clicks": 9, "spend": "9"},
        ],
    )

    modelling.run("ad_funnel")

    found = modelling.rows("ad_funnel", "day", "campaign", "source", "medium", "impressions", "clicks", "spend")
    assert found == [(FIRST, "spring", "(none)", "(none)", None, 5, Decimal("0.75"))]


def test_which_libraries_are_servers_is_a_setting(modelling):
    """A call that names no library came from a browser."""
    modelling.page(user_id="u1", context_library_name="our-server", **SPRING)
    modelling.page(user_id="u1", **SPRING)

    modelling.run("ad_funnel", ad_funnel={"server_libraries": ["our-server"]})

    assert modelling.rows("ad_funnel", "server_requests", "page_views") == [(1, 1)]


def test_late_rows_and_rows_without_timestamp_are_on_their_day(modelling):
    """And visits at as_of are not behaviour yet."""
    modelling.page(user_id="u1", at="2026-03-01 23:30", received_at="2026-03-09", **SPRING)
    modelling.page(user_id="u1", at="2026-03-01 10:00", timestamp=None, **SPRING)
    modelling.page(user_id="u1", at="2026-03-02", **SPRING)

    modelling.run("ad_funnel", as_of="2026-03-02")

    assert modelling.rows("ad_funnel", "day", "page_views") == [(FIRST, 2)]


def test_days_of_ad_platforms_that_begin_at_as_of_are_no_past(modelling):
    """In the configured time zone, as everything else that is counted by days."""
    rows = [{"day": day, **SAID, "clicks": day.day} for day in (FIRST, SECOND)]
    modelling.csv("ad_statistics", rows)

    modelling.run("ad_funnel", as_of="2026-03-02", timezone="America/Los_Angeles")

    assert modelling.rows("ad_funnel", "day", "clicks") == [(FIRST, 1)]


@pytest.mark.parametrize("order_id", ["", " ", None])
def test_orders_without_an_order_id_are_orders_of_their_own(modelling, order_id):
    """A blank id is none."""
    for user in ("u1", "u2"):
        modelling.page(user_id=user, at=0, **SPRING)
        modelling.track("Order Completed", user_id=user, order_id=order_id, at=600)

    modelling.run("ad_funnel")

    assert modelling.rows("ad_funnel", "campaign", "conversions") == [("spring", 2)]


def test_spaces_around_the_names_of_a_campaign_do_not_make_it_another_one(modelling):
    """And a name of spaces alone is none."""
    modelling.page(user_id="u1", **SPRING)
    modelling.page(user_id="u1", **{name: f" {value} " for name, value in SPRING.items()})
    modelling.page(user_id="u1", context_campaign_name="  ")

    modelling.run("ad_funnel")

    assert modelling.rows("ad_funnel", "campaign", "source", "medium", "page_views") == [("spring", "ads", "cpc", 2)]
