"""Orders: what they are, when, whose, and what they are worth after updates, refunds and cancellations."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from modelling import plain_profiles

COLUMNS = ("order_key", "gross", "refunded", "net", "is_removed")


@pytest.fixture
def shop(modelling):
    """One order of 100 = 80 + 12 shipping + 8 tax by u1."""
    modelling.track(
        "Order Completed",
        user_id="u1",
        order_id="o1",
        total=100.0,
        revenue=80.0,
        shipping=12.0,
        tax=8.0,
        at="2026-03-02 10:00",
    )
    return modelling


def test_an_order_is_one_row_whatever_says_it_again(shop):
    """The first Order Completed gives date and person; another one of the same order id is the same order."""
    plain_profiles(shop)
    shop.track("Order Completed", order_id="o1", total=100.0, at="2026-03-02 11:00", source="server")

    shop.run("orders")

    assert shop.rows("orders", "order_key", "canonical_segment_id", "source", "ordered_at", "order_day", "net") == [
        ("o1", "u1", "web", datetime(2026, 3, 2, 10), date(2026, 3, 2), 100)
    ]


def test_an_order_without_an_order_id_is_known_by_its_checkout_then_by_its_message(modelling):
    modelling.track("Order Completed", checkout_id="c1", order_id=" ", total=1.0, user_id="u1")
    modelling.track("Order Completed", checkout_id="c1", order_id=None, total=1.0, user_id="u1")
    modelling.track("Order Completed", id="m9", total=2.0, user_id="u1")

    modelling.run("orders")

    assert modelling.rows("orders", "order_key", "net") == [("c1", 1), ("m9", 2)]


def test_the_newest_update_gives_the_value_and_the_first_completion_the_date(shop):
    shop.track("Order Updated", order_id="o1", total=70.0, at="2026-03-05 10:00")
    shop.track("Order Updated", order_id="o1", total=90.0, at="2026-03-04 10:00")
    shop.track("Order Updated", order_id="o1", total=None, at="2026-03-06 10:00")

    shop.run("orders")

    assert shop.rows("orders", "gross", "ordered_at") == [(70, datetime(2026, 3, 2, 10))]


@pytest.mark.parametrize("order_value", ["total", "revenue"])
def test_an_amount_beyond_all_orders_is_none_and_fails_no_run(order_value, modelling):
    """Anybody can send one. The last amount before it stays, and whoever pays it back pays back the order."""
    for number in range(3):
        modelling.track("Order Completed", order_id=f"o{number}", total=9e21, revenue=9e21)
    modelling.track("Order Completed", order_id="o3", total=50.0, revenue=50.0)
    modelling.track("Order Updated", order_id="o3", total=-9e21, revenue=-9e21)
    modelling.track("Order Completed", order_id="o4", total=60.0, revenue=60.0)
    modelling.track("Order Refunded", order_id="o4", total=9e21)

    result = modelling.run("attribution_summary", order_value=order_value)

    (told,) = [check for check in result.checks if check.name == "amounts_are_possible"]
    assert (told.severity, told.passed, told.failures) == ("warn", False, 5)
    assert modelling.rows("orders", *COLUMNS) == [
        ("o0", 0, 0, 0, False),
        ("o1", 0, 0, 0, False),
        ("o2", 0, 0, 0, False),
        ("o3", 50, 0, 50, False),
        ("o4", 60, 60, 0, True),
    ]


def test_an_update_of_an_order_that_was_never_completed_is_no_order(modelling):
    modelling.track("Order Updated", order_id="o1", total=70.0)

    modelling.run("orders")

    assert modelling.rows("orders") == []


def test_refunds_add_up_and_never_exceed_the_order(shop):
    shop.track("Order Refunded", order_id="o1", total=30.0, at="2026-03-05 10:00")
    shop.track("Order Refunded", order_id="o1", total=90.0, at="2026-03-06 10:00")

    shop.run("orders")

    assert shop.rows("orders", *COLUMNS) == [("o1", 100, 100, 0, True)]
    assert shop.rows("order_refunds", "amount", "is_last", order="refunded_at") == [(30, False), (70, True)]


def test_a_refund_without_a_total_pays_back_what_is_left(shop):
    shop.track("Order Refunded", order_id="o1", total=30.0, at="2026-03-05 10:00")
    shop.track("Order Refunded", order_id="o1", total=None, at="2026-03-06 10:00")
    shop.track("Order Refunded", order_id="o1", total=5.0, at="2026-03-07 10:00")

    shop.run("orders")

    assert shop.rows("order_refunds", "amount", order="refunded_at") == [(30,), (70,), (0,)]


def test_a_refund_is_scaled_to_the_chosen_value(shop):
    """A quarter of the total is a quarter of the revenue."""
    shop.track("Order Refunded", order_id="o1", total=25.0, at="2026-03-05 10:00")

    shop.run("orders", order_value="revenue")

    assert shop.rows("orders", *COLUMNS) == [("o1", 80, 20, 60, False)]


def test_a_value_that_was_not_sent_is_worked_out_from_its_parts(modelling):
    """total = subtotal + shipping + tax."""
    modelling.track("Order Completed", order_id="o1", user_id="u1", subtotal=10.0, shipping=2.0, tax=1.0)
    modelling.track("Order Completed", order_id="o2", user_id="u1", total=20.0, tax=4.0)

    modelling.run("orders", order_value="total")
    totals = modelling.rows("orders", "order_key", "gross")
    modelling.run("orders", order_value="revenue")

    assert totals == [("o1", 13), ("o2", 20)]
    assert modelling.rows("orders", "order_key", "gross") == [("o1", 10), ("o2", 16)]


def test_a_cancelled_order_is_removed_and_the_next_one_is_the_first(shop):
    shop.track("Order Completed", user_id="u1", order_id="o2", total=5.0, at="2026-03-04 10:00")
    shop.track("Order Cancelled", order_id="o1", at="2026-03-05 10:00")

    shop.run("orders")

    assert shop.rows("orders", *COLUMNS, "order_number", "is_first_order") == [
        ("o1", 100, 0, 0, True, None, False),
        ("o2", 5, 0, 5, False, 1, True),
    ]


def test_what_happened_after_as_of_does_not_count(shop):
    shop.track("Order Refunded", order_id="o1", total=30.0, at="2026-03-05 10:00")
    shop.track("Order Completed", order_id="o2", total=30.0, at="2026-03-05 10:00")

    shop.run("orders", as_of="2026-03-05T10:00:00Z")

    assert shop.rows("orders", *COLUMNS) == [("o1", 100, 0, 100, False)]


def test_the_day_of_an_order_is_one_of_the_time_zone(modelling):
    modelling.track("Order Completed", order_id="o1", user_id="u1", total=1.0, at="2026-03-02 23:30")

    modelling.run("orders", timezone="Europe/Berlin")

    assert modelling.rows("orders", "order_day") == [(date(2026, 3, 3),)]


def test_another_currency_is_converted_at_the_rate_of_the_orders_day(modelling):
    modelling.csv(
        "currency_rates",
        [
            {"currency": "eur", "valid_from": "2026-03-01", "rate": "1.1"},
            {"currency": "eur", "valid_from": "2026-03-03", "rate": "1.25"},
        ],
    )
    modelling.track("Order Completed", order_id="o1", user_id="u1", total=9.99, currency="EUR", at="2026-03-02 10:00")
    modelling.track("Order Completed", order_id="o2", user_id="u1", total=10.0, currency="EUR", at="2026-03-03 10:00")
    modelling.track("Order Refunded", order_id="o2", total=5.0, currency="EUR", at="2026-03-04 10:00")

    modelling.run("orders")

    assert modelling.rows("orders", "order_key", "gross", "net", "currency", "original_currency") == [
        ("o1", Decimal("10.99"), Decimal("10.99"), "USD", "EUR"),
        ("o2", Decimal("12.50"), Decimal("6.25"), "USD", "EUR"),
    ]


def test_an_order_without_a_rate_is_left_out_and_reported(shop):
    """Currencies are never added up; the check names the orders."""
    shop.track("Order Completed", order_id="o2", user_id="u1", total=5.0, currency="JPY")

    result = shop.run("orders")

    assert shop.rows("orders", "order_key") == [("o1",)]
    (warned,) = [check for check in result.checks if (check.model, check.name) == ("order_values", "has_a_rate")]
    assert (warned.failures, warned.rows[0][0]) == (1, "o2")


@pytest.mark.parametrize(("currency", "left"), [(None, 40), ("EUR", 40), ("usd", 70), ("GBP", 10)])
def test_a_refund_in_another_currency_than_its_order_is_converted_at_the_rates_of_the_orders_day(
    modelling, currency, left
):
    """Of 50 euros at 2 dollars, 30 are paid back in euros, dollars, or pounds at 3 dollars."""
    days = {"2026-03-01": ("2", "3"), "2026-03-03": ("9", "9")}
    modelling.csv(
        "currency_rates",
        [
            {"currency": name, "valid_from": day, "rate": rate}
            for day, rates in days.items()
            for name, rate in zip(("EUR", "GBP"), rates, strict=True)
        ],
    )
    modelling.track("Order Completed", order_id="o1", user_id="u1", total=50.0, currency="EUR", at="2026-03-02 10:00")
    modelling.track("Order Refunded", order_id="o1", total=30.0, currency=currency, at="2026-03-04 10:00")

    modelling.run("orders")

    assert modelling.rows("orders", "gross", "net") == [(100, left)]
    assert modelling.rows("order_refunds", "requested", "original_currency") == [(30, (currency or "EUR").upper())]


def test_a_refund_in_a_currency_without_a_rate_counts_nothing_and_is_reported(shop):
    """Currencies are never added up. One without a total is of the whole order, whatever currency it names."""
    shop.track("Order Completed", order_id="o2", user_id="u1", total=5.0)
    shop.track("Order Refunded", order_id="o1", total=30.0, currency="JPY")
    shop.track("Order Refunded", order_id="o2", currency="JPY")

    result = shop.run("orders")

    assert shop.rows("orders", "order_key", "refunded") == [("o1", 0), ("o2", 5)]
    (warned,) = [check for check in result.checks if (check.model, check.name) == ("order_refunds", "has_a_rate")]
    assert warned.failures == 1


def test_a_shop_without_orders_has_no_orders(modelling):
    modelling.page(anonymous_id="a1")

    modelling.run("orders")

    assert modelling.rows("orders") == []
