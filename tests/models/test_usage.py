"""Tracked users and throughput: the golden vectors M1 to M8, and rows that are not as they should be."""

from datetime import date

from modelling import a_model

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


def mtu(modelling, **settings):
    """Tracked users by month."""
    modelling.run("mtu_monthly", "mtu_daily_cumulative", **settings)
    return dict(modelling.rows("mtu_monthly", "period_start", "mtu"))


def test_m1_one_person_on_several_devices_is_one_tracked_user(modelling):
    """Two tracked users: u123 on web and mobile is one, and a456 is known as u123 by the end of the month."""
    for day in (2, 3, 4):
        modelling.page(user_id="u123", at=f"2026-01-0{day}")
    modelling.screen(anonymous_id="a456", source="mobile", at="2026-01-05")
    modelling.identify(anonymous_id="a456", user_id="u123", source="mobile", at="2026-01-06")
    for day in (7, 8, 9):
        modelling.page(anonymous_id="a786", at=f"2026-01-0{day}")
    modelling.csv("object_records", [{"source": "crm", "received_at": "2026-01-09 10:00", "records": 1}])

    assert mtu(modelling) == {JANUARY: 2}
    assert modelling.rows("mtu_monthly", "users", "anonymous_only", "api_calls", "objects") == [(1, 1, 8, 1)]


def test_m2_a_user_on_web_and_mobile_is_one(modelling):
    modelling.page(user_id="u1", anonymous_id="aW", at="2026-01-05")
    modelling.screen(user_id="u1", anonymous_id="aM", source="mobile", at="2026-01-05")

    assert mtu(modelling) == {JANUARY: 1}


def test_m3_a_device_that_never_logs_in_is_tracked_beside_the_user(modelling):
    modelling.page(anonymous_id="aW", at="2026-01-05")
    modelling.screen(anonymous_id="aM", source="mobile", at="2026-01-05")
    modelling.identify(anonymous_id="aM", user_id="u1", source="mobile", at="2026-01-06")

    assert mtu(modelling) == {JANUARY: 2}


def test_m4_a_device_that_logs_in_is_no_longer_counted(modelling):
    modelling.page(anonymous_id="aW", at="2026-01-05")
    modelling.screen(anonymous_id="aM", source="mobile", at="2026-01-05")
    modelling.identify(anonymous_id="aM", user_id="u1", source="mobile", at="2026-01-06")
    modelling.identify(anonymous_id="aW", user_id="u1", at="2026-01-07")

    assert mtu(modelling) == {JANUARY: 1}


def test_m5_a_device_belongs_to_its_user_only_in_months_that_show_it(modelling):
    """The association of February says nothing about January or March."""
    modelling.page(anonymous_id="a1", at="2026-01-05")
    modelling.identify(anonymous_id="a1", user_id="u1", at="2026-02-05")
    modelling.page(anonymous_id="a1", at="2026-03-05")

    assert mtu(modelling) == {JANUARY: 1, FEBRUARY: 1, MARCH: 1}
    assert modelling.rows("mtu_monthly", "period_start", "users", "anonymous_only") == [
        (JANUARY, 0, 1),
        (FEBRUARY, 1, 0),
        (MARCH, 0, 1),
    ]


def test_m6_two_users_of_one_device_are_two(modelling):
    modelling.page(anonymous_id="a1", user_id="u1", at="2026-01-05")
    modelling.page(anonymous_id="a1", user_id="u2", at="2026-01-06")
    modelling.page(anonymous_id="a1", at="2026-01-07")

    assert mtu(modelling) == {JANUARY: 2}


def test_m7_a_previous_id_alone_associates_nothing(modelling):
    modelling.page(anonymous_id="a1", at="2026-01-05")
    modelling.alias(previous_id="a1", user_id="u1", at="2026-01-06")

    assert mtu(modelling) == {JANUARY: 2}


def test_m8_the_month_is_that_of_arrival(modelling):
    """What happened on the last evening of January and arrived in February counts in February."""
    modelling.page(anonymous_id="a1", at="2026-01-31 23:59", received_at="2026-02-01 00:01")

    assert mtu(modelling) == {FEBRUARY: 1}


def test_an_empty_id_is_no_id(modelling):
    modelling.page(anonymous_id="a1", user_id="", at="2026-01-05")
    modelling.page(anonymous_id="", user_id="u1", at="2026-01-05")
    modelling.group(user_id="u2", anonymous_id="", at="2026-01-05")
    modelling.page(anonymous_id=None, user_id=None, at="2026-01-05")

    assert mtu(modelling) == {JANUARY: 3}
    assert modelling.rows("mtu_monthly", "users", "anonymous_only", "api_calls") == [(2, 1, 4)]


def test_a_row_without_timestamp_counts_when_it_arrived(modelling):
    modelling.page(anonymous_id="a1", timestamp=None, received_at="2026-01-05")

    assert mtu(modelling) == {JANUARY: 1}


