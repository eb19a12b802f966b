"""Warning counters: what is counted beside rows, quarantine and discards, and where the counts come out."""

import json

import pytest
from factories import ABSENT, a_group_call, a_key, a_track_call, an_alias_call, an_identify_call, as_bytes
from golden.cases import KEY, OTHER

LATE = "2026-03-02T10:00:00.001Z"
"""More than a day after the messages of the factories were received."""


def test_both_ways_of_reading_count_the_same(loading):
    """Plain lines and lines that are read with care fall under the same rules; only the project is seen in plain lines alone."""
    loading.write(
        a_track_call(timestamp=LATE, message_id="late"),
        a_track_call(userId=None, anonymousId=ABSENT, message_id="m" * 101),
        a_track_call(userId="", anonymousId=None, message_id="ü" * 100),
        *(
            a_track_call(event=event, message_id=f"e{n}")
            for n, event in enumerate((ABSENT, None, "", "\u00a0\t", {}, "é"))
        ),
        *(an_identify_call(user_id=user, message_id=f"i{n}") for n, user in enumerate((ABSENT, None, "", " \t", "!"))),
        *(a_group_call(group_id=group, message_id=f"g{n}") for n, group in enumerate((ABSENT, None, " ", {}, "g"))),
        *(an_alias_call(previous_id=previous, message_id=f"p{n}") for n, previous in enumerate((ABSENT, "\n", 5))),
        as_bytes(a_track_call(message_id="c1")) + b" " + as_bytes(a_track_call(message_id="c2")),
        {"batch": []},
        {key.upper() if key == "userId" else key: value for key, value in a_track_call(message_id="k").items()},
        {**a_track_call(message_id="nothing"), "Traits": {}, "Category": None},
    )

    plain = loading.load()["warning_counts"]
    exact = loading.without_warehouse().load(force_exact=True)["warning_counts"]

    assert plain == {
        "timestamp_future": 1,
        "no_identity": 1,
        "long_message_id": 1,
        "empty_event": 5,
        "identify_without_user": 4,
        "group_without_group": 4,
        "alias_without_previous": 2,
        "concatenated_json": 1,
        "empty_batch": 1,
        "key_case": 1,
    }
    assert exact == plain


def test_copies_are_counted_like_any_message(loading):
    """Counters say what was read, as the number of messages does."""
    loading.write(*(a_track_call(timestamp=LATE) for _ in range(3)))

    report = loading.load()

    assert (report["messages"], report["duplicates"], report["warning_counts"]) == (3, 2, {"timestamp_future": 3})


def test_74_an_object_in_a_wrong_folder_counts_once(loading):
    """Objects are counted, not messages; one whose messages name no project is not."""
    loading.write_objects(
        {
            KEY: [a_track_call(message_id=f"m{n}", projectId="another0001") for n in range(3)],
            OTHER: [a_track_call(message_id="right")],
            a_key(2): [a_track_call(message_id="unnamed", projectId=ABSENT)],
        }
    )

    assert loading.load()["warning_counts"] == {"source_mismatch": 1}


@pytest.mark.parametrize(
    ("table_cap", "events", "counted"),
    [
        pytest.param(40, 4, 0, id="a tenth of the cap is not many"),
        pytest.param(40, 5, 5, id="more than a tenth of the cap"),
        pytest.param(3, 5, 5, id="34: beyond the cap"),
    ],
)
def test_34_many_new_event_tables_are_counted(table_cap, events, counted, loading):
    """Tables that were created and those that were refused; the standard tables do not count."""
    loading.with_options(table_cap=table_cap)
    loading.write(*(a_track_call(event=f"Ordered Product {n}", message_id=f"m{n}") for n in range(events)))

    assert loading.load()["warning_counts"].get("table_growth", 0) == counted


def test_34_a_refused_table_counts_in_every_load_that_wants_it(loading):
    """A source at its cap goes on saying so; events that have a table are no growth."""
    loading.with_options(table_cap=2)
    loading.write(*(a_track_call(event=f"Product {n}", message_id=f"m{n}") for n in range(2)))
    loading.load()
    loading.write(*(a_track_call(event=f"Product {n}", message_id=f"n{n}") for n in range(3)), key=OTHER)

    assert loading.load()["warning_counts"] == {"table_growth": 1}


def test_counters_are_in_the_ledger_and_do_not_change_how_a_run_ended(loading):
    """They are statistics: a source may always have such messages."""
    loading.write(a_track_call(timestamp=LATE))

    report = loading.load_report()

    ((status, counters),) = loading.query("select status, counters from _loader.loads")
    assert (status, json.loads(counters)["warning_counts"]) == ("done", {"timestamp_future": 1})
    assert (report.status, report.exit_code(True)) == ("done", 0)
