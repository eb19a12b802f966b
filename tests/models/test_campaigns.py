"""The campaign funnel, what campaigns cost, and what they return. F1 to R4 are vectors of the reference."""

from decimal import Decimal

import pytest
from modelling import Modelling, plain_profiles

SETTINGS = {"as_of": "2026-04-30"}
F1_VISITS = (
    ("u1", "10:00", "ntd", "email"),
    ("u1", "10:05", "ntd", "email"),
    ("u2", "11:00", "ntd", "display"),
    ("u3", "12:00", "ntd", "news"),
    ("u4", "09:00", "ntd", "email"),
    ("u5", "14:00", "ntd", "news"),
    ("u6", "16:00", "ntd", "paid-social"),
    ("u6", "15:00", "tyf", "email"),
)
F1_VIEWS = (("u1", "10:10"), ("u1", "10:12"), ("u2", "11:05"), ("u4", "08:00"), ("u6", "15:01"))
F1_ORDERS = (("u1", "10:20", 25), ("u4", "09:30", 40), ("u5", "13:00", 15), ("u6", "15:02", 30), ("u6", "17:00", 20))


@pytest.fixture
def toasts(modelling):
    """F1 and F2: people who visit, view and order in all kinds of orders."""
    for user, at, campaign, medium in F1_VISITS:
        visit(modelling, user, at=f"2026-03-02 {at}", campaign=campaign, medium=medium)
    modelling.page(
        user_id="u7", url="https://toasts.example/about", context_campaign_name="ntd", context_campaign_medium="email"
    )
    for user, at in F1_VIEWS:
        modelling.track("Product Viewed", user_id=user, at=f"2026-03-02 {at}")
    for user, at, total in F1_ORDERS:
        modelling.track(
            "Order Completed", user_id=user, order_id=f"{user} {at}", total=float(total), at=f"2026-03-02 {at}"
        )
    return modelling


def visit(modelling, user, at, campaign, medium):
    modelling.page(
        user_id=user,
        at=at,
        url="https://toasts.example/STORE/all",
        context_campaign_name=campaign,
        context_campaign_medium=medium,
    )


def perform(modelling, names=("campaign_performance",), attribution=None, **campaigns):
    campaigns = {"store_url_pattern": "%/store%", **campaigns}
    modelling.run(*names, **SETTINGS, campaigns=campaigns, attribution=attribution or {})


def performance(modelling, dimension, *columns):
    rows = modelling.query(
        f"select value, {', '.join(columns)} from models.campaign_performance where dimension = ?", dimension
    )
    return {value: tuple(rest) for value, *rest in rows}


def test_f1_a_person_is_counted_once_in_each_step_and_an_order_once_in_all(toasts):
    """A join of the three steps would count 10 visits of 6 people and 205 dollars of 85."""
    perform(toasts)

    assert performance(toasts, "campaign", "store_visits", "product_views", "orders", "revenue") == {
        "ntd": (6, 2, 3, 85),
        "tyf": (1, 1, 1, 30),
        "(none)": (0, 0, 0, 15),
    }


def test_f1_a_strict_order_comes_after_the_view(toasts):
    perform(toasts, funnel_order="strict")

    assert performance(toasts, "campaign", "store_visits", "product_views", "orders") == {
        "ntd": (6, 2, 1),
        "tyf": (1, 1, 1),
        "(none)": (0, 0, 0),
    }


def test_f1_each_person_has_the_times_of_their_steps(toasts):
    plain_profiles(toasts)
    perform(toasts, ("campaign_funnel",))

    rows = toasts.query(
        "select strftime(store_visited_at, '%H:%M'), strftime(product_viewed_at, '%H:%M'), "
        "strftime(order_completed_at, '%H:%M') from models.campaign_funnel where campaign = 'ntd' "
        "and canonical_segment_id in ('u1', 'u4', 'u6') order by canonical_segment_id"
    )
    assert rows == [("10:00", "10:10", "10:20"), ("09:00", None, "09:30"), ("16:00", None, "17:00")]


