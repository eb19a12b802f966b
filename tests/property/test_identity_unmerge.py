"""Deletions part what they alone held together, and readers of the updates end where the tables are."""

import random
from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from modelling import START
from reference.identity import Event, replay
from resolving import LIMITED, Project, assert_same, calls, deletions

few = settings(max_examples=4, suppress_health_check=list(HealthCheck))
CALLS = {"identifies": "identify", "pages": "page", "aliases": "alias"}
TYPES = {"user_id": "user_id", "anonymous_id": "anonymous_id", "context_device_id": "ios.id", "email": "email"}
CAPS = (LIMITED["max_merges"], LIMITED["max_identifiers"])
LIMITS = {"user_id": (1, None), "anonymous_id": (2, None), "ios.id": (2, timedelta(days=7))}
UPDATES = ("id_graph_updates", "external_id_mapping_updates")
LOOSE = {"limits": {}, "max_merges": 100, "max_identifiers": 1000}


def worlds(seed, count=250):
    """Calls and deletions of many small worlds whose ids never meet, in the order of their times."""
    chance = random.Random(seed)
    found_calls, found_deletions = [], []
    for world in range(count):
        ids = {
            "user_id": (0.15, [f"{world}u{n}" for n in range(chance.randint(1, 2))]),
            "anonymous_id": (0.8, [f"{world}a{n}" for n in range(chance.randint(2, 5))]),
            "context_device_id": (0.3, [f"{world}d{n}" for n in range(chance.randint(1, 2))]),
            "email": (0.5, [f"{world}e{n}" for n in range(chance.randint(1, 2))]),
        }
        at = START + timedelta(microseconds=world)
        for number in range(chance.randint(3, 14)):
            at += timedelta(hours=chance.choice([1, 1, 30]))
            table = chance.choices(["identifies", "pages", "aliases"], [10, 7, 1])[0]
            row = {"id": f"w{world}n{number}", "received_at": at, "timestamp": at, "context_device_type": "ios"}
            row |= {
                name: chance.choice(values) if chance.random() < often else None
                for name, (often, values) in ids.items()
                if name != "email" or table == "identifies"
            }
            if table == "identifies":
                row["plan"] = chance.choice([None, "free", "pro"])
                row["_nulls"] = '["plan"]' if row["plan"] is None and chance.random() < 0.5 else None
            if table == "aliases":
                row["previous_id"] = f"{world}{chance.choice('ua')}{chance.randint(0, 3)}"
            found_calls.append((table, row))
            while chance.random() < 0.25:
                kind = chance.choice(["email", "email", "context_device_id", "anonymous_id", "user_id"])
                found_deletions.append((TYPES[kind], chance.choice(ids[kind][1]), at + timedelta(minutes=30)))
    found_calls.sort(key=lambda call: call[1]["received_at"])
    return found_calls, sorted(set(found_deletions), key=lambda deletion: deletion[2])


def events_of(given_calls):
    return [
        Event(
            ("web", CALLS[table], row["id"]),
            row["received_at"],
            tuple((kind, row[name]) for name, kind in TYPES.items() if row.get(name) not in (None, "null")),
            row.get("previous_id"),
        )
        for table, row in given_calls
    ]


def resolved(given_calls, given_deletions, **identity):
    project = Project(**identity)
    project.send(given_calls)
    project.delete(*given_deletions)
    project.run()
    return project


def ask(project, query):
    return project.connection.execute(query).fetchall()


@pytest.mark.parametrize(("resolver", "limits"), [("components", {}), ("unify", {}), ("unify", LOOSE)])
def test_deletions_part_what_the_rules_part_event_by_event(resolver, limits):
    """Calls now, the way that each profile went, and the identifiers of each person."""
    given_calls, given_deletions = worlds(5, 500)
    events = events_of(given_calls)
    ordered = sorted(events, key=lambda event: (event.received_at, event.key))
    most, caps = (LIMITS, CAPS) if not limits else ({"user_id": (1, None)}, (100, 1000))
    expected = replay(events, most, caps=caps, protect=resolver == "unify", deletions=given_deletions)

    project = resolved(given_calls, given_deletions, resolver=resolver, **limits)

    created = {
        segment: event
        for segment, event in ask(
            project,
            "select segment_id, triggering_event_id from models.id_graph_updates "
            "where segment_id = canonical_segment_id and triggering_event_id is not null",
        )
    }
    name = {ordered[number].key[2]: number for number in expected.canonical}
    number = {segment: name[event] for segment, event in created.items()}
    now = ask(project, "select event_id, canonical_segment_id from models.event_profiles")
    assert {event: number[segment] for event, segment in now} == {
        key[2]: expected.canonical[at] for key, at in expected.now.items()
    }
    moves = ask(
        project,
        "select segment_id, canonical_segment_id, triggering_event_id, received_at "
        "from models.id_graph_updates where segment_id <> canonical_segment_id or triggering_event_id is null "
        "order by seq",
    )
    assert [(number[a], number[b], by or at) for a, b, by, at in moves] == [
        (a, b, by[2] if by[0] == "web" else by[2].replace(tzinfo=None)) for a, b, by in expected.moves
    ]
    assert sum(by[0] != "web" for _, _, by in expected.moves) > 20
    mapped = defaultdict(set)
    for segment, kind, value in ask(
        project, "select canonical_segment_id, type, value from models.external_id_mapping"
    ):
        mapped[number[segment]].add((kind, value))
    owned = defaultdict(set)
    for node, owner in expected.owner.items():
        owned[owner] |= node
    assert mapped == owned


