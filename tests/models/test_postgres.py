"""The rendered SQL, run by Postgres: the same rows as DuckDB's."""

import pytest
from modelling import a_model
from money import a_shop, made

pytestmark = pytest.mark.postgres


@pytest.fixture
def shop(modelling):
    """Calls of two sources with what is hard to render: variants, missing values, odd texts."""
    modelling.page(anonymous_id="a1", name="Ho'me", url="https://x.example/?a=1")
    modelling.page(anonymous_id="Ä1", name=None, timestamp=None, source="shop")
    modelling.track("Order Completed", user_id="u1", total=25.5, at="2026-03-02 23:30:00.123456")
    modelling.track("Order Completed", user_id="u2", total=None, total__v_text=" 3.50 ", source="shop")
    modelling.track("Order Completed", user_id="u2", total=None, total__v_text="N/A")
    modelling.track("Order Completed", user_id="u3", total=None, total__v_text="1e2")
    return modelling


def test_events_are_the_same_in_postgres(shop, postgres):
    shop.run("events", as_of="2026-04-01")

    assert postgres.differences(shop, "events") == []


def test_functions_that_all_warehouses_share_are_the_same(shop, postgres):
    """Exact microseconds, local days, numbers out of texts."""
    a_model(
        shop,
        "shared",
        """
        select o.id, o.total, local_day(o.timestamp, $timezone) as day,
          microseconds_between(o.timestamp, $as_of) as microseconds,
          seconds_between(o.received_at, o.timestamp) as seconds,
          add_days(add_seconds(o.timestamp, -90), row_number() over (order by o.id)) as later,
          row_number() over (order by o.total desc nulls last, o.user_id, o.id) as place
        from input_order_completed as o where o.event_text in ($order_event)
        """,
        columns="id text: id; total decimal: total; day date: day; microseconds integer: exact; seconds float: s; later timestamp: l; place integer: p",
        more="params: as_of, order_event, timezone",
        keys="id",
    )
    shop.run("shared", as_of="2026-04-01", timezone="Asia/Tokyo")

    assert shop.query("select count(total) from models.shared") == [(3,)]
    assert postgres.differences(shop, "shared") == []


def test_an_external_input_and_what_reads_it_are_the_same(shop, postgres):
    folder = shop.folder / "models" / "inputs"
    folder.mkdir(parents=True)
    (folder / "ads.yaml").write_text(
        "description: Ads.\nexternal: true\ncolumns: {spend: {type: decimal}, day: {type: date}}\n"
    )
    shop.csv("ads", [{"spend": "2.50", "day": "2026-03-01"}, {"spend": "", "day": "2026-03-01"}])
    a_model(
        shop, "spent", "select day, sum(spend) as spend from input_ads group by day", "day date: d; spend decimal: s"
    )
    shop.run("spent")

    assert postgres.differences(shop, "spent") == []


def test_orders_are_the_same_in_postgres(modelling, postgres):
    """Refunds scaled to the value, currencies, several events of one order."""
    modelling.csv("currency_rates", [{"currency": "EUR", "valid_from": "2026-03-01", "rate": "1.0833"}])
    for i in range(20):
        modelling.track(
            "Order Completed",
            user_id=f"u{i % 4}",
            order_id=f"o{i}",
            total=10.01 * i,
            tax=1.5,
            currency=[None, "EUR"][i % 2],
        )
        given = {"total": [3.33, None, 100.0][i % 3], "currency": [None, "EUR", "USD", "CHF"][i % 4]}
        modelling.track("Order Refunded", order_id=f"o{i // 2}", **given)
    modelling.track("Order Cancelled", order_id="o7")

    modelling.run("orders", as_of="2026-04-01", order_value="revenue")

    assert postgres.differences(modelling, "order_rates", "order_values", "order_refunds", "orders") == []


def test_campaigns_and_attribution_are_the_same(modelling, postgres):
    """Every model of money, on a small shop with refunds, ties and costs."""
    modelling.csv("campaign_costs", [{"campaign": "x", "cost_type": "media", "amount": 100, "medium": "email"}])
    made(modelling, a_shop(1), refund_basis="event_date")
    names = ("touches", "attribution_paths", "attribution", "attribution_summary", "campaign_costs")
    modelling.run("campaign_performance")

    assert postgres.differences(modelling, *names, "campaign_steps", "campaign_performance") == []
