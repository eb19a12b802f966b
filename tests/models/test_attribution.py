"""Attribution: which touches get what part of an order, to the cent. A1 to A8 are vectors of the reference."""

from decimal import Decimal
from fractions import Fraction

import pytest

from loader.models.markov import CONVERSION, NULL, START, removal_effects

ORDER_AT = "2026-03-20 12:00"
MODELS = ("first", "last", "last_non_direct", "linear", "position", "time_decay", "markov", "shapley")
DAY = 86400
ORDER_SECONDS = 19 * DAY + 2 * 3600
"""ORDER_AT as seconds after the first call of a test."""


def touch(modelling, medium, days_before, user="u1", **columns):
    """A page with a medium, so many days before the order."""
    modelling.page(user_id=user, context_campaign_medium=medium, at=ORDER_SECONDS - days_before * DAY, **columns)


def order(modelling, total, user="u1", order_id="o1", at=ORDER_AT):
    modelling.track("Order Completed", user_id=user, order_id=order_id, total=total, at=at)


def shares(modelling, model, column="revenue"):
    """Sum by channel, zeros left out."""
    rows = modelling.query(
        f"select channel, sum({column}) from models.attribution where model = ? group by 1 having sum({column}) <> 0",
        model,
    )
    return {channel: amount for channel, amount in rows}


def run(modelling, **settings):
    attribution = {"markov_min_conversions": 0, **settings}
    modelling.run("attribution_summary", as_of="2026-04-30", attribution=attribution)


@pytest.fixture
def four_touches(modelling):
    """A1: display −10 days, email −6, social −3, email −1, then $100."""
    for medium, days in (("display", 10), ("email", 6), ("social", 3), ("email", 1)):
        touch(modelling, medium, days)
    order(modelling, 100.0)
    return modelling


def test_a1_each_rule_shares_an_order_among_its_four_touches(four_touches):
    run(four_touches)

    assert shares(four_touches, "first") == {"display": 100}
    assert shares(four_touches, "last") == {"email": 100}
    assert shares(four_touches, "linear") == {"email": 50, "display": 25, "social": 25}
    assert shares(four_touches, "position") == {"email": 50, "display": 40, "social": 10}
    assert shares(four_touches, "time_decay") == {
        "email": Decimal("56.67"),
        "social": Decimal("28.89"),
        "display": Decimal("14.44"),
    }
    weights = four_touches.query(
        "select weight from models.attribution where model = 'time_decay' order by touch_position"
    )
    assert [round(weight, 6) for (weight,) in weights] == [0.144425, 0.214614, 0.288849, 0.352111]


def test_a2_an_odd_cent_goes_to_the_earliest_touch(modelling):
    touch(modelling, "email", 5)
    touch(modelling, "social", 1)
    order(modelling, 79.99)

    run(modelling)

    assert shares(modelling, "position") == {"email": Decimal("40.00"), "social": Decimal("39.99")}


def test_a3_thirds_of_ten_dollars_add_up_to_ten_dollars(modelling):
    for medium, days in (("a", 3), ("b", 2), ("c", 1)):
        touch(modelling, medium, days)
    order(modelling, 10.0)

    run(modelling)

    assert shares(modelling, "linear") == {"a": Decimal("3.34"), "b": Decimal("3.33"), "c": Decimal("3.33")}


def test_a4_a_refund_has_the_weights_of_its_order(four_touches):
    """It lowers the order on its day, or is a row of its own: net 28, 7, 7, 28; refund rows -12, -3, -3, -12."""
    four_touches.track("Order Refunded", order_id="o1", total=30.0, at="2026-03-25 12:00")
    query = (
        "select entry_kind, entry_day::varchar, list(revenue::int order by touch_position) from models.attribution "
        "where model = 'position' group by 1, 2 order by 1"
    )

    run(four_touches, refund_basis="order_date")
    restated = four_touches.query(query)
    run(four_touches, refund_basis="event_date")

    assert restated == [("order", "2026-03-20", [28, 7, 7, 28])]
    assert four_touches.query(query) == [
        ("order", "2026-03-20", [40, 10, 10, 40]),
        ("refund", "2026-03-25", [-12, -3, -3, -12]),
    ]


def test_a5_an_order_without_a_touch_in_time_is_unattributed(modelling):
    """A touch exactly 30 days before still counts, one second more does not."""
    touch(modelling, "email", 30 + 1 / DAY, user="u1")
    touch(modelling, "email", 30, user="u2")
    for user in ("u1", "u2", "u3"):
        order(modelling, 10.0, user=user, order_id=f"order of {user}")

    run(modelling)

    for model in MODELS:
        assert shares(modelling, model) == {"(unattributed)": 20, "email": 10}


@pytest.mark.parametrize("total", [9e10 + 1, 9e14, -9e14])
def test_an_absurd_amount_is_unattributed_and_stops_no_other(four_touches, total):
    """Sums are as exact as they are without it."""
    order(four_touches, total, order_id="o2")

    run(four_touches)

    shared = shares(four_touches, "linear")
    assert float(shared.pop("(unattributed)")) == total
    assert shared == {"email": 50, "display": 25, "social": 25}


def test_the_greatest_amount_that_is_shared_out_adds_up(four_touches):
    order(four_touches, 9e10, order_id="o2")

    run(four_touches)

    assert sum(shares(four_touches, "time_decay").values()) == 9e10 + 100


