"""The numbers and events of the audiences are settings: each moves the border of its audience, and nothing else."""

import pytest
from audiences import AS_OF, ORDER, a_project, meets
from modelling import Modelling

CART, CHECKOUT = "Product Added", "Checkout Started"
PUSH, MAIL = "Push Notification Received", "Email Delivered"
TRIAL, INSTALLED, SIGNED_UP, ONBOARDING = "Trial Started", "Application Installed", "Signed Up", "Onboarding Started"
IN_TWO_DAYS, BEFORE = "2024-06-08", "2024-06-07 23:59:59"
SCORES = [(f"b{n:02}", 0.04 * n, 0.1 * n, 10.0 * n) for n in range(21)]
"""Twenty-one buyers, b00 the lowest: their percentiles are 0, 0.05, … 1."""
EVERYBODY = {key for key, *_ in SCORES}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Of every event two people: `in`, exactly two days before `as_of`, and `out`, a second earlier."""
    project = a_project(Modelling(tmp_path_factory.mktemp("shop")))
    for event in (CART, CHECKOUT, PUSH, MAIL, TRIAL, INSTALLED, SIGNED_UP, ONBOARDING, ORDER, "Another"):
        for side, at in (("in", IN_TWO_DAYS), ("out", BEFORE)):
            project.track(event, user_id=f"{side} {event}", at=at, total=50)
    for side, at in (("in", IN_TWO_DAYS), ("out", BEFORE)):
        project.page(user_id=f"{side} page", at=at)
    for event in ("Push Notification Opened", "Email Opened", "Subscription Started"):
        received = {"P": PUSH, "E": MAIL, "S": TRIAL}[event[0]]
        project.track(received, user_id=f"opened {received}", at=BEFORE)
        project.track(event, user_id=f"opened {received}", at=BEFORE)
    return project


def met(project, key, **settings):
    """Who meets a rule with these settings; those of the test before are gone."""
    return meets(project, key, **(settings or {"include_anonymous": False}))


@pytest.mark.parametrize(
    ("key", "setting", "event"),
    [
        ("cart_abandonment", "cart_abandonment_days", CART),
        ("cart_abandonment_funnel", "cart_abandonment_funnel_days", CART),
        ("checkout_abandonment", "checkout_abandonment_days", CHECKOUT),
        ("checkout_abandonment_funnel", "checkout_abandonment_funnel_days", CHECKOUT),
        ("push_ignored", "push_ignored_days", PUSH),
        ("email_ignored", "email_ignored_days", MAIL),
        ("suppress_with_purchase", "suppress_with_purchase_days", ORDER),
        ("lookalike_app_install", "seed_days", INSTALLED),
        ("lookalike_signup", "seed_days", SIGNED_UP),
        ("accelerate_onboarding", "seed_days", ONBOARDING),
        ("accelerate_first_purchase", "seed_days", CART),
        ("nurture", "seed_days", "page"),
    ],
)
def test_a_window_of_days_begins_with_its_first_instant(shop, key, setting, event):
    assert met(shop, key, **{setting: 2}) == {f"in {event}"}
    assert met(shop, key) == {f"in {event}", f"out {event}"}


@pytest.mark.parametrize(
    ("key", "setting", "event"),
    [
        ("winback_180", "winback_180_days", ORDER),
        ("suppress_based_on_time", "suppress_based_on_time_days", ORDER),
    ],
)
def test_who_did_it_before_the_days_is_in(shop, key, setting, event):
    assert met(shop, key, **{setting: 2}) == {f"out {event}"}
    assert met(shop, key) == set()


@pytest.mark.parametrize(
    ("key", "setting", "event"),
    [
        ("one_time_purchasers", "one_time_purchasers_days", ORDER),
        ("trial_not_converted", "trial_not_converted_days", TRIAL),
    ],
)
def test_exactly_the_days_ago_is_long_enough(shop, key, setting, event):
    """None are enough for everything before `as_of`."""
    assert met(shop, key, **{setting: 2}) == {f"in {event}", f"out {event}"}
    assert met(shop, key, **{setting: 0}) == {f"in {event}", f"out {event}"}
    assert met(shop, key, **{setting: 3}) == set()


def test_re_engagement_counts_its_days_and_its_events(shop):
    known = {"re_engage_60_days": 2, "page_viewed_events": ["Another"]}

    reached = met(shop, "re_engage_60", **known)

    assert {"in page", "in Another"} & reached == set()
    assert {"out page", "out Another", f"in {CART}"} <= reached


@pytest.mark.parametrize(
    ("key", "setting", "default"),
    [
        ("cart_abandonment", "cart_events", CART),
        ("cart_abandonment_funnel", "cart_events", CART),
        ("accelerate_first_purchase", "cart_events", CART),
        ("checkout_abandonment", "checkout_events", CHECKOUT),
        ("checkout_abandonment_funnel", "checkout_events", CHECKOUT),
        ("push_ignored", "push_received_events", PUSH),
        ("email_ignored", "email_received_events", MAIL),
        ("lookalike_app_install", "app_installed_events", INSTALLED),
        ("lookalike_signup", "signed_up_events", SIGNED_UP),
        ("accelerate_onboarding", "onboarding_events", ONBOARDING),
    ],
)
def test_the_events_of_a_rule_are_those_that_the_setting_lists(shop, key, setting, default):
    """Any of them; of none nobody did one."""
    assert met(shop, key, **{setting: ["Another"]}) == {"in Another", "out Another"}
    assert met(shop, key, **{setting: ["Another", default]}) == {
        f"{side} {event}" for side in ("in", "out") for event in ("Another", default)
    }
    assert met(shop, key, **{setting: []}) == set()


def test_the_trial_is_begun_by_its_events(shop):
    """The people whose event it is are those of the default, and no others, when it is named."""
    days = {"trial_not_converted_days": 0}

    assert met(shop, "trial_not_converted", trial_started_events=["Another"], **days) == {"in Another", "out Another"}


@pytest.mark.parametrize(
    ("key", "setting", "received", "others"),
    [
        ("push_ignored", "push_opened_events", PUSH, {}),
        ("email_ignored", "email_opened_events", MAIL, {}),
        ("trial_not_converted", "subscription_started_events", TRIAL, {"trial_not_converted_days": 0}),
    ],
)
def test_what_ends_a_rule_is_what_the_setting_lists(shop, key, setting, received, others):
    """Without any such event everybody is in who began."""
    everybody = {f"in {received}", f"out {received}", f"opened {received}"}

    assert met(shop, key, **others) == everybody - {f"opened {received}"}
    assert met(shop, key, **{setting: []}, **others) == everybody
    assert met(shop, key, **{setting: ["Another"]}, **others) == everybody


@pytest.mark.parametrize("key", ["cart", "checkout"])
def test_a_funnel_waits_as_long_as_the_setting_says(modelling, key):
    """An order within the wait ends it; what is younger does not count."""
    project, began = a_project(modelling), CART if key == "cart" else CHECKOUT
    for user, at in (("ordered", "2024-06-04"), ("late", "2024-06-04"), ("young", "2024-06-07 00:00:01")):
        project.track(began, user_id=user, at=at)
    project.track(ORDER, user_id="ordered", at="2024-06-06 23:59:59", total=1)
    project.track(ORDER, user_id="late", at="2024-06-07", total=1)
    rule, wait = f"{key}_abandonment_funnel", f"{key}_abandonment_funnel_wait_days"

    assert met(project, rule, **{wait: 3}) == {"late"}
    assert met(project, rule, **{wait: 1}) == {"ordered", "late", "young"}


@pytest.mark.parametrize("key", ["cart", "checkout"])
def test_an_order_however_it_is_spelt_ends_what_it_ends(modelling, key):
    """It is told as orders are."""
    project, began = a_project(modelling), CART if key == "cart" else CHECKOUT
    for user in ("ordered", "left"):
        project.track(began, user_id=user, at="2024-06-04")
    project.track("order_completed", user_id="ordered", at="2024-06-04 10:00", total=1)

    assert met(project, f"{key}_abandonment") == {"left"}
    assert met(project, f"{key}_abandonment_funnel") == {"left"}


@pytest.mark.parametrize(
    ("key", "settings", "expected"),
    [
        ("loyalty", {"loyalty_orders": 1}, {"two", "one"}),
        ("loyalty", {"loyalty_orders": 2}, {"two"}),
        ("loyalty", {"loyalty_orders": 1, "loyalty_amount": 149.99}, {"two"}),
        ("loyalty", {"loyalty_orders": 1, "loyalty_amount": 150}, set()),
        ("loyalty", {"loyalty_orders": 1, "loyalty_days": 8}, {"one"}),
        ("coupon_loyal", {"coupon_loyal_orders": 1}, {"two", "one"}),
        ("coupon_loyal", {"coupon_loyal_orders": 1, "coupon_loyal_amount": 130}, {"two"}),
        ("coupon_loyal", {"coupon_loyal_orders": 1, "coupon_loyal_amount": 140}, set()),
        ("coupon_loyal", {"coupon_loyal_orders": 1, "coupon_loyal_days": 8}, {"one"}),
        ("winback_180_high_value", {"winback_180_days": 1, "winback_180_amount": 279.99}, {"two"}),
        ("winback_180_high_value", {"winback_180_days": 1, "winback_180_amount": 280}, set()),
        ("winback_180_other", {"winback_180_days": 1, "winback_180_amount": 280}, {"two", "one"}),
    ],
)
def test_amounts_and_numbers_of_orders_are_settings(buyers, key, settings, expected):
    """Above an amount is not the amount itself."""
    assert met(buyers, key, **settings) == expected


@pytest.fixture(scope="module")
def buyers(tmp_path_factory):
    """`two` ordered for 130 and 150, nine days ago; `one` for 120, two days ago."""
    project = a_project(Modelling(tmp_path_factory.mktemp("buyers")))
    for user, total, at in (("two", 130.0, "2024-06-01"), ("two", 150.0, "2024-06-01"), ("one", 120.0, "2024-06-08")):
        project.track(ORDER, user_id=user, total=total, at=at)
    return project


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """b20 was active two days ago, b19 a second earlier."""
    project = a_project(Modelling(tmp_path_factory.mktemp("scored")), scores=SCORES)
    project.page(user_id="b20", at=IN_TWO_DAYS)
    project.page(user_id="b19", at=BEFORE)
    project.page(user_id="b18", at=AS_OF)
    return project


@pytest.mark.parametrize(
    ("key", "settings", "expected"),
    [
        ("high_ltv", {"high_ltv_share": 0.04}, {"b20"}),
        ("high_ltv", {"high_ltv_share": 0}, set()),
        ("high_ltv", {"high_ltv_share": 1}, EVERYBODY),
        ("ready_to_buy", {"ready_to_buy_share": 0.04}, {"b20"}),
        ("ready_to_buy", {"ready_to_buy_share": 0}, set()),
        ("ready_to_buy", {"ready_to_buy_share": 1}, EVERYBODY),
        ("long_shots", {"long_shots_from": 0.5, "long_shots_to": 0.6}, {"b10", "b11"}),
        ("long_shots", {"long_shots_from": 0, "long_shots_to": 0.1}, {"b00", "b01"}),
        ("high_value_churn", {"high_value_churn_share": 0.1, "high_value_churn_p_alive": 0.8}, {"b19"}),
        ("high_value_churn", {"high_value_churn_share": 1, "high_value_churn_p_alive": 0.04}, {"b00"}),
        ("high_value_churn", {"high_value_churn_p_alive": 0}, set()),
        ("dormant", {"dormant_below": 0.1}, {"b00", "b01"}),
        ("dormant", {"dormant_below": 1, "dormant_days": 2}, EVERYBODY - {"b20"}),
        ("dormant", {"dormant_below": 0.96, "dormant_days": 3}, EVERYBODY - {"b19", "b20"}),
        ("potential_vip", {"potential_vip_days": 2}, {"b20"}),
        ("potential_vip", {"potential_vip_days": 3}, {"b19", "b20"}),
        ("potential_vip", {"potential_vip_days": 3, "high_ltv_share": 1, "ready_to_buy_share": 0.04}, {"b20"}),
    ],
)
def test_shares_and_percentiles_are_settings(scored, key, settings, expected):
    """A share of one is everybody, of nothing nobody."""
    assert met(scored, key, **settings) == expected
