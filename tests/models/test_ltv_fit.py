"""The fit: gradients, exactness, what happens where nothing can be fitted, and what the settings do."""

import random
from datetime import date

import mpmath
import numpy as np
import pytest
from ltv_shop import shop
from modelling import Modelling

from loader.models.ltv import bgnbd, gamma_gamma
from loader.models.ltv.bgnbd import Histories
from loader.models.ltv.grid import Outlook, make_grid
from loader.models.ltv.likelihood import FitError
from loader.models.ltv.series import gauss_series
from loader.models.ltv.sums import OrderSums, SpendingSums

GIVEN = bgnbd.Parameters(0.24, 30.9, 0.79, 2.43)
HISTORIES = Histories(*(np.array(each, dtype=float) for each in zip(*[(0, 0, 90, 5), (2, 40, 90, 3), (1, 3, 60, 2), (30, 80, 81, 1), (4, 50, 50, 1)], strict=True)))  # fmt: skip
SPENDING = gamma_gamma.Spending(np.array([1.0, 2, 9]), np.array([22.5, 11.0, 70.25]), np.array([4.0, 2, 1]))


def numeric_gradient(function, values):
    """Central differences, step relative."""
    slopes = []
    for place, value in enumerate(values):
        step = 1e-6 * value
        up, down = list(values), list(values)
        up[place], down[place] = value + step, value - step
        slopes.append((function(*up) - function(*down)) / (2 * step))
    return slopes


def test_the_gradient_of_bgnbd_is_that_of_its_likelihood():
    def likelihood(*values):
        return float(bgnbd.log_likelihood(bgnbd.Parameters(*values), HISTORIES) @ HISTORIES.people)

    slopes = numeric_gradient(likelihood, (GIVEN.r, GIVEN.alpha, GIVEN.a, GIVEN.b))

    total, gradient = OrderSums(HISTORIES)(np.array([GIVEN.r, GIVEN.alpha, GIVEN.a, GIVEN.b]))
    assert total == pytest.approx(likelihood(GIVEN.r, GIVEN.alpha, GIVEN.a, GIVEN.b), rel=1e-13)
    assert gradient == pytest.approx(slopes, rel=1e-6, abs=1e-7)


def test_people_who_all_stop_alike_are_fitted():
    """a and b are then so large that their gamma functions have no digits left for what an order adds."""
    alike = [(0, 0, 90, 30), (1, 10, 90, 20), (1, 60, 90, 8), (2, 30, 90, 10), (3, 40, 90, 5)]

    parameters, fit = bgnbd.fit(Histories(*(np.array(each, dtype=float) for each in zip(*alike, strict=True))))

    assert fit.converged
    assert parameters.a / (parameters.a + parameters.b) == pytest.approx(0.6031, abs=1e-3)


def test_the_gradient_of_gamma_gamma_is_that_of_its_likelihood():
    def likelihood(*values):
        return float(gamma_gamma.log_likelihood(gamma_gamma.Parameters(*values), SPENDING) @ SPENDING.people)

    slopes = numeric_gradient(likelihood, (6.25, 3.74, 15.44))

    total, gradient = SpendingSums(SPENDING)(np.array([6.25, 3.74, 15.44]))
    assert total == pytest.approx(likelihood(6.25, 3.74, 15.44), rel=1e-13)
    assert gradient == pytest.approx(slopes, rel=1e-6, abs=1e-7)


def test_a_subscription_of_two_prices_is_fitted():
    """Nobody pays now more and now less: p is as large as it may be, which is said, and no reason to have no values."""
    plans = [(1, 9.99, 100), (1, 19.99, 40), (2, 9.99, 30), (2, 19.99, 20), (5, 9.99, 5)]

    given, fit = gamma_gamma.fit(gamma_gamma.Spending(*(np.array(each, float) for each in zip(*plans, strict=True))))

    assert (fit.converged, fit.at_bound) == (True, True)
    of_known = given.p * (given.v + 5 * 9.99) / (given.p * 5 + given.q - 1)
    assert of_known == pytest.approx(9.99, abs=1e-3)
    of_new = given.p * given.v / (given.q - 1)
    assert of_new == pytest.approx(12.99, abs=0.01)


