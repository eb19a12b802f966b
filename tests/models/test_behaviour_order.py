"""Usage and behaviour do not depend on the order in which rows were written. Sessions and funnels: in their own files."""

import random

import pytest
from modelling import Modelling

TABLES = (
    *("mtu_monthly", "mtu_daily_cumulative", "events_daily", "user_timeline"),
    *("activity_monthly", "cohort_retention", "ad_funnel"),
)


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_rows_changes_nothing(tmp_path, seed):
    """Ties in time, missing ids and times, two sources, repeated orders."""
    chance = random.Random(seed)
    rows = [
        {
            "call": chance.choice(["page", "screen", "identify", "track"]),
            "id": f"m{number}",
            "source": chance.choice(["web", "shop"]),
            "anonymous_id": chance.choice(["a1", "a2", "", None]),
            "user_id": chance.choice(["u1", "u2", "", None]),
            "at": chance.randrange(20) * 200_000,
            "context_campaign_name": chance.choice(["spring", "summer", None]),
            "order_id": f"o{number % 5}",
        }
        for number in range(100)
    ]
    found = []
    for folder in ("forward", "shuffled"):
        (tmp_path / folder).mkdir()
        modelling = Modelling(tmp_path / folder)
        for row in rows:
            if row["call"] == "track":
                modelling.track("Order Completed", **{name: value for name, value in row.items() if name != "call"})
            else:
                modelling.call(**row)
        modelling.run(*TABLES, as_of="2026-06-01")
        found.append({table: modelling.rows(table) for table in TABLES})
        chance.shuffle(rows)

    assert found[0] == found[1]
    assert all(found[0].values())