def test_as_of_does_not_bound_the_bill(modelling):
    """Tracked users are billed over all rows that arrived."""
    modelling.page(anonymous_id="a1", at="2026-03-05")

    assert mtu(modelling, as_of="2026-02-01") == {MARCH: 1}


def test_merges_of_profiles_do_not_change_tracked_users(modelling):
    """Both devices belong to one profile, and are two tracked users."""
    a_model(
        modelling,
        "event_profiles",
        "select source, call, id as event_id, 'p1' as segment_id, 'p1' as canonical_segment_id from events",
        "source text: s; call text: c; event_id text: e; segment_id text: p; canonical_segment_id text: p",
    )
    modelling.page(anonymous_id="a1", at="2026-01-05")
    modelling.page(anonymous_id="a2", at="2026-01-05")

    assert mtu(modelling) == {JANUARY: 2}


def test_throughput_is_calls_and_objects_for_each_user_of_the_plan(modelling):
    """250 a month for each of 10,000 tracked users are 2,500,000."""
    modelling.page(anonymous_id="a1", at="2026-01-05")
    modelling.csv(
        "object_records",
        [
            {"source": "crm", "received_at": "2026-01-09", "records": 2_499_998},
            {"source": "crm", "received_at": "2026-01-10", "records": None},
            {"source": "crm", "received_at": "2026-02-01", "records": 2_500_001},
        ],
    )

    mtu(modelling, usage={"mtu_allowance": 10_000, "calls_per_mtu": 250})

    assert modelling.rows("mtu_monthly", "period_start", "included_calls", "throughput", "is_over_allowance") == [
        (JANUARY, 2_500_000, 250.0, False),
        (FEBRUARY, 2_500_000, 250.0001, True),
    ]


def test_more_users_than_the_plan_has_are_over_it(modelling):
    modelling.page(anonymous_id="a1", at="2026-01-05")
    modelling.page(anonymous_id="a2", at="2026-01-05")

    mtu(modelling, usage={"mtu_allowance": 1})

    assert modelling.rows("mtu_monthly", "is_over_allowance") == [(True,)]


def test_without_an_allowance_there_is_no_throughput(modelling):
    modelling.page(anonymous_id="a1", at="2026-01-05")

    mtu(modelling)

    assert modelling.rows("mtu_monthly", "included_calls", "throughput", "is_over_allowance") == [(None, None, None)]


def test_an_excluded_source_does_not_count(modelling):
    modelling.page(anonymous_id="a1", at="2026-01-05")
    modelling.identify(user_id="u1", source="engage", at="2026-01-05")

    assert mtu(modelling, usage={"exclude_sources": ["engage"]}) == {JANUARY: 1}


def test_days_count_the_month_so_far(modelling):
    """A device that logs in leaves the devices of that day; a new month begins at nothing."""
    modelling.page(anonymous_id="a1", at="2026-01-05")
    modelling.page(anonymous_id="a2", at="2026-01-05")
    modelling.identify(anonymous_id="a1", user_id="u1", at="2026-01-07")
    modelling.page(anonymous_id="a2", at="2026-02-01")

    mtu(modelling)

    columns = ("day", "new_users", "new_anonymous", "users", "anonymous_only", "mtu", "api_calls")
    expected = [
        (date(2026, 1, 5), 0, 2, 0, 2, 2, 2),
        (date(2026, 1, 7), 1, 0, 1, 1, 2, 1),
        (date(2026, 2, 1), 0, 1, 0, 1, 1, 1),
    ]
    rows = modelling.rows("mtu_daily_cumulative", "source", *columns)
    assert [row[1:] for row in rows if row[0] == "(all)"] == expected
    assert [row[1:] for row in rows if row[0] == "web"] == expected


def test_sources_together_are_not_the_sum_of_sources(modelling):
    modelling.page(user_id="u1", at="2026-01-05")
    modelling.screen(user_id="u1", source="mobile", at="2026-01-05")

    mtu(modelling)

    assert modelling.rows("mtu_daily_cumulative", "source", "mtu") == [("(all)", 1), ("mobile", 1), ("web", 1)]


def test_a_project_without_calls_has_no_month(modelling):
    modelling.flush()

    assert mtu(modelling) == {}


def test_events_are_counted_by_the_day_they_happened_in_the_zone(modelling):
    """Late arrival does not move them; what happened at as_of or later does not count."""
    modelling.track("Signed Up", at="2026-01-05 23:30", received_at="2026-02-01")
    modelling.page(at="2026-01-05 12:00", timestamp=None)
    modelling.page(at="2026-01-06 23:00")

    modelling.run("events_daily", as_of="2026-01-07", timezone="Europe/Berlin")

    assert modelling.rows("events_daily") == [
        (date(2026, 1, 5), "web", "page", "page", 1),
        (date(2026, 1, 6), "web", "track", "Signed Up", 1),
    ]
