"""Orders of a shop as a stand-in of the model `orders`: the CDNOW data set, or rows that a test makes up."""

from datetime import datetime
from pathlib import Path

import duckdb
from modelling import Modelling, a_model, insert_rows

CDNOW = Path(__file__).parent / "data" / "cdnow"
CALIBRATION_END = "1997-10-01"
"""`as_of` of the published numbers: orders to the end of September 1997 count."""
_COLUMNS = (
    "order_key text: order; canonical_segment_id text: who; source text: source; ordered_at timestamp: when; "
    "net decimal: value; is_removed boolean: cancelled"
)
_QUERY = "select order_key, customer as canonical_segment_id, source, ordered_at, net, is_removed from shop.purchases"


def _stand_in(modelling: Modelling) -> None:
    a_model(modelling, "orders", _QUERY, columns=_COLUMNS, keys="order_key")


def cdnow(modelling: Modelling, only_sample: bool) -> None:
    """Purchases of the 1/10 sample, or of all customers, each at noon."""
    modelling.change(
        "create schema shop; create table shop.purchases as "
        "select 'o' || row_number() over () as order_key, customer_id as customer, 'shop' as source, "
        "date + interval '12 hours' as ordered_at, amount as net, false as is_removed, sample_id "
        f"from read_csv('{CDNOW}/cdnow_transactions.csv.gz', header = true, columns = {{'customer_id': 'VARCHAR', "
        "'sample_id': 'VARCHAR', 'date': 'DATE', 'cds': 'INTEGER', 'amount': 'DECIMAL(18, 2)'}) "
        f"where {only_sample} = false or sample_id is not null"
    )
    _stand_in(modelling)


def shop(modelling: Modelling, *orders: tuple[str | None, str, float]) -> None:
    """Orders as (customer, when, value), of the source `shop`; more than one call adds."""
    modelling.change(
        "create schema if not exists shop; create table if not exists shop.purchases "
        "(order_key varchar, customer varchar, source varchar, ordered_at timestamp, net decimal(18, 2), is_removed boolean)"
    )
    _insert(modelling, [(customer, "shop", at, value, False) for customer, at, value in orders])
    _stand_in(modelling)


def add_order(
    modelling: Modelling, customer: str, at: str, value: float, source: str = "shop", is_removed: bool = False
) -> None:
    """One order more."""
    _insert(modelling, [(customer, source, at, value, is_removed)])


def _insert(modelling: Modelling, orders: list[tuple[str | None, str, str, float, bool]]) -> None:
    modelling.sources |= {source: None for _, source, *_ in orders}
    with duckdb.connect(str(modelling.warehouse)) as connection:
        ((there,),) = connection.execute("select count(*) from shop.purchases").fetchall()
        insert_rows(
            connection,
            "shop.purchases",
            [
                (f"o{there + place:06}", customer, source, datetime.fromisoformat(at), value, is_removed)
                for place, (customer, source, at, value, is_removed) in enumerate(orders)
            ],
        )
