"""What counts as an order, a repeat order, an age and a value: `ltv_order_days` and `ltv_rfm`."""

from datetime import datetime
from decimal import Decimal

from ltv_shop import add_order, shop


def rfm(modelling, *columns, **settings):
    """Columns of `ltv_rfm`, the end of March 2026 being the last day that counts unless said otherwise."""
    settings.setdefault("as_of", "2026-04-01")
    modelling.run("ltv_rfm", **settings)
    return modelling.rows("ltv_rfm", "canonical_segment_id", *columns)


def test_orders_of_one_day_are_one_purchase(modelling):
    """Two orders on the first day and one later: one repeat order; all three are orders."""
    shop(modelling, ("u1", "2026-03-01T09:00", 10), ("u1", "2026-03-01T21:00", 20), ("u1", "2026-03-11T09:00", 30))

    assert rfm(modelling, "orders", "x", "t_x_days", "age_days") == [("u1", 3, 1, 10, 30)]


def test_the_first_day_does_not_count_for_the_mean_of_repeat_orders(modelling):
    """The mean of all orders has it, and counts orders instead of days."""
    shop(modelling, ("u1", "2026-03-01T09:00", 90), ("u1", "2026-03-11T09:00", 10), ("u1", "2026-03-11T10:00", 20))

    assert rfm(modelling, "mean_repeat_order", "mean_order", "monetary_total") == [("u1", 30.0, 40.0, Decimal(120))]


def test_without_a_repeat_order_there_is_no_recency_and_no_repeat_mean(modelling):
    shop(modelling, ("u1", "2026-03-01T09:00", 90))

    assert rfm(modelling, "x", "t_x_days", "mean_repeat_order", "valued_repeat_days") == [("u1", 0, 0, None, 0)]


def test_a_repeat_day_without_value_keeps_x_and_is_left_out_of_the_mean(modelling):
    shop(modelling, ("u1", "2026-03-01T09:00", 9), ("u1", "2026-03-02T09:00", 0), ("u1", "2026-03-03T09:00", 8))

    assert rfm(modelling, "x", "valued_repeat_days", "mean_repeat_order") == [("u1", 2, 1, 8.0)]


def test_a_removed_order_never_was(modelling):
    """Cancelled, or paid back in full."""
    shop(modelling, ("u1", "2026-03-02T09:00", 9))
    add_order(modelling, "u1", "2026-03-01T09:00", 0, is_removed=True)
    add_order(modelling, "u2", "2026-03-01T09:00", 0, is_removed=True)

    assert rfm(modelling, "x", "age_days") == [("u1", 0, 29)]


def test_as_of_is_excluded_and_the_day_before_it_is_the_last_that_counts(modelling):
    """An order of the last day has age 0; one at `as_of` does not count."""
    shop(modelling, ("u1", "2026-03-31T23:59:59", 9), ("u2", "2026-04-01T00:00", 9))

    assert rfm(modelling, "age_days", "days_since_last") == [("u1", 0, 0)]


def test_as_of_within_a_day_counts_that_day(modelling):
    """At noon, an order of the morning has age 0."""
    shop(modelling, ("u1", "2026-04-01T09:00", 9), ("u2", "2026-04-01T13:00", 9))

    assert rfm(modelling, "age_days", as_of="2026-04-01T12:00:00Z") == [("u1", 0)]


def test_lifetime_value_may_have_an_as_of_of_its_own(modelling):
    """A history of 1997 beside events of today."""
    shop(modelling, ("u1", "1997-01-01T12:00", 9), ("u1", "1997-10-01T12:00", 9))

    rows = rfm(modelling, "as_of", "x", "age_days", ltv={"as_of": "1997-10-01"})

    assert rows == [("u1", datetime(1997, 10, 1), 0, 272)]


def test_only_orders_of_the_chosen_sources_count(modelling):
    shop(modelling, ("u1", "2026-03-01T09:00", 9))
    add_order(modelling, "u1", "2026-03-02T09:00", 9, source="till")
    add_order(modelling, "u2", "2026-03-02T09:00", 9, source="fair")

    assert rfm(modelling, "orders") == [("u1", 2), ("u2", 1)]
    assert rfm(modelling, "orders", ltv={"sources": ["till", "shop"]}) == [("u1", 2)]
    assert rfm(modelling, "orders", ltv={"sources": ["till"]}) == [("u1", 1)]


def test_days_are_those_of_the_time_zone(modelling):
    """23:30 and 00:30 UTC are two days in London and one in Tokyo."""
    shop(modelling, ("u1", "2026-03-01T23:30", 9), ("u1", "2026-03-02T00:30", 9))

    assert rfm(modelling, "x") == [("u1", 1)]
    assert rfm(modelling, "x", "age_days", timezone="Asia/Tokyo") == [("u1", 0, 29)]


def test_the_guides_columns_look_back_one_window(modelling):
    """Orders before it are left out, as the guide does: age is cut, and somebody without an order in it is 0, 0, 0."""
    shop(
        modelling,
        ("u1", "2026-01-01T09:00", 99),
        ("u1", "2026-03-02T09:00", 10),
        ("u1", "2026-03-02T10:00", 30),
        ("u1", "2026-03-30T10:00", 20),
        ("u2", "2026-03-01T09:00", 7),
    )

    rows = rfm(
        modelling,
        "guide_orders",
        "guide_days_since_last",
        "guide_days_since_first",
        "guide_mean_order",
        ltv={"guide_window_days": 30},
    )

    assert rows == [("u1", 3, 1, 29, 20.0), ("u2", 0, 0, 0, 0.0)]


def test_an_order_of_nobody_is_left_out(modelling):
    shop(modelling, (None, "2026-03-01T09:00", 9), ("u1", "2026-03-01T09:00", 9))

    assert rfm(modelling, "orders") == [("u1", 1)]
