"""The settings of orders, attribution and campaigns: each changes what it says, at its border and nowhere else."""

from decimal import Decimal

import pytest

ORDERED = "2026-03-31 12:00"
AS_OF = "2026-04-30"


def order(modelling, total=100.0, event="Order Completed", order_id="o1", at=ORDERED, **columns):
    modelling.track(event, user_id="u1", order_id=order_id, total=total, at=at, **columns)


def revenue(modelling, model, by="channel", **attribution):
    """What a model gives to each channel, or campaign, under these settings of attribution."""
    settings = {"markov_min_conversions": 0, **attribution}
    modelling.run("attribution", as_of=AS_OF, attribution=settings)
    return dict(
        modelling.query(
            f"select {by}, sum(revenue) from models.attribution where model = ? group by 1 having sum(revenue) <> 0",
            model,
        )
    )


def test_the_lookback_ends_with_its_last_instant(modelling):
    modelling.page(user_id="u1", at="2026-03-26 12:00", context_campaign_medium="exactly")
    modelling.page(user_id="u1", at="2026-03-26 11:59:59", context_campaign_medium="earlier")
    order(modelling)

    assert revenue(modelling, "linear", lookback_days=5) == {"exactly": 100}
    assert revenue(modelling, "linear", lookback_days=6) == {"exactly": 50, "earlier": 50}


@pytest.mark.parametrize(
    ("days", "expected"), [(1, {"new": 80, "old": 20}), (2, {"new": Decimal("66.67"), "old": Decimal("33.33")})]
)
def test_after_the_half_life_a_touch_counts_half(modelling, days, expected):
    """Two days lie between the touches: two half-lives, or one."""
    modelling.page(user_id="u1", at="2026-03-30 12:00", context_campaign_medium="new")
    modelling.page(user_id="u1", at="2026-03-28 12:00", context_campaign_medium="old")
    order(modelling)

    assert revenue(modelling, "time_decay", half_life_days=days) == expected


def test_events_are_touches_where_they_are_listed(modelling):
    """Whatever their spelling; the channel is told by the name."""
    modelling.track("Email Link Clicked", user_id="u1", at="2026-03-30")
    order(modelling)

    assert revenue(modelling, "last", touch_events=[]) == {"(unattributed)": 100}
    assert revenue(modelling, "last", touch_events=["email link clicked"]) == {"email": 100}
    assert revenue(modelling, "last", touch_events=["Ad Clicked"]) == {"(unattributed)": 100}


@pytest.mark.parametrize("host", ["pay.example.com", "Pay.Example.com", "www.pay.example.com"])
def test_a_host_of_your_own_is_no_referrer(modelling, host):
    """However it is written."""
    modelling.page(
        user_id="u1",
        at="2026-03-30",
        url="https://shop.example/",
        context_page_referrer="https://www.pay.example.com/done",
    )
    modelling.page(
        user_id="u1", at="2026-03-29", url="https://shop.example/", context_page_referrer="https://blog.example.org/"
    )
    order(modelling)

    assert revenue(modelling, "last", by="source", internal_hosts=[]) == {"pay.example.com": 100}
    assert revenue(modelling, "last", by="source", internal_hosts=[host]) == {"blog.example.org": 100}


def test_a_direct_touch_is_the_first_page_of_a_session_of_no_campaign(modelling):
    modelling.page(anonymous_id="a1", user_id="u1", at="2026-03-30 10:00", context_campaign_medium="email")
    modelling.page(anonymous_id="a1", user_id="u1", at="2026-03-31 10:00")
    modelling.page(anonymous_id="a1", user_id="u1", at="2026-03-31 10:01")
    order(modelling)

    assert revenue(modelling, "linear", direct_touches=False) == {"email": 100}
    assert revenue(modelling, "linear", direct_touches=True) == {"email": 50, "direct": 50}
    assert revenue(modelling, "last_non_direct", direct_touches=True) == {"email": 100}


def test_the_first_page_of_a_session_is_the_same_for_touches_as_for_the_session(modelling):
    """Of pages at the same instant the one with the smaller id, whichever arrived first: here it has a campaign."""
    page = {"anonymous_id": "a1", "user_id": "u1", "at": "2026-03-31 10:00"}
    modelling.page(**page, id="a", received_at="2026-03-31 10:05", context_campaign_medium="email")
    modelling.page(**page, id="b", received_at="2026-03-31 10:01")
    order(modelling)

    assert revenue(modelling, "first", direct_touches=True) == {"email": 100}