def test_f2_orders_and_revenue_are_counted_by_medium(toasts):
    perform(toasts)

    rows = performance(toasts, "medium", "attributed_orders", "revenue")
    assert {medium: row for medium, row in rows.items() if row[0]} == {
        "email": (3, 95),
        "paid-social": (1, 20),
        "(none)": (1, 15),
    }


def test_what_is_later_than_the_window_is_no_step(modelling):
    """The end of the window still counts."""
    for user in ("u1", "u2"):
        visit(modelling, user, "2026-03-02 10:00", "ntd", "email")
    modelling.track("Order Completed", user_id="u1", total=1.0, at="2026-03-09 10:00:00")
    modelling.track("Order Completed", user_id="u2", total=1.0, at="2026-03-09 10:00:01")

    perform(modelling)

    assert performance(modelling, "campaign", "store_visits", "orders") == {"ntd": (2, 1)}


# R1 and R2: the figures of a guide. Medium: people who visit, view and order, and what they pay.
NATIONAL_TOAST_DAY = {
    "paid-social": (91, 14, 11, "341.32"),
    "organic-social": (43, 14, 10, "211.46"),
    "display": (41, 12, 6, "89.79"),
    "news": (166, 92, 43, "510.34"),
    "email": (348, 303, 169, "1947.46"),
}
TOAST_YOUR_FRIEND = {"email": (1382, 734, 318, "3824.68")}
COSTS = [
    {"campaign": "national-toast-day", "cost_type": "person", "hours": 30, "annual_salary": 104000, "amount": ""},
    {"campaign": "national-toast-day", "cost_type": "media", "hours": "", "annual_salary": "", "amount": 1000},
    {"campaign": "toast-your-friend", "cost_type": "person", "hours": "", "annual_salary": "", "amount": 1000},
    {"campaign": "toast-your-friend", "cost_type": "media", "hours": "", "annual_salary": "", "amount": 2000},
]


@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    modelling = Modelling(tmp_path_factory.mktemp("guide"))
    for campaign, media in (("national-toast-day", NATIONAL_TOAST_DAY), ("toast-your-friend", TOAST_YOUR_FRIEND)):
        for medium, (visits, views, orders, revenue) in media.items():
            cents = int(Decimal(revenue) * 100)
            for number in range(visits):
                user = f"{campaign} {medium} {number}"
                visit(modelling, user, "2026-03-02 10:00", campaign, medium)
                if number < views:
                    modelling.track("Product Viewed", user_id=user, at="2026-03-02 10:01")
                if number < orders:
                    total = (cents // orders + (number < cents % orders)) / 100
                    modelling.track("Order Completed", user_id=user, total=total, at="2026-03-02 10:02")
    modelling.csv("campaign_costs", COSTS)
    return modelling


def returns(modelling, column, dimension="campaign"):
    rows = modelling.query(
        f"select value, {column} from models.attribution_summary where model = 'last' and dimension = ?", dimension
    )
    return dict(rows)


def test_r1_rates_and_returns_are_those_that_the_guide_computes(guide):
    perform(guide)

    rows = performance(guide, "campaign", "store_visits", "product_views", "orders", "revenue")
    assert rows == {
        "national-toast-day": (689, 435, 239, Decimal("3100.37")),
        "toast-your-friend": (1382, 734, 318, Decimal("3824.68")),
    }
    rates = performance(guide, "campaign", "round(view_rate, 4)", "round(order_rate, 4)", "round(aov, 2)")
    assert rates == {"national-toast-day": (0.6313, 0.3469, 12.97), "toast-your-friend": (0.5311, 0.2301, 12.03)}
    assert returns(guide, "round(roi, 6)") == {"national-toast-day": 0.240148, "toast-your-friend": 0.274893}
    assert returns(guide, "round(roi, 6)", "all") == {"(all)": 0.2591}
    assert returns(guide, "person_cost") == {"national-toast-day": 1500, "toast-your-friend": 1000}


def test_r2_media_of_a_campaign_add_up_to_it(guide):
    plain_profiles(guide)
    perform(guide)

    media = performance(guide, "medium", "store_visits", "product_views", "orders", "revenue")
    assert {medium: row for medium, row in media.items() if medium != "email"} == {
        medium: (visits, views, orders, Decimal(revenue))
        for medium, (visits, views, orders, revenue) in NATIONAL_TOAST_DAY.items()
        if medium != "email"
    }
    # Both campaigns were sent by email.
    assert media["email"] == (348 + 1382, 303 + 734, 169 + 318, Decimal("1947.46") + Decimal("3824.68"))
    assert guide.query(
        "select round(count(order_completed_at) / count(*), 4) from models.campaign_steps "
        "where dimension = 'medium' and value = 'email' and canonical_segment_id like 'national%'"
    ) == [(0.4856,)]


def test_r3_profit_is_a_share_of_revenue(guide):
    perform(guide, margin=0.6)

    assert returns(guide, "round(roi, 6)") == {"national-toast-day": -0.255911, "toast-your-friend": -0.235064}


def test_r4_a_person_costs_hours_of_an_annual_salary(modelling):
    modelling.csv("campaign_costs", COSTS[:1])

    modelling.run("campaign_costs")

    assert modelling.rows("campaign_costs", "campaign", "cost_type", "amount") == [
        ("national-toast-day", "person", 1500)
    ]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "UTC", "Asia/Tokyo"])
