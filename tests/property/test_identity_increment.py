"""Identity in increments: however calls are split into runs, the tables are those of one run over all of them."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from modelling import START
from resolving import LIMITED, Project, assert_same, calls

from loader.config import ModelsSettings

few = settings(max_examples=8, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("resolver", ["components", "unify"])
@few
@given(given_calls=calls(), data=st.data())
def test_any_split_into_increments_gives_the_tables_of_a_full_run(resolver, given_calls, data):
    cuts = data.draw(st.lists(st.integers(0, len(given_calls)), min_size=1, max_size=3).map(sorted))
    chosen = {"resolver": resolver, "priority": data.draw(st.sampled_from([["user_id", "email"], ["anonymous_id"]]))}
    whole, parts = Project(**chosen), Project(**chosen)
    whole.send(given_calls)
    whole.run()

    for begin, end in zip([0, *cuts], [*cuts, len(given_calls)], strict=True):
        parts.send(given_calls[begin:end])
        parts.run()

    assert_same(parts, whole)
    assert parts.facts["event_profiles"] == whole.facts["event_profiles"] | {
        "calls_replayed": parts.facts["event_profiles"]["calls_replayed"]
    }


@few
@given(given_calls=calls(), order=st.randoms(use_true_random=False))
def test_calls_that_arrive_in_any_order_give_the_tables_of_a_full_run(given_calls, order):
    """What came late makes history another one: everything is computed."""
    whole, parts = Project(), Project()
    whole.send(given_calls)
    whole.run()
    late = order.sample(given_calls, len(given_calls))

    for part in (late[::2], late[1::2]):
        parts.send(part)
        parts.run()

    assert_same(parts, whole)


def page(number, **ids):
    at = START + timedelta(hours=number)
    return ("pages", {"id": f"m{number}", "received_at": at, "timestamp": at, **ids})


def an_alias(number, **ids):
    return ("aliases", page(number, **ids)[1])


@pytest.fixture
def project():
    made = Project()
    made.send(
        [
            page(1, user_id="u1", anonymous_id="a1"),
            page(2, anonymous_id="a2"),
            an_alias(3, user_id="u3", previous_id="x3"),
        ]
    )
    made.run()
    return made  # fmt: skip


def test_only_people_whom_new_calls_touch_are_computed(project):
    project.send([page(4, user_id="u1", anonymous_id="a2"), page(5, user_id="u9")])

    assert project.run() == (None, 2)
    assert project.run() == (None, 0)


def test_a_run_says_how_many_calls_it_took_in_and_how_many_limits_had_a_say_in(project):
    """Those of people from one of whose calls an identifier was left out."""
    assert project.facts["event_profiles"] == {
        "calls": 3,
        "calls_replayed": 3,
        "calls_limited": 0,
        "share_limited": 0,
    }

    project.send([page(4, user_id="u2", anonymous_id="a1"), page(5, user_id="u2")])
    project.run()

    assert project.facts["event_profiles"] == {
        "calls": 5,
        "calls_replayed": 2,
        "calls_limited": 2,
        "share_limited": 0.4,
    }


def test_a_run_says_from_which_row_on_it_changed_updates(project):
    """Readers who keep their place in them go back to there; nothing is said where rows were only added."""
    assert project.facts["id_graph_updates"] == {}
    project.send([page(4, user_id="u4")])
    project.run()
    assert project.facts["id_graph_updates"] == {}

    project.send([("pages", {**page(1.5, user_id="u5")[1], "id": "late"})])
    project.run()

    assert project.facts["id_graph_updates"] == {"changed_from_seq": 2}
    assert project.facts["external_id_mapping_updates"] == {"changed_from_seq": 3}


def test_an_alias_of_a_new_user_takes_its_anonymous_past_along(project):
    project.send([an_alias(4, user_id="u5", previous_id="a2")])

    assert project.run() == (None, 1)


def test_an_alias_of_two_known_ids_makes_everything_anew(project):
    project.send([an_alias(4, user_id="u1", previous_id="u3")])

    reason, _ = project.run()

    assert reason is not None
    assert "alias" in reason


def test_an_id_that_an_earlier_alias_named_makes_everything_anew(project):
    project.send([page(4, anonymous_id="x3")])

    reason, _ = project.run()

    assert reason is not None
    assert "alias" in reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("insert into web.pages by name select 'late' as id, timestamp '2026-03-01 10:30' as received_at", "earlier"),
        ("update web.pages set anonymous_id = 'a7' where id = 'm2'", "changed"),
        ("delete from web.pages where id = 'm2'", "gone"),
        ("alter table web.identifies add column age bigint", "traits"),
        ("drop table models.id_graph", "gone"),
    ],
)
def test_what_an_increment_cannot_take_in_is_said(project, change, words):
    project.connection.execute(change)

    reason, recomputed = project.run()

    assert recomputed is None
    assert reason is not None
    assert words in reason


def test_changed_settings_compute_history_again(project):
    project.settings = ModelsSettings.model_validate(
        {"as_of": "2026-06-01", "identity": {**LIMITED, "blocked_values": ["u1"]}}
    )

    reason, _ = project.run()

    assert reason is not None
    assert "settings" in reason


def test_a_run_that_fails_its_checks_leaves_what_the_next_one_begins_with(project, monkeypatch):
    project.settings = ModelsSettings.model_validate(
        {"as_of": "2026-06-01", "identity": {**LIMITED, "resolver": "components", "max_users_per_profile": 1}}
    )
    project.run()
    project.send([page(4, user_id="u1", anonymous_id="a3"), page(5, user_id="u2", anonymous_id="a3")])
    with pytest.raises(AssertionError):
        project.run()
    before = project.rows("id_graph")

    project.connection.execute("delete from web.pages where id = 'm5'")

    assert project.run() == (None, 1)
    assert len(project.rows("id_graph")) == len(before)