def test_the_events_of_orders_may_have_other_names(modelling):
    """Told apart as tables are; events with the usual names are then none."""
    order(modelling, event="Purchase")
    order(modelling, event="Purchase Changed", total=80.0, at="2026-04-01")
    order(modelling, event="Money Back", total=30.0, at="2026-04-02")
    order(modelling, event="Purchase", order_id="o2")
    order(modelling, event="Purchase Stopped", order_id="o2", at="2026-04-02")
    order(modelling, order_id="o3")
    order(modelling, event="Order Cancelled", at="2026-04-03")
    names = {
        "order_event": "purchase",
        "order_updated_event": "Purchase Changed",
        "order_refunded_event": "Money Back",
        "order_cancelled_event": "Purchase Stopped",
    }

    modelling.run("orders", as_of=AS_OF, **names)

    assert modelling.rows("orders", "order_key", "gross", "refunded", "net", "is_removed") == [
        ("o1", 80, 30, 50, False),
        ("o2", 100, 0, 0, True),
    ]


@pytest.mark.parametrize(
    ("decimals", "gross", "parts"),
    [
        (0, "11", ["4", "4", "3"]),
        (1, "10.6", ["3.6", "3.5", "3.5"]),
        (4, "10.5555", ["3.5185", "3.5185", "3.5185"]),
    ],
)
def test_amounts_are_whole_in_the_smallest_unit_of_the_currency(modelling, decimals, gross, parts):
    """Orders are rounded to it, and shared out in it; what is left over goes to the earliest touches."""
    for day, medium in ((28, "a"), (29, "b"), (30, "c")):
        modelling.page(user_id="u1", at=f"2026-03-{day}", context_campaign_medium=medium)
    order(modelling, total=10.5555)

    modelling.settings["currency_decimals"] = decimals
    shared = revenue(modelling, "linear")

    assert modelling.rows("orders", "gross") == [(Decimal(gross),)]
    assert [shared[channel] for channel in "abc"] == [Decimal(part) for part in parts]


@pytest.mark.parametrize(("model", "campaign"), [("first", "spring"), ("last", "summer")])
def test_performance_shows_the_revenue_of_the_model_that_is_set(modelling, model, campaign):
    modelling.page(user_id="u1", at="2026-03-29", url="https://shop.example/", context_campaign_name="spring")
    modelling.page(user_id="u1", at="2026-03-30", url="https://shop.example/", context_campaign_name="summer")
    order(modelling)

    modelling.run("campaign_performance", as_of=AS_OF, campaigns={"attribution_model": model})

    rows = modelling.query("select value, revenue from models.campaign_performance where dimension = 'campaign'")
    assert {value: amount for value, amount in rows if amount} == {campaign: 100}


@pytest.mark.parametrize(("days", "orders"), [(1, 0), (2, 1)])
def test_the_window_of_the_funnel_ends_with_its_last_instant(modelling, days, orders):
    modelling.page(user_id="u1", at="2026-03-29 12:00", url="https://shop.example/", context_campaign_name="spring")
    order(modelling)

    modelling.run("campaign_performance", as_of=AS_OF, campaigns={"funnel_window_days": days})

    steps = modelling.query("select store_visits, orders from models.campaign_performance where value = 'spring'")
    assert steps == [(1, orders)]


@pytest.mark.parametrize(("hours", "amount"), [(2080, "1500.00"), (1040, "3000.00"), (8784, "355.19")])
def test_a_year_has_the_hours_that_are_set(modelling, hours, amount):
    modelling.csv("campaign_costs", [{"campaign": "x", "cost_type": "person", "hours": 30, "annual_salary": 104000}])

    modelling.run("campaign_costs", as_of=AS_OF, campaigns={"hours_per_year": hours})

    assert modelling.rows("campaign_costs", "amount") == [(Decimal(amount),)]


@pytest.mark.parametrize(("days", "conversions"), [(1, 0), (2, 1)])
def test_an_order_belongs_to_an_advertisement_within_its_lookback(modelling, days, conversions):
    """Its first instant included."""
    modelling.page(user_id="u1", at="2026-03-29 12:00", context_campaign_name="spring")
    order(modelling)

    modelling.run("ad_funnel", as_of=AS_OF, ad_funnel={"lookback_days": days})

    assert modelling.rows("ad_funnel", "campaign", "conversions") == [("spring", conversions)]


def test_without_libraries_of_servers_every_page_was_seen_in_a_browser(modelling):
    modelling.page(user_id="u1", context_campaign_name="spring", context_library_name="analytics-node")

    modelling.run("ad_funnel", as_of=AS_OF, ad_funnel={"server_libraries": []})

    assert modelling.rows("ad_funnel", "server_requests", "page_views") == [(None, 1)]
