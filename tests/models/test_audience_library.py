"""The audiences of the library: who meets each rule, at its borders. `as_of` is 2024-06-10 00:00.

Windows begin with their lower bound and end before `as_of`.
"""

import pytest
from audiences import AS_OF, ORDER, PRODUCT_ADDED, a_project, meets, members

from loader.errors import ConfigError


@pytest.fixture
def shop(modelling):
    return a_project(modelling)


def events(project, name, *who_and_when, **properties):
    """One event each of (user, time)."""
    for user, at in who_and_when:
        project.track(name, user_id=user, at=at, **properties)


def orders(project, user, *totals, at="2024-06-01"):
    for total in totals:
        project.track(ORDER, user_id=user, at=at, total=total)


def test_q1_cart_abandonment_and_its_funnel(shop):
    """The order at any time in the week ends the plain form; in the funnel each added product needs an order of its own."""
    events(shop, PRODUCT_ADDED, ("u1", "2024-06-05"), ("u2", "2024-06-05 10:00"), ("u3", "2024-06-01"))
    events(shop, PRODUCT_ADDED, ("u4", "2024-06-04 10:00"), ("u4", "2024-06-08 10:00"))
    events(shop, ORDER, ("u2", "2024-06-06 09:00"), ("u4", "2024-06-05 09:00"), ("u5", "2024-06-09"))

    assert members(shop, "cart_abandonment") == {"u1"}
    assert members(shop, "cart_abandonment_funnel") == {"u1", "u4"}


def test_q3_coupon_loyal_as_ours_and_as_in_customer_io_and_amplitude(shop):
    """Three readings of the same rule are parameters of one audience."""
    orders(shop, "X", 25, 10)
    orders(shop, "Y", 20, 5, 5)
    orders(shop, "Z", 30, 5, 5)
    orders(shop, "W", 21, 22, 23)

    assert members(shop, "coupon_loyal") == {"W"}
    customer_io = {"coupon_loyal_orders": 2, "coupon_loyal_rule": "any_above"}
    assert meets(shop, "coupon_loyal", **customer_io) == {"X", "Z", "W"}
    amplitude = {"coupon_loyal_orders": 3, "coupon_loyal_rule": "any_at_least"}
    assert meets(shop, "coupon_loyal", **amplitude) == {"Y", "Z", "W"}


@pytest.mark.parametrize(
    ("key", "began"), [("cart_abandonment", PRODUCT_ADDED), ("checkout_abandonment", "Checkout Started")]
)
def test_an_abandonment_is_seven_days_old_at_most(shop, key, began):
    """An event at the lower bound counts, one at `as_of` does not; an order at the lower bound ends it."""
    events(shop, began, ("first", "2024-06-03"), ("too_old", "2024-06-02 23:59:59"), ("too_new", AS_OF))
    events(shop, began, ("ordered", "2024-06-05"))
    events(shop, ORDER, ("ordered", "2024-06-03"), ("first", AS_OF))

    assert meets(shop, key) == {"first"}


@pytest.mark.parametrize(
    ("key", "began"),
    [("cart_abandonment_funnel", PRODUCT_ADDED), ("checkout_abandonment_funnel", "Checkout Started")],
)
def test_a_funnel_waits_a_day_for_an_order(shop, key, began):
    """An order exactly a day later is too late, and an instance exactly a day old counts already."""
    events(shop, began, *((user, "2024-06-05 10:00") for user in ("at_once", "in_time", "late", "before")))
    events(shop, began, ("a_day_old", "2024-06-09"), ("younger", "2024-06-09 00:00:01"))
    events(shop, ORDER, ("at_once", "2024-06-05 10:00"), ("in_time", "2024-06-06 09:59:59"))
    events(shop, ORDER, ("late", "2024-06-06 10:00"), ("before", "2024-06-05 09:59:59"))

    assert meets(shop, key) == {"late", "before", "a_day_old"}


