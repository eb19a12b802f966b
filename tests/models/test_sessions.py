"""Sessions: the golden vectors S1 and S2, first and last values, options, and rows that are not as they should be."""

import random

import pytest
from modelling import START, Modelling, a_model, plain_profiles


def sessions_of(modelling, **settings):
    """Session number of each row, by the seconds at which it happened."""
    modelling.run("sessions", **settings)
    numbers = modelling.rows("session_events", "timestamp", "session_number", order="timestamp, event_id")
    return [number for _, number in numbers]


def the_session(modelling, *columns):
    """The one session there is."""
    modelling.run("sessions")
    (row,) = modelling.rows("sessions", *columns)
    return row


def test_s1_a_pause_of_exactly_the_gap_stays_and_a_longer_one_splits(modelling):
    """Half a second and a tenth of a second more than 1,800 are more."""
    for seconds in (0, 1800, 3600.5, 5400.6):
        modelling.page(anonymous_id="a1", at=seconds)

    assert sessions_of(modelling) == [1, 1, 2, 3]


def test_s2_a_late_row_joins_its_session_whose_id_stays(modelling):
    modelling.page(anonymous_id="a1", at=0)
    modelling.page(anonymous_id="a1", at=1800)
    modelling.run("sessions")
    before = modelling.rows("sessions", "session_id")

    modelling.page(anonymous_id="a1", at=900, received_at="2026-03-09")
    modelling.run("sessions")

    assert modelling.rows("sessions", "session_id") == before
    assert modelling.rows("sessions", "events") == [(3,)]


def test_a_late_row_that_bridges_two_sessions_makes_them_one(modelling):
    """Sessions are those of all rows there are, however they arrived; the id is that of the earlier one."""
    modelling.page(anonymous_id="a1", at=0)
    modelling.page(anonymous_id="a1", at=3000)
    modelling.run("sessions")
    before = modelling.rows("sessions", "session_id", order="started_at")

    modelling.page(anonymous_id="a1", at=1500, received_at="2026-03-09")
    modelling.run("sessions")

    assert len(before) == 2
    assert modelling.rows("sessions", "session_id") == before[:1]


def test_a_late_session_changes_numbers_and_no_id(modelling):
    modelling.page(anonymous_id="a1", at=10_000)
    modelling.run("sessions")
    ((session,),) = modelling.rows("sessions", "session_id")

    modelling.page(anonymous_id="a1", at=0, received_at="2026-03-09")
    modelling.run("sessions")

    assert (session, 2) in modelling.rows("sessions", "session_id", "session_number")


def test_a_session_never_spans_devices(modelling):
    """One user on two devices at once is two sessions, of one profile."""
    plain_profiles(modelling)
    modelling.page(anonymous_id="a1", user_id="u1", at=0)
    modelling.page(anonymous_id="a2", user_id="u1", at=10)

    modelling.run("sessions")

    rows = modelling.rows("sessions", "identity_type", "identity", "canonical_segment_id")
    assert rows == [("anonymous_id", "a1", "u1"), ("anonymous_id", "a2", "u1")]


def test_rows_of_servers_without_a_device_belong_to_the_user(modelling):
    """And not to a device whose id happens to be the same text."""
    modelling.page(user_id="x", anonymous_id=None, at=0)
    modelling.page(user_id="x", anonymous_id="", at=5)
    modelling.page(anonymous_id="x", at=10)

    modelling.run("sessions")

    rows = modelling.rows("sessions", "identity_type", "identity", "events")
    assert rows == [("anonymous_id", "x", 1), ("user_id", "x", 2)]


def test_rows_without_any_id_are_in_no_session(modelling):
    modelling.page(anonymous_id=None, user_id=None, at=0)
    modelling.page(anonymous_id="", user_id="", at=5)

    assert sessions_of(modelling) == []


def test_a_row_without_timestamp_is_where_it_arrived(modelling):
    modelling.page(anonymous_id="a1", at=0)
    modelling.page(anonymous_id="a1", timestamp=None, received_at="2026-03-01 10:10")
    modelling.page(anonymous_id="a1", timestamp=None, received_at="2026-03-01 12:00")

    assert sessions_of(modelling) == [1, 1, 2]