class Reader:
    """Reads rows of the updates once, but those that a run says have changed."""

    def __init__(self):
        self.rows = {name: [] for name in UPDATES}

    def go_on(self, project):
        for name, rows in self.rows.items():
            del rows[project.facts[name].get("changed_from_seq", len(rows) + 1) - 1 :]
            rows += ask(project, f"select * from models.{name} where seq > {len(rows)} order by seq")


def folded(project):
    """Where a reader of the updates is, who keeps the newest row of each profile and identifier."""
    graph = dict(ask(project, "select segment_id, canonical_segment_id from models.id_graph_updates order by seq"))
    mapping = {
        key: (segment, operation)
        for key, segment, operation in ask(
            project,
            "select external_id_hash, segment_id, operation from models.external_id_mapping_updates order by seq",
        )
    }
    return graph, {key: graph[segment] for key, (segment, operation) in mapping.items() if operation == "CREATED"}


@pytest.mark.parametrize("identity", [{}, LOOSE, {"resolver": "components"}])
def test_the_newest_rows_of_the_updates_are_the_tables(identity):
    """Profiles, identifiers, and the traits of each profile that is a person."""
    project = resolved(*worlds(6), **identity)

    graph, mapping = folded(project)
    assert graph == dict(ask(project, "select segment_id, canonical_segment_id from models.id_graph"))
    assert mapping == dict(
        ask(project, "select external_id_hash, canonical_segment_id from models.external_id_mapping")
    )
    columns = "email, plan"
    newest = dict(ask(project, f"select segment_id, ({columns}) from models.profile_traits_updates order by seq"))
    traits = dict(
        ask(project, f"select canonical_segment_id, ({columns}) from models.profile_traits where merged_to is null")
    )
    assert {person: newest.get(person, (None, None)) for person in traits} == traits


def test_traits_are_the_newest_of_the_calls_of_each_person():
    given_calls, given_deletions = worlds(7)

    project = resolved(given_calls, given_deletions, **LOOSE)

    person = dict(
        ask(project, "select event_id, canonical_segment_id from models.event_profiles where call = 'identify'")
    )
    traits = {}
    for table, row in given_calls:
        if table != "identifies" or row["id"] not in person:
            continue
        for name in ("email", "plan"):
            if row[name] is not None or name in (row["_nulls"] or ""):
                traits[person[row["id"]], name] = row[name]
    found = ask(project, "select canonical_segment_id, name, value from models.user_traits")
    assert {(owner, name): value for owner, name, value in found} == {
        key: value for key, value in traits.items() if value is not None
    }


@pytest.mark.parametrize("identity", [{}, {"resolver": "components"}])
def test_what_comes_later_only_adds_rows_to_the_updates(identity):
    """A reader who has read up to some row goes on from there: calls and deletions that follow change none of them.

    But for aliases, which hold for all of history.
    """
    given_calls, given_deletions = worlds(8)
    steps = [(row["received_at"], table, row) for table, row in given_calls if table != "aliases"]
    steps += [(deletion[2], "deletion", deletion) for deletion in given_deletions]
    steps.sort(key=lambda step: step[0])
    project = Project(**identity)
    read = {}

    for begin in range(0, len(steps), 700):
        part = steps[begin : begin + 700]
        project.send([(table, what) for _, table, what in part if table != "deletion"])
        project.delete(*(what for _, table, what in part if table == "deletion"))
        project.run()
        for table in UPDATES:
            rows = ask(project, f"select * from models.{table} order by seq")
            assert rows[: len(read.get(table, []))] == read.get(table, [])
            read[table] = rows
            assert "changed_from_seq" not in project.facts[table]
            assert len({row[-1 if table == "id_graph_updates" else 0] for row in rows}) == len(rows)


@few
@given(given_calls=calls(), given_deletions=deletions(), data=st.data())
def test_any_split_of_calls_and_deletions_into_runs_gives_the_tables_of_one_run(given_calls, given_deletions, data):
    """A reader of the updates who goes back to where a run says that rows changed has all of them as well."""
    calls_read, deletions_read = (
        data.draw(st.integers(0, len(everything))) for everything in (given_calls, given_deletions)
    )
    whole = resolved(given_calls, given_deletions)
    parts, read = Project(), Reader()

    for part, deleted in (
        (given_calls[:calls_read], given_deletions[:deletions_read]),
        (given_calls[calls_read:], given_deletions[deletions_read:]),
    ):
        parts.send(part)
        parts.run()
        read.go_on(parts)
        parts.delete(*deleted)
        parts.run()
        read.go_on(parts)

    assert_same(parts, whole)
    assert read.rows == {name: ask(whole, f"select * from models.{name} order by seq") for name in UPDATES}
