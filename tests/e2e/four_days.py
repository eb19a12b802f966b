"""A source with calls of four days, some of which other days repeat."""

from factories import a_group_call, a_key, a_page_call, a_track_call, an_alias_call, an_identify_call, received
from loading import Loading

DAYS = (1, 2, 3, 4)


def lines_of(day: int) -> list:
    """Calls of one day, some of which other days repeat; their winner lies on the day before, or on the same day."""
    return [
        a_track_call({"total": day, "note": "x" * day}, message_id=f"t{day}", receivedAt=received(day)),
        a_track_call({"total": day + 0.5}, "Refunded", f"r{day}", receivedAt=received(day), surprise=day),
        a_track_call({"total": "n/a" if day == 3 else day}, "Paid", f"p{day // 2}", receivedAt=received(day)),
        an_identify_call({"plan": f"plan {day}", "seats": day}, f"u-{day % 2}", f"i{day}", receivedAt=received(day)),
        an_identify_call({"plan": None}, "u-0", f"n{day}", receivedAt=received(day, second=1)),
        an_identify_call({"only": day}, f"u-of-{day}", f"o{day}", receivedAt=received(day)),
        a_group_call({"size": day}, "g-1", f"g{day}", receivedAt=received(day)),
        a_page_call(message_id="page", receivedAt=received(5 - day)),
        an_alias_call(message_id=f"a{day}", receivedAt=received(day)),
        "{no json",
    ]


def fill(loading: Loading) -> Loading:
    """One object per day, and a second one on the second day that repeats some of all days."""
    loading.write_objects({a_key(day): lines_of(day) for day in DAYS})
    repeated = [line for day in DAYS for line in lines_of(day)[::3]]
    loading.write_objects({a_key(2, "repeated"): repeated})
    return loading


def of_day(day: int) -> str:
    """The numbers of the objects of a day."""
    return f"(select object_id from _loader.objects where received_day = date '2026-03-0{day}')"