@pytest.mark.parametrize("x", [0, 1, 7, 29, 250])
@pytest.mark.parametrize("ahead", [1, 90, 364, 3650])
def test_expected_orders_are_the_textbooks_with_forty_digits(x, ahead):
    """The textbook's formula as it is printed, in arithmetic that can afford it."""
    age = 400.0
    _, _, found = bgnbd.expected_if_alive(GIVEN, np.array([float(x)]), np.array([age]), [ahead])

    with mpmath.workdps(40):
        r, alpha, a, b = map(mpmath.mpf, (GIVEN.r, GIVEN.alpha, GIVEN.a, GIVEN.b))
        z = ahead / (alpha + age + ahead)
        series = mpmath.hyp2f1(r + x, b + x, a + b + x - 1, z)
        exact = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + ahead)) ** (r + x) * series)
    assert found[0, 0] == pytest.approx(float(exact), rel=1e-9)


@pytest.mark.parametrize(
    ("r", "alpha", "a", "b", "x", "age", "ahead", "orders"),
    [
        (20, 600, 0.8, 2.4, 5, 300, 364, 7.0180070308563036),
        (140, 1800, 1.02, 0.03, 1, 700, 1800, 5.1196170705498167),
        (3200, 81000, 0.015, 0.001, 3, 700, 1800, 68.007913696839586),
        (942658, 942658, 10664, 0.0001, 1, 3, 364, 1.000093791615868),
    ],
)
def test_people_who_order_alike_have_expected_orders(r, alpha, a, b, x, age, ahead, orders):
    """A large r, as of subscriptions: the value is the textbook's, added up in sixty digits."""
    given = bgnbd.Parameters(r, alpha, a, b)
    _, _, found = bgnbd.expected_if_alive(given, np.array([float(x)]), np.array([float(age)]), [ahead])

    assert found[0, 0] == pytest.approx(orders, rel=1e-10)


@pytest.mark.parametrize("a", [1.0, 1 + 1e-7, 1 - 1e-7])
def test_expected_orders_are_continuous_where_their_formula_divides_by_zero(a):
    """a = 1 is a removable singularity."""
    x, age = np.array([3.0]), np.array([100.0])
    at = bgnbd.expected_if_alive(bgnbd.Parameters(0.5, 20, a, 2), x, age, [90])[2]
    near = bgnbd.expected_if_alive(bgnbd.Parameters(0.5, 20, 1.0001, 2), x, age, [90])[2]

    assert at == pytest.approx(near, rel=1e-3)


def test_a_series_that_does_not_converge_is_an_error_and_no_number():
    with pytest.raises(FitError, match="1 value with more than 5000 terms"):
        gauss_series(*np.array([[-0.2, -0.2], [2.0, 2.0], [2.2, 2.2], [0.5, 0.999999]]))


def test_money_of_later_weeks_is_worth_less_and_the_last_step_may_be_short():
    """Ten days ahead are a step of seven days and one of three, each paid at its end."""
    outlook = Outlook(horizon_days=10, window_days=181, likelihood_days=30, discount_rate=0.1)
    x, age = np.array([1.0]), np.array([50.0])

    grid = make_grid(GIVEN, x, age, outlook)

    seven, ten = bgnbd.expected_if_alive(GIVEN, x, age, [7, 10])[2][0]
    assert grid.expected == pytest.approx([ten])
    assert grid.discounted == pytest.approx([seven * 1.1 ** (-7 / 365) + (ten - seven) * 1.1 ** (-10 / 365)])


