"""The tables are a pure function of the archive: order, splits, repetition and the way a line takes do not matter."""

import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from factories import a_key
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from loading import Loading, canonical
from property.archives import (
    LINES,
    PLAIN_PAYLOADS,
    PLAIN_SCALARS,
    REAL_SOURCES,
    archives,
    identifies,
    messages,
    real_objects,
    spelled,
)
from tables import CALL_TABLES

from loader.config import load_config
from loader.jobs.verify.source import verify_source
from loader.staging import StagingLimits

ONE_BY_ONE = StagingLimits(batch_objects=1)
PLAIN_LINES = st.builds(spelled, messages(PLAIN_PAYLOADS, is_plain=True), st.booleans())
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def few(examples: int) -> settings:
    """A load takes a good part of a second."""
    return settings(max_examples=examples, suppress_health_check=SLOW)


@contextmanager
def a_source(**options):
    """A source in a folder of its own: examples of one test must not meet."""
    with tempfile.TemporaryDirectory(prefix="loading-") as folder:
        yield Loading(Path(folder), options)


OPTIONS = (
    {},
    {"on_conflict": "discard", "table_cap": 1},
    {"on_conflict": "text", "null_traits": "keep"},
    {"users_from_context_traits": True, "envelope_columns": ["channel", "integrations", "metadata"]},
    {"raw_events": True, "date_only": "timestamp", "json_paths": ["track.properties.a"], "exclude": ["plan"]},
)


@few(8)
@given(archives(), archives(), st.sampled_from(OPTIONS), st.booleans())
def test_what_was_loaded_is_verified(first, second, options, is_rebuilt):
    """By the reader of `loader verify`, after loads one after the other, whatever the options, and after a rebuild."""
    with a_source(**options) as loading:
        loading.write_objects(first)
        loading.load()
        loading.write_objects({f"{key}-later": lines for key, lines in second.items()})
        loading.load()
        if is_rebuilt:
            loading.rebuild()

        config = load_config(loading.config_file, {})
        assert verify_source(config, config.sources[0]).findings.kept == []


def loaded_at_once(objects, **keywords):
    """The canonical content after one load of everything, and the differences from the reference."""
    with a_source() as loading:
        loading.write_objects(objects)
        loading.load(**keywords)
        return canonical(loading.held()), loading.differences()


def loaded_in_steps(objects, order, **keywords):
    """The same objects, one load per group of keys."""
    with a_source() as loading:
        for keys in order:
            loading.write_objects({key: objects[key] for key in keys})
            loading.load(**keywords)
        return canonical(loading.held())


@few(12)
@given(archives())
@example(
    {
        "segment-logs/a/1772323200000/part-0.gz": [
            '{"type":"identify","timestamp":"2026-03-01T10:00:00.000Z","userId":"u1",'
            '"traits":{"a":null,"b":null,"A":9223372036854775808}}'
        ]
    }
)
def test_a_load_agrees_with_the_reference(objects):
    """Rows, places, copies, conflicts, quarantine and discards are those of the slow reader."""
    _, differences = loaded_at_once(objects)
    assert differences == []


@few(4)
@given(archives(), st.data())
def test_the_order_of_loads_does_not_matter(objects, data):
    """Any permutation, cut into any loads, gives the same tables, copies and quarantine."""
    keys = data.draw(st.permutations(sorted(objects)))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(keys) - 1), max_size=2))) if len(keys) > 1 else []
    order = [keys[start:end] for start, end in zip([0, *cuts], [*cuts, len(keys)], strict=True)]

    assert loaded_in_steps(objects, order) == loaded_at_once(objects)[0]


@few(6)
@given(
    st.lists(st.lists(identifies(), min_size=1, max_size=3), min_size=2, max_size=5), st.sampled_from(("clear", "keep"))
)
def test_users_are_those_of_all_calls_however_many_loads_brought_them(loads, nulls):
    """Calls that come later, earlier, at the same time, and copies that take over, a load for each few of them."""
    with a_source(null_traits=nulls, users_from_context_traits=True) as loading:
        for number, calls in enumerate(loads):
            loading.write(*calls, key=a_key(name=f"object-{number}"))
            loading.load()

        assert loading.differences() == []


@few(3)
@given(archives(most_objects=3))
def test_the_size_of_batches_does_not_matter(objects):
    """One object per batch gives what one batch gives."""
    small, differences = loaded_at_once(objects, limits=ONE_BY_ONE)
    assert differences == []
    assert small == loaded_at_once(objects)[0]


