"""Sessions, timelines and calls of people in parts: what changed is made anew, and the tables are those of a full run."""

import random
import shutil

import pytest
from modelling import a_model

SESSIONS = ("session_events", "sessions")
PEOPLE = ("user_timeline", "audience_events")


def rows_of(modelling, tables=SESSIONS):
    return [modelling.rows(table) for table in tables]


def run(modelling, tables=SESSIONS, **settings):
    """A run, and how much of each of the tables it computed: a number of identities or people, or None for all."""
    result = modelling.run(*tables, **settings)
    return [made.keys_recomputed for name in tables for made in result.made if made.name == name]


def reasons(modelling):
    return [made.full_because for name in SESSIONS for made in modelling.result.made if made.name == name]


def made_in_full(modelling, tables=SESSIONS, **settings):
    """What a run makes that knows of none before it. The warehouse stays as it is."""
    aside = modelling.warehouse.with_suffix(".aside")
    shutil.copy(modelling.warehouse, aside)
    for table in tables:
        modelling.change(f'drop table models."_keys_of_{table}"')
    assert run(modelling, tables, **settings) == [None] * len(tables)
    rows = rows_of(modelling, tables)
    shutil.move(aside, modelling.warehouse)
    return rows


def three_devices(modelling):
    for device in ("a1", "a2", "a3"):
        modelling.page(anonymous_id=device, at=0)
        modelling.page(anonymous_id=device, at=3000)
    assert run(modelling) == [None, None]


def test_only_the_identities_that_received_rows_are_made_anew(modelling):
    """A late row changes numbers behind it; the rows of the other devices are not touched."""
    three_devices(modelling)
    assert run(modelling) == [0, 0]

    modelling.page(anonymous_id="a2", at=1500, received_at="2026-03-09")

    assert run(modelling) == [1, 1]
    assert modelling.rows("sessions", "identity", "events") == [
        *(("a1", 1), ("a1", 1), ("a2", 3), ("a3", 1), ("a3", 1)),
    ]
    assert rows_of(modelling) == made_in_full(modelling)


def test_only_the_people_who_received_calls_are_made_anew(modelling):
    """Calls that move to somebody else change both."""
    for user in ("u1", "u2", "u3", "u4", "u5", "u6"):
        modelling.page(user_id=user, anonymous_id=f"a-{user}", at=0)
    assert run(modelling, PEOPLE) == [None, None]
    assert run(modelling, PEOPLE) == [0, 0]

    modelling.identify(user_id="u2", anonymous_id="a-u2", at=60)

    assert run(modelling, PEOPLE) == [0, 1]
    modelling.page(user_id="u3", at=120)
    assert run(modelling, PEOPLE) == [1, 1]
    assert rows_of(modelling, PEOPLE) == made_in_full(modelling, PEOPLE)
    modelling.alias(user_id="u1", previous_id="u4", at=180)
    assert run(modelling, PEOPLE) == [2, 2]
    assert rows_of(modelling, PEOPLE) == made_in_full(modelling, PEOPLE)


def test_a_device_whose_rows_are_all_gone_has_no_sessions(modelling):
    three_devices(modelling)

    modelling.change("delete from web.pages where anonymous_id = 'a3'")

    assert run(modelling) == [1, 1]
    assert modelling.rows("sessions", "identity") == [("a1",), ("a1",), ("a2",), ("a2",)]


def test_people_who_merge_change_the_owner_of_sessions_without_a_new_row(modelling):
    """An identify call is in no session, and says whose the device was."""
    modelling.identify(anonymous_id="a0", user_id="u1", at=-9000)
    three_devices(modelling)
    before = dict(modelling.rows("sessions", "identity", "canonical_segment_id"))

    modelling.identify(anonymous_id="a2", user_id="u1", at=4000)

    assert run(modelling) == [1, 1]
    after = dict(modelling.rows("sessions", "identity", "canonical_segment_id"))
    assert {device for device in after if after[device] != before[device]} == {"a2"}
    assert rows_of(modelling) == made_in_full(modelling)