@pytest.mark.parametrize(
    ("rate", "periods", "multiple"),
    [(0.1, None, 20.6620), (0.1, 1, 0.953836), (0.1, 4, 3.558894), (0.0, 4, 4.0), (0.0, None, None)],
)
def test_the_multiple_of_the_guide_is_an_annuity(rate, periods, multiple):
    """A window of 181 days at 10 % a year; without an end and discount there is no value."""
    found = Outlook(horizon_days=364, window_days=181, likelihood_days=30, discount_rate=rate).multiple(periods)

    assert found == (multiple if multiple is None else pytest.approx(multiple, rel=1e-4))


# Where nothing can be fitted ---------------------------------------------------------------------------------


def a_small_shop(modelling: Modelling, people: int, is_wild: bool = False) -> None:
    """People who order as BG/NBD and Gamma-Gamma say, from autumn 2025 to the end of March 2026.

    Wild: one person's orders are worth cents, another's millions.
    """
    chance = random.Random(1)
    start, end = date(2025, 10, 1).toordinal(), date(2026, 3, 31).toordinal()
    orders = []
    for person in range(people):
        daily, leaves = chance.gammavariate(0.8, 1 / 20), chance.betavariate(0.8, 2.5)
        scale = 10 ** -chance.uniform(-1, 6) if is_wild else chance.gammavariate(4, 1 / 15)
        first = day = start + chance.randint(0, 90)
        while day <= end:
            worth = chance.gammavariate(6, 1 / scale)
            orders.append((f"u{person:03}", date.fromordinal(int(day)).isoformat(), worth))
            if day != first and chance.random() < leaves:
                break
            day += max(1.0, chance.expovariate(daily)) if daily > 1e-6 else 1e6
    shop(modelling, *orders)


def problems(modelling):
    return modelling.rows("ltv_params", "problem", "value_problem")[0]


def test_without_orders_there_are_no_scores_and_no_complaint(modelling):
    """A project that sells nothing runs through; `ltv_params` says why its scores are empty."""
    result = modelling.run(
        "ltv_scores", "ltv_holdout", "ltv_guide_sheet", as_of="2026-04-01", ltv={"guide_compat": True}
    )

    assert problems(modelling)[0].startswith("0 of 0 people with an order ordered on a second day")
    assert [modelling.rows(f"ltv_{table}") for table in ("scores", "holdout", "guide_sheet", "grid")] == [
        [],
        [],
        [],
        [],
    ]
    assert [check.name for check in result.checks if not check.passed] == []


def test_too_few_repeat_buyers_give_a_reason_and_no_scores(modelling):
    """The run ends well and warns."""
    a_small_shop(modelling, 20)

    result = modelling.run("ltv_scores", as_of="2026-04-01")

    assert problems(modelling)[0] == (
        "16 of 20 people with an order ordered on a second day; models.ltv.minimum_repeat_buyers asks for 20"
    )
    assert modelling.rows("ltv_scores") == []
    assert [check.name for check in result.checks if not check.passed] == ["orders_fitted"]


def test_values_that_vary_too_much_leave_orders_scored_and_their_value_empty(modelling):
    """q <= 1: the mean over people would be infinite. P(alive) and expected orders do not depend on it."""
    a_small_shop(modelling, 125, is_wild=True)

    result = modelling.run("ltv_scores", as_of="2026-04-01")

    problem, value_problem = problems(modelling)
    assert problem is None
    assert "q <= 1" in value_problem
    assert "models.ltv.minimum_q" in value_problem
    (counts,) = modelling.query(
        "select count(*), count(p_alive), count(expected_orders), count(clv), count(rank) from models.ltv_scores"
    )
    assert counts == (125, 125, 125, 0, 0)
    assert "values_fitted" in [check.name for check in result.checks if not check.passed]


def test_a_lower_bound_of_q_gives_such_data_a_value_and_says_that_it_is_bound(modelling):
    a_small_shop(modelling, 125, is_wild=True)

    modelling.run("ltv_scores", as_of="2026-04-01", ltv={"minimum_q": 1.1})

    assert modelling.rows("ltv_params", "q", "value_at_bound") == [(pytest.approx(1.1), True)]
    assert modelling.query("select count(clv) from models.ltv_scores") == [(125,)]