@few(3)
@given(archives(most_objects=2))
def test_loading_again_changes_nothing(objects):
    """No object is read twice, and no row is written twice."""
    with a_source() as loading:
        loading.write_objects(objects)
        loading.load()
        before = canonical(loading.held())

        again = loading.load()

        assert (again["objects"], canonical(loading.held())) == (0, before)


@few(4)
@given(archives(), st.integers(1, 2), st.integers(1, 3))
def test_a_rebuilt_day_is_as_if_nothing_had_happened_to_it(objects, day, every):
    """Whatever rows of it were lost: every one, or some, with what the ledger knew of it."""
    with a_source() as loading:
        loading.write_objects(objects)
        loading.load()
        whole = canonical(loading.held())
        of_day = f"(select object_id from _loader.objects where received_day = date '2026-03-0{day}')"
        for table in whole["tables"].keys() & CALL_TABLES:
            loading.change(f"delete from web.{table} where _object in {of_day} and _line % {every} = 0")
        for table in ("copies", "discards", "quarantine"):
            loading.change(f"delete from _loader.{table} where object_id in {of_day} and line % {every} = 0")

        loading.rebuild(first=day, last=day)

        assert canonical(loading.held()) == whole
        assert loading.differences() == []


@few(3)
@given(st.lists(LINES, min_size=1, max_size=6))
def test_the_same_lines_under_another_key_are_copies(lines):
    """A repeated object adds no row with an id; every message of it is a copy."""
    lines = [line for line in lines if "messageId" in line]
    with a_source() as loading:
        loading.write(*lines, key=a_key(1, "part-0"))
        loading.load()
        before = loading.held().tables
        loading.write(*lines, key=a_key(1, "part-1"))

        loading.load()

        held = loading.held()
        assert {table: set(rows) for table, rows in held.tables.items()} == {t: set(rows) for t, rows in before.items()}
        assert loading.differences() == []


@few(4)
@given(archives(PLAIN_LINES, most_objects=2))
def test_plain_lines_give_the_same_rows_the_exact_way(objects):
    """Two ways, one result."""
    with a_source() as loading:
        loading.write_objects(objects)
        report = loading.load()
        plain = canonical(loading.held())
    exact, differences = loaded_at_once(objects, force_exact=True)

    assert (plain, differences) == (exact, [])
    assert report["exact_lines"] == 0


@few(4)
@given(st.lists(st.lists(PLAIN_SCALARS, min_size=1, max_size=3), min_size=2, max_size=3))
def test_later_values_never_change_a_stored_one(batches):
    """A column may widen; what earlier rows say of it stays to the last digit."""
    with a_source() as loading:
        seen: dict = {}
        for number, values in enumerate(batches):
            lines = [
                spelled(
                    {
                        "type": "track",
                        "event": "Paid",
                        "messageId": f"{number}.{n}",
                        "receivedAt": "2026-03-01T10:00:00.000Z",
                        "timestamp": "2026-03-01T10:00:00.000Z",
                        "properties": {"amount": value},
                    }
                )
                for n, value in enumerate(values)
            ]
            loading.write(*lines, key=a_key(1, f"part-{number}"))
            loading.load()
            rows = loading.held().rows("paid")
            assert {row_id: rows[row_id] for row_id in seen} == seen
            seen = rows
        assert loading.differences() == []


@pytest.mark.parametrize("source_id", REAL_SOURCES)
@pytest.mark.parametrize("force_exact", [False, True], ids=["both ways", "the exact way"])
def test_a_real_archive_agrees_with_the_reference(source_id, force_exact):
    """Lines that real client libraries wrote, however they are loaded."""
    _, differences = loaded_at_once(real_objects(source_id), limits=ONE_BY_ONE, force_exact=force_exact)
    assert differences == []


@pytest.mark.parametrize("source_id", REAL_SOURCES)
def test_a_real_archive_in_any_order(source_id):
    """Backwards, object by object, with one of them repeated under another key."""
    objects = dict(real_objects(source_id))
    first = next(iter(objects))
    objects[f"{first.rpartition('/')[0]}/repeated.gz"] = objects[first]

    backwards = loaded_in_steps(objects, [[key] for key in reversed(objects)])

    assert backwards == loaded_at_once(objects)[0]
