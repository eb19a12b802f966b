"""What holds for any touches, orders and refunds: nothing is lost, nothing counted twice, order of arrival is nothing."""

import random

import pytest
from modelling import Modelling
from money import a_shop, made

SEEDS = range(4)


@pytest.mark.parametrize("basis", ["order_date", "event_date"])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_order_is_attributed_to_the_cent_in_every_model(modelling, seed, basis):
    """Over its order and refund rows, an order has its net value in each model; the checks of the models pass as well."""
    made(modelling, a_shop(seed), refund_basis=basis)

    wrong = modelling.query(
        "select m.model, o.order_key, o.net, coalesce(sum(a.revenue), 0) from models.orders as o "
        "cross join (values ('first'), ('last'), ('last_non_direct'), ('linear'), ('position'), ('time_decay'), "
        "('markov'), ('shapley')) as m(model) "
        "left join models.attribution as a on a.order_key = o.order_key and a.model = m.model "
        "group by all having coalesce(sum(a.revenue), 0) <> o.net"
    )
    assert wrong == []
    assert modelling.query("select count(*) from models.attribution where revenue <> round(revenue, 2)") == [(0,)]
    (orders,) = modelling.query("select count(*) filter (not is_removed) from models.orders")[0]
    totals = modelling.query("select round(orders, 6) from models.attribution_summary where dimension = 'all'")
    assert totals == [(orders,)] * 8


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_in_which_calls_were_loaded_changes_nothing(tmp_path_factory, seed):
    """The same calls, written in another order."""
    calls = a_shop(seed)
    shuffled = random.Random(seed + 100).sample(calls, len(calls))
    results = []
    for each in (calls, shuffled):
        modelling = Modelling(tmp_path_factory.mktemp("shop"))
        made(modelling, each, refund_basis="event_date")
        results.append([modelling.rows(table) for table in ("orders", "touches", "attribution", "attribution_summary")])

    assert results[0] == results[1]
