"""Models of usage and behaviour in Postgres' spelling: the same rows as DuckDB's."""

import random

import pytest

pytestmark = pytest.mark.postgres


def test_usage_and_behaviour_are_the_same_in_postgres(modelling, postgres):
    """Ties, missing ids, times and campaigns, two sources, both session options, statistics of an ad platform."""
    chance = random.Random(7)
    for number in range(150):
        columns = {
            "anonymous_id": chance.choice(["a1", "a2", "Ä3", "", None]),
            "user_id": chance.choice(["u1", "u2", "", None]),
            "at": chance.randrange(60) * 40_000.25,
            "source": chance.choice(["web", "shop"]),
            "context_campaign_name": chance.choice(["spring", "summer", None, None]),
            "context_campaign_source": chance.choice(["ads", None]),
            "context_library_name": chance.choice(["analytics.js", "analytics-node", None]),
            "context_user_agent": chance.choice(["Mozilla/5.0 (iPhone; CPU) Mobile", "curl/8.0", None]),
        }
        if number % 10 == 0:
            modelling.track("Order Completed", total=1.5, order_id=f"o{number % 4}", **columns)
        elif number % 3 == 0:
            modelling.track("Signed Up", timestamp=None, **columns)
        elif number % 7 == 0:
            modelling.screen(name="Home", **columns)
        else:
            modelling.page(
                url=chance.choice(["https://x.example/?a=1&gclid=G#b", "https://x.example/", None]), **columns
            )
    modelling.csv(
        "ad_statistics",
        [{"day": "2026-03-02", "campaign": "spring", "source": "ads", "impressions": 9, "clicks": 3, "spend": "1.25"}],
    )
    modelling.csv("object_records", [{"source": "crm", "received_at": "2026-03-09 10:00", "records": 7}])
    names = (
        *("mtu_monthly", "mtu_daily_cumulative", "events_daily", "sessions", "session_events", "user_timeline"),
        *("activity_monthly", "cohort_retention", "ad_funnel"),
    )

    modelling.run(
        *names,
        as_of="2026-03-25",
        timezone="Asia/Tokyo",
        sessions={"all_events": True, "split_on_campaign": True},
        usage={"mtu_allowance": 3},
    )

    assert postgres.differences(modelling, *names) == []