def test_sessions_of_one_device_span_sources(modelling):
    """Message ids that two sources share are two rows."""
    modelling.page(anonymous_id="a1", id="m", at=0)
    modelling.screen(anonymous_id="a1", id="m", at=60, source="mobile")

    modelling.run("sessions")

    assert modelling.rows("sessions", "events", "page_views") == [(2, 2)]


def test_tracks_are_part_of_sessions_only_on_request(modelling):
    modelling.page(anonymous_id="a1", at=0)
    modelling.track("Button Clicked", anonymous_id="a1", at=1500)
    modelling.page(anonymous_id="a1", at=3000)

    assert sessions_of(modelling) == [1, 2]
    assert sessions_of(modelling, sessions={"all_events": True}) == [1, 1, 1]
    assert modelling.rows("sessions", "events", "page_views") == [(3, 2)]


def test_the_gap_is_a_setting(modelling):
    for seconds in (0, 60, 121):
        modelling.page(anonymous_id="a1", at=seconds)

    assert sessions_of(modelling, sessions={"gap_seconds": 60}) == [1, 1, 2]


def test_a_gap_may_be_as_long_as_ninety_days(modelling):
    for days in (0, 90, 181):
        modelling.page(anonymous_id="a1", at=days * 86_400)

    assert sessions_of(modelling, sessions={"gap_seconds": 90 * 86_400}, as_of="2027-01-01") == [1, 1, 2]


def test_a_new_campaign_splits_a_session_only_on_request(modelling):
    """Rows without a campaign go on with the last one; the same campaign again is not new."""
    for seconds, campaign in enumerate([None, "spring", None, "spring", "summer", None]):
        modelling.page(anonymous_id="a1", at=seconds, context_campaign_name=campaign)

    assert sessions_of(modelling) == [1] * 6
    assert sessions_of(modelling, sessions={"split_on_campaign": True}) == [1, 2, 2, 2, 3, 3]


def test_a_campaign_is_another_one_wherever_its_parts_differ(modelling):
    """Also where they read alike when they are written one after the other."""
    for name, source in [("a|b", "c"), ("a", "b|c"), ("ab|c", None), (None, "ab|c")]:
        modelling.page(anonymous_id="a1", context_campaign_name=name, context_campaign_source=source)
        modelling.page(anonymous_id="a1", context_campaign_name=name or "", context_campaign_source=source or "")

    assert sessions_of(modelling, sessions={"split_on_campaign": True}) == [1, 1, 2, 2, 3, 3, 4, 4]


def test_rows_at_as_of_are_not_behaviour_yet(modelling):
    modelling.page(anonymous_id="a1", at="2026-03-01 10:00")
    modelling.page(anonymous_id="a1", at="2026-03-02 00:00")

    assert sessions_of(modelling, as_of="2026-03-02") == [1]


@pytest.mark.parametrize(
    ("seconds", "tier"),
    [
        (0, "0s to 9s"),
        (9.9, "0s to 9s"),
        (10, "10s to 29s"),
        (29.9, "10s to 29s"),
        (30, "30s to 59s"),
        (59.9, "30s to 59s"),
        (60, "60s or more"),
    ],
)
def test_a_session_is_in_the_tier_of_its_duration(modelling, seconds, tier):
    modelling.page(anonymous_id="a1", at=0)
    modelling.page(anonymous_id="a1", at=seconds)

    assert the_session(modelling, "duration_seconds", "duration_tier") == (seconds, tier)


def test_first_and_last_values_come_from_the_rows_that_have_them(modelling):
    """The five parts of a campaign are taken together, so that no mixture of two campaigns appears."""
    shop = "https://shop.example"
    modelling.page(anonymous_id="a1", at=0, url=f"{shop}/?gclid=G1&x=1", referrer="https://search.example/")
    modelling.page(
        anonymous_id="a1", at=1, url=f"{shop}/a", context_campaign_name="spring", context_campaign_term="hat"
    )
    modelling.page(anonymous_id="a1", at=2, url=f"{shop}/b", context_campaign_name="summer", referrer=f"{shop}/a")

    found = the_session(
        modelling,
        *("first_url", "last_url", "first_referrer", "last_referrer", "first_utm_campaign", "first_utm_term"),
        *("last_utm_campaign", "last_utm_term", "first_gclid", "last_gclid"),
    )

    assert found == (
        *(f"{shop}/?gclid=G1&x=1", f"{shop}/b", "https://search.example/", f"{shop}/a", "spring", "hat"),
        *("summer", None, "G1", "G1"),
    )