# Scores ------------------------------------------------------------------------------------------------------


def test_ranks_are_a_total_order_and_deciles_are_tenths_of_it(modelling):
    """Equal values are in the order of profiles."""
    a_small_shop(modelling, 125)

    modelling.run("ltv_scores", as_of="2026-04-01")

    rows = modelling.rows("ltv_scores", "rank", "decile", "clv", "canonical_segment_id", order="rank")
    assert [row[0] for row in rows] == list(range(1, 126))
    assert rows == sorted(rows, key=lambda row: (-row[2], row[3]))
    assert [sum(row[1] == decile for row in rows) for decile in range(1, 11)] == [13] * 5 + [12] * 5


def test_the_margin_scales_the_value_of_customers_only(modelling):
    a_small_shop(modelling, 125)
    modelling.run("ltv_scores", as_of="2026-04-01")
    (full,) = modelling.query(
        "select sum(clv)::double, sum(expected_value), sum(expected_orders) from models.ltv_scores"
    )

    modelling.run("ltv_scores", as_of="2026-04-01", ltv={"margin": 0.25})

    (part,) = modelling.query(
        "select sum(clv)::double, sum(expected_value), sum(expected_orders) from models.ltv_scores"
    )
    assert part == (pytest.approx(full[0] / 4, rel=1e-6), full[1], full[2])


def test_scores_do_not_depend_on_the_order_of_rows(modelling):
    """The same orders stored the other way round: the same run, to the last digit."""
    a_small_shop(modelling, 125)
    modelling.run("ltv_scores", as_of="2026-04-01")
    before = modelling.rows("ltv_scores"), modelling.rows("ltv_params")
    modelling.change("create or replace table shop.purchases as select * from shop.purchases order by order_key desc")

    modelling.run("ltv_scores", as_of="2026-04-01")

    assert (modelling.rows("ltv_scores"), modelling.rows("ltv_params")) == before


def test_the_holdout_knows_nothing_of_what_it_is_compared_with(modelling):
    """People without an order up to the calibration are not in it; orders after it do not move what is expected."""
    a_small_shop(modelling, 125)
    settings = {"as_of": "2026-04-01", "ltv": {"holdout_days": 60}}
    modelling.run("ltv_holdout", **settings)
    (before,) = modelling.query("select sum(expected_orders), sum(actual_orders), sum(people) from models.ltv_holdout")
    shop(modelling, ("u000", "2026-02-01", 5), ("new", "2026-02-01", 5), ("new", "2026-02-09", 5))

    modelling.run("ltv_holdout", **settings)

    (after,) = modelling.query("select sum(expected_orders), sum(actual_orders), sum(people) from models.ltv_holdout")
    assert after == (pytest.approx(before[0], rel=1e-12), before[1] + 1, before[2])
    assert modelling.query("select distinct calibrated_to, compared_to from models.ltv_holdout") == [
        (date(2026, 1, 30), date(2026, 3, 31))
    ]


def test_the_sheet_of_the_guide_is_fitted_to_its_own_inputs_when_no_parameters_are_given(modelling):
    """Other parameters than those of the scores, and said so."""
    a_small_shop(modelling, 125)

    modelling.run("ltv_guide_sheet", as_of="2026-04-01", ltv={"guide_compat": True})

    ((r, guide_r, problem),) = modelling.rows("ltv_params", "r", "guide_r", "guide_problem")
    assert (problem, guide_r != r) == (None, True)
    assert modelling.query("select count(*) from models.ltv_guide_sheet") == [(125,)]


@pytest.mark.postgres
def test_scores_are_the_same_in_postgres(modelling, postgres):
    """What is SQL: days, histories and scores, by the parameters that DuckDB's run fitted."""
    a_small_shop(modelling, 125)
    modelling.run("ltv_scores", as_of="2026-04-01")

    modelling.sources["shop"] = None
    assert postgres.differences(modelling, "ltv_order_days", "ltv_rfm", "ltv_scores") == []
