"""What holds for any touches, orders and refunds: nothing is lost, nothing counted twice, order of arrival is nothing."""

import random

import pytest

SEEDS = range(4)
CHANNELS = ("email", "display", "news", "direct", "paid-social")
DAY = 86400


def a_shop(seed):
    """Calls of a small shop, as (kind, columns). In every other one many touches are of the same instant."""
    chance = random.Random(seed)
    calls = []
    same_instant = seed % 2 == 0
    for number in range(150):
        at = chance.randrange(0, 60) * DAY + (0 if same_instant else number)
        calls.append(
            (
                "page",
                {"id": f"p{number}", "user_id": f"u{chance.randrange(12)}", "at": at}
                | {
                    "context_campaign_medium": chance.choice(CHANNELS),
                    "context_campaign_name": chance.choice(("x", "y", None)),
                },
            )
        )
    for number in range(40):
        user = chance.choice([None, *(f"u{n}" for n in range(12))])
        columns = {
            "id": f"o{number}",
            "order_id": f"order{number % 35}",
            "user_id": user,
            "at": chance.randrange(0, 60) * DAY,
        }
        calls.append(
            ("Order Completed", columns | {"total": chance.choice((0.01, 0.02, 0.07, 10.0, 99.99, 0.0, -3.33))})
        )
    for number in range(25):
        columns = {"id": f"r{number}", "order_id": f"order{chance.randrange(40)}", "at": chance.randrange(0, 80) * DAY}
        calls.append(("Order Refunded", columns | {"total": chance.choice((0.01, 0.03, 5.0, 33.33, None))}))
    for number in range(4):
        columns = {"id": f"c{number}", "order_id": f"order{chance.randrange(40)}", "at": chance.randrange(0, 80) * DAY}
        calls.append(("Order Cancelled", columns))
    return calls


def made(modelling, calls, **attribution):
    for kind, columns in calls:
        modelling.page(**columns) if kind == "page" else modelling.track(kind, **columns)
    attribution = {"markov_min_conversions": 0, **attribution}
    modelling.run("attribution_summary", as_of="2026-06-30", attribution=attribution)


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
    from modelling import Modelling

    calls = a_shop(seed)
    shuffled = random.Random(seed + 100).sample(calls, len(calls))
    results = []
    for each in (calls, shuffled):
        modelling = Modelling(tmp_path_factory.mktemp("shop"))
        made(modelling, each, refund_basis="event_date")
        results.append([modelling.rows(table) for table in ("orders", "touches", "attribution", "attribution_summary")])

    assert results[0] == results[1]