@pytest.mark.parametrize(
    ("columns", "gclid"),
    [
        ({"url": "https://x.example/?a=1&gclid=G1#top"}, "G1"),
        ({"url": "https://x.example/", "search": "?gclid=G2&b=1"}, "G2"),
        ({"url": "https://x.example/?ygclid=G3"}, None),
        ({"url": "https://x.example/gclid=G4"}, None),
        ({"url": "https://x.example/#?gclid=G5"}, None),
        ({"url": "https://x.example/?gclid="}, None),
        ({"url": None}, None),
    ],
)
def test_the_click_id_is_a_parameter_of_the_query(modelling, columns, gclid):
    modelling.page(anonymous_id="a1", **columns)

    assert the_session(modelling, "first_gclid") == (gclid,)


@pytest.mark.parametrize(
    ("columns", "device", "category"),
    [
        ({"context_user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Mobile"}, "iPhone", "mobile"),
        ({"context_user_agent": "Mozilla/5.0 (Linux; Android 13; Pixel 7) Mobile Safari"}, "Android", "mobile"),
        ({"context_user_agent": "Mozilla/5.0 (Linux; Android 13; SM-X200) Safari"}, "Android", "tablet"),
        ({"context_user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"}, "Macintosh", "desktop"),
        ({"context_user_agent": "curl/8.0"}, None, "other"),
        ({"context_device_type": "ios", "context_device_model": "iPhone15,2"}, "iPhone15,2", "mobile"),
        ({"context_device_model": "", "context_user_agent": "Mozilla/5.0 (iPhone; CPU)"}, "iPhone", "mobile"),
        ({"context_device_model": "", "context_device_type": "", "context_user_agent": ""}, None, None),
        ({}, None, None),
    ],
)
def test_the_device_is_what_the_app_or_the_user_agent_says(modelling, columns, device, category):
    modelling.page(anonymous_id="a1", **columns)

    assert the_session(modelling, "first_device", "first_device_category") == (device, category)


def test_the_owner_is_the_profile_of_the_events(modelling):
    """A device that two people share: the session names the first of them and counts both."""
    a_model(
        modelling,
        "event_profiles",
        "select source, call, id as event_id, user_id as segment_id, 'p-' || user_id as canonical_segment_id "
        "from events where user_id is not null",
        "source text: s; call text: c; event_id text: e; segment_id text: p; canonical_segment_id text: p",
    )
    for seconds, user in enumerate([None, "u2", "u1", "u1"]):
        modelling.page(anonymous_id="a1", user_id=user, at=seconds)

    assert the_session(modelling, "canonical_segment_id", "profiles") == ("p-u2", 2)


def rows_in_order(folder, rows, **settings):
    """Both tables after these rows were written in this order."""
    folder.mkdir()
    modelling = Modelling(folder)
    for row in rows:
        modelling.call(**row)
    modelling.run("sessions", sessions=settings)
    return modelling.rows("sessions"), modelling.rows("session_events")


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_nothing(tmp_path, seed):
    """Many ties in time, over sources, devices and calls."""
    chance = random.Random(seed)
    rows = [
        {
            "call": chance.choice(["page", "screen"]),
            "source": chance.choice(["web", "mobile"]),
            "id": f"m{chance.randrange(1000)}-{number}",
            "anonymous_id": chance.choice(["a1", "a2", None]),
            "user_id": chance.choice(["u1", "a1", None]),
            "at": chance.randrange(12) * 900,
            "received_at": START,
            "url": chance.choice(["https://x.example/1", "https://x.example/?gclid=G", None]),
            "context_campaign_name": chance.choice(["spring", "summer", None]),
        }
        for number in range(60)
    ]

    forward = rows_in_order(tmp_path / "forward", rows, split_on_campaign=seed == 1)
    chance.shuffle(rows)
    shuffled = rows_in_order(tmp_path / "shuffled", rows, split_on_campaign=seed == 1)

    assert forward == shuffled
    assert len(forward[0]) > 3