@pytest.mark.parametrize(
    ("key", "received", "opened"),
    [
        ("push_ignored", "Push Notification Received", "Push Notification Tapped"),
        ("email_ignored", "Email Delivered", "Email Opened"),
    ],
)
def test_what_was_received_and_never_opened_was_ignored(shop, key, received, opened):
    events(shop, received, ("first", "2024-06-03"), ("too_old", "2024-06-02 23:59:59"), ("opened", "2024-06-04"))
    events(shop, opened, ("opened", "2024-06-03"), ("first", AS_OF))

    assert meets(shop, key) == {"first"}


def test_one_time_purchasers_had_fourteen_days_for_a_second_order(shop):
    """An order that was taken back is none."""
    orders(shop, "on_the_day", 10, at="2024-05-27")
    orders(shop, "too_new", 10, at="2024-05-27 00:00:01")
    orders(shop, "twice", 10, 10, at="2024-01-01")
    orders(shop, "one_left", 10, at="2024-01-01")
    shop.track(ORDER, user_id="one_left", at="2024-01-02", total=10, coupon="cancelled")

    assert meets(shop, "one_time_purchasers") == {"on_the_day", "one_left"}


def test_loyalty_needs_three_orders_above_a_hundred_in_thirty_days(shop):
    """Exactly a hundred is not above."""
    orders(shop, "loyal", 100.01, 200, 300, at="2024-05-11")
    orders(shop, "too_small", 100, 200, 300, at="2024-05-11")
    orders(shop, "too_old", 200, 200, at="2024-05-11")
    orders(shop, "too_old", 200, at="2024-05-10 23:59:59")
    orders(shop, "too_new", 200, 200, at="2024-06-01")
    orders(shop, "too_new", 200, at=AS_OF)

    assert meets(shop, "loyalty") == {"loyal"}


def test_coupon_loyal_looks_at_thirty_days(shop):
    """An average of exactly the amount is not above it."""
    orders(shop, "first", 21, 21, 21, at="2024-05-11")
    orders(shop, "too_old", 21, 21, at="2024-05-11")
    orders(shop, "too_old", 21, at="2024-05-10 23:59:59")
    orders(shop, "exactly", 10, 20, 30)

    assert meets(shop, "coupon_loyal") == {"first"}


def test_a_half_of_coupon_loyal_gets_no_coupon(shop):
    """Nobody is in both halves, and none is nearly empty."""
    for number in range(60):
        orders(shop, f"u{number}", 30, 30, 30)
    whole = {f"u{number}" for number in range(60)}

    offer, holdout = meets(shop, "coupon_loyal_offer"), meets(shop, "coupon_loyal_holdout")

    assert (offer | holdout, offer & holdout) == (whole, set())
    assert 15 < len(offer) < 45


def test_winback_is_for_buyers_without_an_order_in_180_days(shop):
    """The last order at the lower bound of the window is in it."""
    orders(shop, "in_window", 10, at="2023-12-13")
    orders(shop, "gone", 10, at="2023-12-12 23:59:59")
    shop.page(user_id="never", at="2024-01-01")

    assert meets(shop, "winback_180") == {"gone"}


def test_winback_is_split_at_a_hundred(shop):
    """What was paid back does not count."""
    orders(shop, "high", 60, 40.01, at="2023-01-01")
    orders(shop, "exactly", 60, 40, at="2023-01-01")
    shop.track(ORDER, user_id="refunded", at="2023-01-01", total=150, discount=50)

    assert meets(shop, "winback_180_high_value") == {"high"}
    assert meets(shop, "winback_180_other") == {"exactly", "refunded"}


def test_re_engage_is_for_who_viewed_no_page_in_sixty_days(shop):
    """Other activity does not count, a track event that stands for a page view does."""
    shop.page(user_id="in_window", at="2024-04-11")
    shop.page(user_id="gone", at="2024-04-10 23:59:59")
    shop.page(user_id="after", at=AS_OF)
    events(shop, "Page Viewed", ("tracked", "2024-06-01"))
    events(shop, PRODUCT_ADDED, ("other", "2024-06-01"))

    assert meets(shop, "re_engage_60") == {"gone", "after", "other"}