@pytest.fixture
def six_orders(modelling):
    """A6: A>B ×3 orders, A ×2 null, B ×1 order, C>B ×2 null, C ×2 orders."""
    paths = [("AB", True)] * 3 + [("A", False)] * 2 + [("B", True)] + [("CB", False)] * 2 + [("C", True)] * 2
    for number, (path, is_order) in enumerate(paths):
        for place, channel in enumerate(path):
            touch(modelling, channel, 5 - place, user=f"u{number}")
        if is_order:
            order(modelling, 10.0, user=f"u{number}", order_id=f"o{number}")
    return modelling


A6_EFFECTS = {"a": Fraction(1, 3), "b": Fraction(2, 3), "c": Fraction(5, 9)}
A6_CREDITS = {"a": Fraction(9, 7), "b": Fraction(18, 7), "c": Fraction(15, 7)}


def test_a6_markov_credit_is_the_share_of_the_removal_effect(six_orders):
    run(six_orders)

    rows = six_orders.rows("attribution_markov", "channel", "removal_effect", "orders")
    assert {channel: effect for channel, effect, _ in rows} == pytest.approx(
        {k: float(v) for k, v in A6_EFFECTS.items()}
    )
    assert {channel: orders for channel, _, orders in rows} == pytest.approx(
        {k: float(v) for k, v in A6_CREDITS.items()}
    )
    assert six_orders.rows("attribution_markov_fit") == [(6, 4, 0.6, True)]


def test_a6_repeats_of_a_channel_change_nothing(six_orders):
    """A>A>B is A>B."""
    run(six_orders)
    before = six_orders.rows("attribution_markov")
    touch(six_orders, "A", 6, user="u0")

    run(six_orders)

    assert six_orders.rows("attribution_markov") == before


def test_a_buyer_whose_touches_led_to_no_order_has_a_path_without_one(modelling):
    """As somebody who never ordered: u2 ordered long before the touch, u3 longer after it than the lookback."""
    touch(modelling, "email", 1)
    touch(modelling, "social", 1, user="u2")
    touch(modelling, "social", 31, user="u3")
    order(modelling, 10.0)
    order(modelling, 10.0, user="u2", order_id="o2", at="2026-03-01")
    order(modelling, 10.0, user="u3", order_id="o3")

    run(modelling)

    assert modelling.rows("attribution_markov_fit", "conversions", "non_conversions") == [(1, 2)]


def test_a7_shapley_shares_an_order_among_its_different_channels(six_orders):
    run(six_orders)

    assert shares(six_orders, "shapley", "weight") == {"a": 1.5, "b": 2.5, "c": 2}


def test_a8_the_last_touch_that_is_not_direct(modelling):
    touch(modelling, "email", 3)
    touch(modelling, "(none)", 1)
    order(modelling, 10.0)

    run(modelling)

    assert shares(modelling, "last_non_direct") == {"email": 10}
    assert shares(modelling, "last") == {"direct": 10}


def test_when_all_touches_are_direct_the_last_one_counts(modelling):
    touch(modelling, "direct", 3)
    touch(modelling, "(none)", 1)
    order(modelling, 10.0)

    run(modelling)

    assert modelling.query("select touch_position from models.attribution where model = 'last_non_direct'") == [(2,)]


def test_a_cancelled_order_and_one_paid_back_are_attributed_to_nothing(four_touches):
    order(four_touches, 50.0, order_id="o2")
    four_touches.track("Order Cancelled", order_id="o2", at="2026-03-21 12:00")
    four_touches.track("Order Refunded", order_id="o1", at="2026-03-21 12:00")

    run(four_touches)
    restated = four_touches.rows("attribution")
    run(four_touches, refund_basis="event_date")

    assert restated == []
    assert four_touches.query(
        "select entry_kind, sum(revenue)::int, round(sum(orders), 9) from models.attribution "
        "where model = 'linear' group by 1 order by 1"
    ) == [("order", 100, 1), ("refund", -100, -1)]


def test_touches_before_an_order_count_for_the_next_one_unless_reset(modelling):
    touch(modelling, "email", 3)
    order(modelling, 10.0)
    order(modelling, 20.0, order_id="o2", at="2026-03-21 12:00")

    run(modelling)
    both = shares(modelling, "last")
    run(modelling, reset_after_conversion=True)

    assert both == {"email": 30}
    assert shares(modelling, "last") == {"email": 10, "(unattributed)": 20}


def test_with_too_few_orders_markov_is_linear_and_says_so(four_touches):
    four_touches.run("attribution", as_of="2026-04-30")

    warned = [check.name for check in four_touches.result.checks if not check.passed]
    assert shares(four_touches, "markov") == shares(four_touches, "linear")
    assert warned == ["enough_conversions"]


def test_markov_of_an_order_weighs_its_own_channels_by_their_effects(six_orders):
    """A>B: 1/3 to 2/3."""
    run(six_orders)

    assert six_orders.query(
        "select channel, round(weight, 9) from models.attribution where model = 'markov' and order_key = 'o0' order by 1"
    ) == [("a", 0.333333333), ("b", 0.666666667)]


def test_a_chain_that_never_converts_has_no_effects():
    transitions = [(START, "channel", "a", 3), ("a", NULL, None, 3)]

    assert removal_effects(transitions) == ({"a": 0.0}, 0.0)
    assert removal_effects([]) == ({}, None)
    assert removal_effects([(START, "channel", "a", 3), ("a", CONVERSION, None, 3)]) == ({"a": 1.0}, 1.0)


def test_an_empty_shop_has_empty_tables(modelling):
    modelling.identify(user_id="u1")

    modelling.run("attribution_summary", "campaign_performance", "campaign_funnel", as_of="2026-04-30")

    for table in ("touches", "attribution_paths", "attribution", "attribution_summary", "campaign_performance"):
        assert modelling.rows(table) == []
    assert modelling.rows("attribution_markov_fit") == [(0, 0, None, False)]
