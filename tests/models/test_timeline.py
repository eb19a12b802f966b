"""The timeline of a person, and who comes back by month."""

from datetime import date

from modelling import a_model, plain_profiles

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


def test_a_timeline_has_all_devices_of_a_person_newest_first(modelling):
    """Also what a device did before anybody knew whose it is."""
    a_model(
        modelling,
        "event_profiles",
        "select source, call, id as event_id, 'p1' as segment_id, 'p1' as canonical_segment_id from events",
        "source text: s; call text: c; event_id text: e; segment_id text: p; canonical_segment_id text: p",
    )
    modelling.page(anonymous_id="a1", url="https://x.example/", at=0)
    modelling.identify(anonymous_id="a1", user_id="u1", at=10)
    modelling.track("Signed Up", user_id="u1", at=20)
    modelling.screen(anonymous_id="a2", name="Home", at=30, source="mobile")

    modelling.run("user_timeline")

    assert modelling.rows("user_timeline", "place", "call", "activity", order="place") == [
        (1, "screen", "Home"),
        (2, "track", "Signed Up"),
        (3, "page", "https://x.example/"),
    ]


def test_an_event_that_is_repeated_is_there_twice(modelling):
    """Two calls alike in everything but their id are two activities."""
    modelling.track("Signed Up", user_id="u1", at=0)
    modelling.track("Signed Up", user_id="u1", at=0)

    modelling.run("user_timeline")

    assert modelling.rows("user_timeline", "place", "activity") == [(1, "Signed Up"), (2, "Signed Up")]


def test_what_belongs_to_nobody_or_comes_at_as_of_is_in_no_timeline(modelling):
    """And a row without timestamp is where it arrived."""
    plain_profiles(modelling)
    modelling.track("Signed Up", user_id=None, at="2026-03-01")
    modelling.track("Signed Up", user_id="u1", at="2026-03-02", timestamp=None)
    modelling.track("Signed Up", user_id="u1", at="2026-03-03")

    modelling.run("user_timeline", as_of="2026-03-03")

    assert modelling.rows("user_timeline", "canonical_segment_id", "event_id") == [("u1", "m2")]


def test_a_cohort_is_followed_through_all_later_months(modelling):
    """Months in which nobody of it was there have 0; the month that is not over says so."""
    plain_profiles(modelling)
    for user, day in [("u1", "03-01"), ("u1", "03-31"), ("u1", "05-10"), ("u2", "03-09"), ("u3", "04-10")]:
        modelling.page(user_id=user, at=f"2026-{day}")

    modelling.run("cohort_retention", as_of="2026-05-31")

    columns = ("cohort_month", "month", "months_since", "cohort_people", "people", "retention", "is_complete")
    assert modelling.rows("cohort_retention", *columns) == [
        (MARCH, MARCH, 0, 2, 2, 1.0, True),
        (MARCH, APRIL, 1, 2, 0, 0.0, True),
        (MARCH, MAY, 2, 2, 1, 0.5, False),
        (APRIL, APRIL, 0, 1, 1, 1.0, True),
        (APRIL, MAY, 1, 1, 0, 0.0, False),
    ]
    assert ("u1", MARCH, 2, 2) in modelling.rows(
        "activity_monthly", "canonical_segment_id", "month", "active_days", "events"
    )


def test_months_are_those_of_the_zone_and_of_behaviour(modelling):
    """Late on the last day of March is April in Berlin; arrival does not matter."""
    modelling.page(user_id="u1", at="2026-03-31 23:00", received_at="2026-05-01")

    modelling.run("activity_monthly", as_of="2026-06-01", timezone="Europe/Berlin")

    assert modelling.rows("activity_monthly", "month", "months_since") == [(APRIL, 0)]


def test_calls_that_only_say_who_somebody_is_are_no_activity(modelling):
    modelling.identify(user_id="u1", at="2026-03-01")
    modelling.page(user_id="u1", at="2026-04-01")

    modelling.run("cohort_retention", as_of="2026-05-01")

    assert modelling.rows("cohort_retention", "cohort_month", "people") == [(APRIL, 1)]
