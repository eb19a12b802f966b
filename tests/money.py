"""A small shop of random touches, orders, refunds and cancellations, for tests of orders and attribution."""

import random

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