def test_costs_of_days_before_as_of_count_in_every_zone(modelling, zone):
    """The day that begins at as_of is not over, nor is it begun."""
    lines = [{"campaign": "spring", "amount": day, "from": f"2026-03-0{day}"} for day in (1, 2, 3)]
    modelling.csv("campaign_costs", lines)

    modelling.run("campaign_costs", timezone=zone, as_of="2026-03-03")

    assert modelling.rows("campaign_costs", "amount") == [(1,), (2,)]


def test_money_spent_without_any_order_stays_visible(modelling):
    modelling.csv("campaign_costs", [{"campaign": "flop", "cost_type": "media", "amount": 100, "medium": "display"}])

    modelling.run("attribution_summary", **SETTINGS)

    rows = modelling.query(
        "select dimension, value, roi, roas, cac from models.attribution_summary where model = 'first' order by 1"
    )
    assert rows == [
        ("all", "(all)", -1, 0, None),
        ("campaign", "flop", -1, 0, None),
        ("channel", "display", -1, 0, None),
        ("medium", "display", -1, 0, None),
    ]


def test_a_new_customer_costs_what_was_spent_over_first_orders(toasts):
    toasts.csv("campaign_costs", [{"campaign": "ntd", "cost_type": "media", "amount": 60}])

    perform(toasts)

    assert returns(toasts, "cac")["ntd"] == 30
    assert returns(toasts, "cost_per_order")["ntd"] == 20
    assert returns(toasts, "roas")["ntd"] == pytest.approx(85 / 60)


def test_costs_of_another_currency_need_a_rate(modelling):
    lines = [
        {"campaign": "a", "cost_type": "media", "amount": 10, "currency": c, "from": "2026-03-02"}
        for c in ("EUR", "CHF")
    ]
    modelling.csv("campaign_costs", lines)
    modelling.csv("currency_rates", [{"currency": "EUR", "valid_from": "2026-03-01", "rate": 1.5}])

    result = modelling.run("campaign_costs", **SETTINGS)

    assert modelling.rows("campaign_costs", "original_currency", "amount") == [("CHF", None), ("EUR", 15)]
    assert [check.name for check in result.checks if not check.passed] == ["has_an_amount"]
