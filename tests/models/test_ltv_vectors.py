"""Golden vectors L1 to L6 of lifetime value: given parameters, given people, exact results."""

import numpy as np
import pytest
from ltv_shop import CALIBRATION_END, cdnow, shop
from modelling import Modelling

from loader.models.ltv import bgnbd
from loader.models.ltv.bgnbd import Histories
from loader.models.ltv.guide import sheet_columns

SAMPLE = bgnbd.Parameters(0.2425945, 30.895217, 0.7929201, 2.4258989)
SHEET = {"r": 21.029, "alpha": 1778.373, "a": 1e-6, "b": 3.451}


def columns(*rows):
    return [np.array(column, dtype=float) for column in zip(*rows, strict=True)]


def scores(given, rows, *days):
    """P(alive), and E for each number of days."""
    x, recency, age = columns(*rows)
    alive = bgnbd.alive(given, x, recency, age)
    return alive, bgnbd.expected_if_alive(given, x, age, days)[2] * alive[:, None]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The CDNOW sample to the end of September 1997, scored 364 days ahead."""
    made = Modelling(tmp_path_factory.mktemp("sample"))
    cdnow(made, only_sample=True)
    made.run("ltv_scores", as_of=CALIBRATION_END, ltv={"horizon_days": 364})
    return made


def of_ids(sample, *names):
    """Columns of the scores of the customers 1, 2, 3 and 9 of the sample."""
    chosen = ", ".join(names)
    return sample.query(
        f"select {chosen} from models.ltv_scores join models.ltv_rfm using (canonical_segment_id) join "
        "(select distinct customer, sample_id from shop.purchases) on customer = canonical_segment_id "
        "where sample_id in ('0001', '0002', '0003', '0009') order by sample_id"
    )


def test_l1_probability_and_expectation():
    alive, orders = scores(SAMPLE, [(2, 213, 272), (1, 12, 272), (0, 0, 272), (2, 250, 272)], 273, 365)

    assert alive == pytest.approx([0.726620, 0.212391, 1, 0.784873], abs=1e-6)
    assert orders[:, 0] == pytest.approx([1.225995, 0.203419, 0.194794, 1.324282], abs=1e-6)
    assert orders[:, 1] == pytest.approx([1.562190, 0.260722, 0.252290, 1.687430], abs=1e-6)


@pytest.mark.parametrize(
    ("days", "orders"),
    [(273, [1.225995, 0.203419, 0.194794, 1.324282]), (365, [1.562190, 0.260722, 0.252290, 1.687430])],
)
def test_l1_the_same_people_scored_in_sql(sample, days, orders):
    sample.run("ltv_scores", as_of=CALIBRATION_END, ltv={"horizon_days": days})

    rows = of_ids(sample, "x", "t_x_days", "age_days", "p_alive", "expected_orders")
    assert [row[:3] for row in rows] == [(2, 213, 272), (1, 12, 272), (0, 0, 272), (2, 250, 272)]
    assert [row[3] for row in rows] == pytest.approx([0.726620, 0.212391, 1, 0.784873], rel=1e-5)
    assert [row[4] for row in rows] == pytest.approx(orders, rel=1e-5)


def test_l2_value_of_an_order_and_of_a_customer(sample):
    sample.run("ltv_scores", as_of=CALIBRATION_END, ltv={"horizon_days": 364})

    rows = of_ids(sample, "mean_repeat_order", "expected_value::double", "clv::double")

    means, values, clv = zip(*rows, strict=True)
    assert means == (pytest.approx(22.345), pytest.approx(11.77), None, pytest.approx(25.55))
    assert values == pytest.approx((24.6539, 18.9100, 35.1704, 27.2819), rel=2e-5)
    assert clv == pytest.approx((36.7480, 4.7018, 8.4547, 43.9253), rel=2e-5)


def test_l2_without_a_repeat_order_the_value_is_that_of_everybody(sample):
    ((of_everybody,),) = sample.query("select p * v / (q - 1) from models.ltv_params")

    values = sample.query(
        "select distinct expected_value::double from models.ltv_scores join models.ltv_rfm using (canonical_segment_id) "
        "where valued_repeat_days = 0"
    )

    assert of_everybody == pytest.approx(35.1704, rel=2e-5)
    assert values == [(pytest.approx(of_everybody, abs=1e-6),)]


def test_l3_people_at_the_edges_have_a_probability_and_an_expectation():
    """Bought today; five times in 100 days, just now; once again on the first day; a hundred times."""
    alive, orders = scores(SAMPLE, [(0, 0, 0), (5, 100, 100), (1, 0, 100), (100, 200, 200)], 365)

    assert alive == pytest.approx([1, 0.890159, 0.337195, 0.992243], abs=1e-6)
    assert orders[:, 0] == pytest.approx([1.446560, 7.922885, 0.804612, 104.779154], abs=2e-6)


def a_guided_shop(modelling):
    """Three customers who ordered 21, 16 and 13 times; the window of the guide ends on 2026-03-31."""
    for name, orders, last, first in (
        ("one", 21, "03-30", "2025-11-04"),
        ("two", 16, "03-29", "2025-11-22"),
        ("three", 13, "03-20", "2025-10-12"),
    ):
        rows = [
            (name, f"{first}T09:00", 33.82),
            *[(name, f"2026-{last}T1{i // 10}:0{i % 10}", 33.82) for i in range(orders - 1)],
        ]
        shop(modelling, *rows)
    modelling.run("ltv_guide_sheet", as_of="2026-04-01", ltv={"guide_compat": True, "guide_parameters": SHEET})


def test_l4_rows_of_the_guides_sheet(modelling):
    """All orders and days since the last one, as the sheet has them; its columns to the cent that it shows."""
    a_guided_shop(modelling)

    rows = modelling.query(
        "select purchases, days_since_last, days_since_first, round(ln_likelihood, 2), round(ln_a1, 2), round(ln_a3, 2), "
        "round(ln_a4, 2) from models.ltv_guide_sheet order by purchases desc"
    )

    assert rows == [
        (21, 1, 147, -88.77, 229.09, -317.86, -331.52),
        (16, 2, 129, -68.93, 210.77, -279.70, -293.88),
        (13, 11, 170, -57.66, 200.10, -257.76, -271.42),
    ]


def test_l5_the_guides_recipe_on_the_sheets_inputs(modelling):
    """3.95 orders in the next 181 days, $133.62, and $2,760.94 for ever."""
    a_guided_shop(modelling)

    (row,) = modelling.query(
        "select expected_orders, revenue::double, guide_ltv::double from models.ltv_guide_sheet where canonical_segment_id = 'one'"
    )

    assert row == (
        pytest.approx(3.951047, abs=1e-6),
        pytest.approx(133.6244, abs=5e-5),
        pytest.approx(2760.94, abs=5e-3),
    )


def test_l5_the_same_parameters_on_correct_inputs():
    """20 repeat orders, the last 146 days after the first: fewer orders, 130.4452 and 2,695.25."""
    from loader.models.ltv.grid import Outlook

    _, orders = scores(bgnbd.Parameters(**SHEET), [(20, 146, 147)], 181)
    outlook = Outlook(horizon_days=364, window_days=181, likelihood_days=30, discount_rate=0.1)

    revenue = float(orders[0, 0]) * 33.82
    assert orders[0, 0] == pytest.approx(3.857044, abs=1e-6)
    assert revenue == pytest.approx(130.4452, abs=5e-5)
    assert revenue * outlook.multiple(None) == pytest.approx(2695.25, abs=5e-3)
    assert 1 / outlook.multiple(None) == pytest.approx(0.0483981, abs=5e-8)


def test_l6_a_fit_on_the_histogram_is_the_fit_on_all_rows(sample):
    x, recency, age = columns(*sample.rows("ltv_rfm", "x", "t_x_days", "age_days"))

    by_row, _ = bgnbd.fit(Histories(x, recency, age, np.ones(x.size)))

    ((r, alpha, a, b),) = sample.rows("ltv_params", "r", "alpha", "a", "b")
    assert (r, alpha, a, b) == pytest.approx((by_row.r, by_row.alpha, by_row.a, by_row.b), rel=1e-6)


def test_terms_of_the_sheet_make_its_likelihood():
    """ln L = ln A1 + ln A2 + ln(A3 + A4), the likelihood that the fit maximises."""
    x, last, first = columns((21, 1, 147), (3, 40, 60))
    given = bgnbd.Parameters(1.5, 40.0, 0.6, 2.0)

    made = sheet_columns(given, x, last, first)

    likelihood = bgnbd.log_likelihood(given, Histories(x, last, first, np.ones(2)))
    assert made["ln_likelihood"] == pytest.approx(likelihood, rel=1e-12)
    assert made["ln_a1"] + made["ln_a2"] + np.logaddexp(made["ln_a3"], made["ln_a4"]) == pytest.approx(
        likelihood, rel=1e-12
    )