SCORES = [(f"b{n:02}", 0.04 * n, 0.1 * n, 10.0 * n) for n in range(21)]
"""Twenty-one buyers, b00 the lowest: their percentiles are 0, 0.05, … 1."""


@pytest.fixture
def scored(modelling):
    return a_project(modelling, scores=SCORES)


def test_likelihood_is_a_probability_with_percentiles(modelling):
    """1 - exp(-orders expected soon); of two alike, the smaller id is higher."""
    project = a_project(modelling, scores=[("a", 1, 0.5, 10), ("b", 1, 0.5, 10), ("c", 1, 0, 5)])

    project.run("audience_likelihood")

    rows = project.rows("audience_likelihood", "canonical_segment_id", "likelihood", "likelihood_percentile")
    assert rows == [("a", pytest.approx(0.393469), 1.0), ("b", pytest.approx(0.393469), 0.5), ("c", 0.0, 0.0)]


def test_dormant_buyers_did_nothing_for_sixty_days_and_are_unlikely_to_order(scored):
    """b00 to b04 are below the 25th percentile."""
    scored.page(user_id="b01", at="2024-04-11")
    scored.page(user_id="b02", at="2024-04-10 23:59:59")

    assert meets(scored, "dormant") == {"b00", "b02", "b03", "b04"}


def test_a_potential_vip_is_active_valuable_and_likely_to_order(scored):
    """b19 and b20 are valuable enough."""
    scored.page(user_id="b20", at="2024-05-27")
    scored.page(user_id="b19", at="2024-05-26 23:59:59")
    scored.page(user_id="b18", at="2024-06-01")

    assert meets(scored, "potential_vip") == {"b20"}


def test_high_ltv_is_the_top_tenth_by_predicted_value(scored):
    """Two of twenty-one: the one at exactly 90 % is out."""
    assert meets(scored, "high_ltv") == {"b19", "b20"}


def test_buyers_without_a_predicted_value_are_among_none_that_are_told_by_it(modelling):
    """Where values could not be fitted nobody has one; nor does a value count against those who have none."""
    without = [(key, p_alive, soon, None) for key, p_alive, soon, _ in SCORES]
    project = a_project(modelling, scores=[*without, ("c1", 0.1, 1, 10), ("c2", 0.1, 1, 20)])

    assert meets(project, "high_ltv") == {"c2"}
    assert meets(project, "high_value_churn") == {"c2"}
    assert meets(a_project(modelling, scores=without), "high_ltv") == set()


def test_a_seed_for_lookalikes_needs_an_address_and_consent(modelling):
    project = a_project(
        modelling,
        scores=SCORES,
        identifiers=[("b19", "email", "b19@example.com"), ("b20", "email", "b20@example.com")],
        traits=[("b19", "marketing_consent", "true"), ("b20", "marketing_consent", "false")],
    )

    assert meets(project, "lookalike_high_value") == {"b19"}
    assert meets(project, "lookalike_high_value", high_ltv_share=0.02, consent_trait="newsletter") == set()


def test_ready_to_buy_is_the_top_fifth_by_likelihood(scored):
    assert meets(scored, "ready_to_buy") == {"b17", "b18", "b19", "b20"}


def test_long_shots_are_between_the_25th_and_the_65th_percentile(scored):
    """The lower bound is in, the upper is out."""
    assert meets(scored, "long_shots") == {f"b{n:02}" for n in range(5, 13)}


def test_high_value_churn_has_probably_left(modelling):
    """Exactly one half is not below it."""
    project = a_project(modelling, scores=[*SCORES[:19], ("b19", 0.5, 1, 190), ("b20", 0.49, 1, 200)])

    assert meets(project, "high_value_churn") == {"b20"}


def test_a_purchase_suppresses_for_thirty_days(shop):
    orders(shop, "first", 10, at="2024-05-11")
    orders(shop, "too_old", 10, at="2024-05-10 23:59:59")
    orders(shop, "too_new", 10, at=AS_OF)

    assert meets(shop, "suppress_with_purchase") == {"first"}