def test_a_changed_setting_makes_all_sessions_and_says_so(modelling):
    """Sessions themselves do not know the setting: they see that their events changed."""
    three_devices(modelling)

    assert run(modelling, sessions={"gap_seconds": 4000}) == [None, None]
    assert reasons(modelling) == [
        "the parameter sessions_gap_seconds is 4000 and was 1800",
        "the rows of more than half of its values changed",
    ]
    assert modelling.rows("sessions", "events") == [(2,), (2,), (2,)]


def test_as_of_may_move_without_a_full_run(modelling):
    """Only devices with rows between the two moments are made anew, forth and back."""
    three_devices(modelling)
    modelling.page(anonymous_id="a1", at="2026-03-20 00:00")

    assert run(modelling, as_of="2026-03-20") == [0, 0]
    assert run(modelling, as_of="2026-03-21") == [1, 1]
    assert rows_of(modelling) == made_in_full(modelling)
    assert run(modelling, as_of="2026-03-20") == [1, 1]
    assert run(modelling, as_of="2026-03-22", sessions={"all_events": True}) == [1, 1]


def test_a_table_of_the_user_without_the_identity_stops_no_other_model(modelling):
    """Sessions are then made in full, where they can be made at all."""
    a_model(
        modelling,
        "session_events",
        "select source, call, id as event_id, anonymous_id as session_id from input_pages",
        "source text: s; call text: c; event_id text: e; session_id text: session",
    )
    modelling.page(anonymous_id="a1", context_campaign_name="spring")

    modelling.run("touches")

    assert modelling.rows("touches", "session_id") == [("a1",)]


def a_call(modelling, chance):
    ids = {"anonymous_id": chance.choice([*(f"a{number}" for number in range(20)), None, ""]), "user_id": None}
    if chance.random() < 0.3:
        ids["user_id"] = chance.choice(["u1", "u2", "u3", "a1"])
    kind = chance.choice(["page", "page", "page", "screen", "track", "identify"])
    given = {
        "id": f"m{chance.randrange(10_000)}-{modelling.calls}",
        "source": chance.choice(["web", "mobile"]),
        "at": chance.randrange(40) * 900 + chance.choice([0, 0.5]),
        **ids,
    }
    given["received_at"] = given["at"] + chance.choice([1, 90_000])
    if kind in ("page", "screen"):
        given["context_campaign_name"] = chance.choice(["spring", "summer", None])
    if kind == "page":
        given["url"] = chance.choice(["https://x.example/1", "https://x.example/?gclid=G", None])
    if kind == "track":
        given["event_text"] = "Clicked"
    modelling.call(kind, **given)


def something_else(modelling, chance):
    """What is no new call: rows that go, change, or change their device."""
    modelling.flush()
    some = f"hash(id) % 9 = {chance.randrange(9)}"
    modelling.change(
        chance.choice(
            [
                f"delete from web.pages where {some}",
                f"update web.pages set url = 'https://x.example/2' where {some}",
                f"update web.pages set anonymous_id = 'a9' where {some} and anonymous_id = 'a2'",
                f"update web.pages set timestamp = timestamp + interval 1 hour where {some}",
                "select 1",
            ]
        )
    )


@pytest.mark.parametrize("seed", range(3))
def test_what_is_made_in_parts_is_what_a_full_run_makes(modelling, seed):
    """After any split of any calls, late ones too, deletions, other settings and other moments."""
    chance, tables = random.Random(seed), (*SESSIONS, *PEOPLE)
    modelling.page(anonymous_id="a1", url="https://x.example/1", context_campaign_name=None)
    in_parts = dict.fromkeys(tables, 0)
    for calls in [60, *(chance.choice([0, 1, 2, 12]) for _ in range(4))]:
        for _ in range(calls):
            a_call(modelling, chance)
        something_else(modelling, chance)
        settings = {"as_of": chance.choice(["2026-03-01 15:00", "2026-03-02", "2026-03-02"])}
        if chance.random() < 0.2:
            settings["sessions"] = {
                "gap_seconds": chance.choice([1800, 900]),
                "all_events": chance.random() < 0.5,
                "split_on_campaign": chance.random() < 0.5,
            }

        for table, computed in zip(tables, run(modelling, tables, **settings), strict=True):
            in_parts[table] += computed is not None

        assert rows_of(modelling, tables) == made_in_full(modelling, tables, **settings)
    assert all(in_parts.values()), in_parts