@pytest.mark.parametrize("key", ["cart_abandonmnt", "big_accounts"])
def test_the_ad_audience_is_an_audience_of_profiles(shop, key):
    of_accounts = {"level": "account", "description": "d", "all": [{"event": "Order Completed", "users": "any"}]}
    shop.settings["audiences"] = {"suppress_based_on_time_audience": key, "custom": {"big_accounts": of_accounts}}

    with pytest.raises(ConfigError, match=f"there is no audience of profiles '{key}'") as error:
        shop.run("audience_suppress_based_on_time")

    assert error.value.where == "models.audiences.suppress_based_on_time_audience"


def test_time_suppresses_who_was_in_the_ad_audience_or_ordered_thirty_days_ago(shop):
    """The time in the audience is what the runs recorded: whoever is in for exactly thirty days is not suppressed yet."""
    shop.settings["audiences"] = {"cart_abandonment_days": 90}
    events(shop, PRODUCT_ADDED, ("long_in", "2024-05-08"))
    orders(shop, "ordered", 10, at="2024-05-10 23:59:59")
    orders(shop, "ordered_later", 10, at="2024-05-11")
    shop.run("audience_suppress_based_on_time", as_of="2024-05-11")

    shop.run("audience_suppress_based_on_time", as_of="2024-06-10")
    assert {who for (who, *_) in shop.rows("audience_suppress_based_on_time")} == {"ordered"}

    shop.run("audience_suppress_based_on_time", as_of="2024-06-10 00:00:01")
    assert {who for (who, *_) in shop.rows("audience_suppress_based_on_time")} == {
        "ordered",
        "ordered_later",
        "long_in",
    }


def test_a_trial_of_five_days_without_a_subscription_did_not_convert(shop):
    events(shop, "Trial Started", ("five", "2024-06-05"), ("less", "2024-06-05 00:00:01"), ("won", "2024-06-01"))
    events(shop, "Subscription Started", ("won", "2024-06-09 23:59:59"), ("five", AS_OF))

    assert meets(shop, "trial_not_converted") == {"five"}


@pytest.mark.parametrize(
    ("key", "event"),
    [
        ("lookalike_app_install", "Application Installed"),
        ("lookalike_signup", "Signed Up"),
        ("accelerate_onboarding", "Onboarding Started"),
    ],
)
def test_a_seed_is_who_did_it_in_ninety_days(shop, key, event):
    events(shop, event, ("first", "2024-03-12"), ("too_old", "2024-03-11 23:59:59"), ("too_new", AS_OF))

    assert meets(shop, key) == {"first"}


def test_a_first_purchase_is_accelerated_for_carts_of_who_never_ordered(shop):
    events(shop, PRODUCT_ADDED, ("first", "2024-03-12"), ("too_old", "2024-03-11 23:59:59"), ("buyer", "2024-06-01"))
    orders(shop, "buyer", 10, at="2023-01-01")

    assert meets(shop, "accelerate_first_purchase") == {"first"}


def test_visitors_who_never_ordered_are_nurtured(shop):
    shop.page(user_id="first", at="2024-03-12")
    shop.screen(user_id="app", at="2024-06-01")
    shop.page(user_id="too_old", at="2024-03-11 23:59:59")
    shop.page(user_id="buyer", at="2024-06-01")
    orders(shop, "buyer", 10, at="2023-01-01")

    assert meets(shop, "nurture") == {"first", "app"}


def test_upsell_is_for_buyers_with_a_cart_after_their_last_order(shop):
    """A cart at the instant of the order belongs to it."""
    for user in ("again", "at_once", "before"):
        orders(shop, user, 10, at="2024-06-05")
    events(shop, PRODUCT_ADDED, ("again", "2024-06-05 00:00:01"), ("at_once", "2024-06-05"), ("before", "2024-06-04"))
    events(shop, PRODUCT_ADDED, ("never", "2024-06-06"))

    assert meets(shop, "upsell") == {"again"}
