"""kill -9 anywhere: the next load makes the same tables, as if nothing had happened."""

import signal
import time
from collections import Counter

import pytest
from factories import a_key, an_identify_call
from faults.driver import CUT, SMALL
from loading import canonical

STEPS = ("staged", "normalized", "schema", "begin", "inserted", "latest", "ledger", "committed")
pytestmark = pytest.mark.slow


def test_a_load_passes_every_step_in_every_batch(run_driver, undisturbed, loading):
    """So that killing at a step kills something."""
    code, out, err = run_driver()

    assert (code, err) == (0, "")
    counts = Counter(out.split())
    assert set(STEPS) <= set(counts)
    assert min(counts[name] for name in STEPS) >= 3
    assert canonical(loading.held()) == undisturbed


@pytest.mark.parametrize("occurrence", [1, 2, 3])
@pytest.mark.parametrize("name", STEPS)
def test_a_load_killed_at_a_step_is_repeated_in_full(run_driver, loading, undisturbed, name, occurrence):
    """All of a batch is there or nothing; the next load does the rest."""
    code, _, err = run_driver(name, occurrence)
    assert (code, err) == (-signal.SIGKILL, "")

    loading.load(limits=SMALL)

    assert_as_undisturbed(loading, undisturbed)


@pytest.mark.parametrize(("name", "occurrence"), [("committed", 2), ("inserted", 4), ("committed", 5)])
def test_a_load_killed_within_an_object_goes_on_in_it(run_driver, loading, undisturbed, monkeypatch, name, occurrence):
    """Several batches of the object are there already, and several are not; none of its rows is a copy of itself."""
    monkeypatch.setenv("CUT_OBJECTS", "1")
    assert run_driver(name, occurrence)[0] == -signal.SIGKILL
    assert ("loading",) in loading.query("select status from _loader.objects")

    loading.load(limits=CUT)

    assert_as_undisturbed(loading, undisturbed)


def test_killed_twice_in_a_row(run_driver, loading, undisturbed):
    """Recovery may be killed as well."""
    assert run_driver("inserted", 1)[0] == -signal.SIGKILL
    assert run_driver("ledger", 2)[0] == -signal.SIGKILL

    loading.load(limits=SMALL)

    assert_as_undisturbed(loading, undisturbed)


@pytest.mark.parametrize("part", [0.3, 0.5, 0.6, 0.7, 0.8, 0.9])
def test_a_load_killed_at_some_moment_is_repeated_in_full(start_load, loading, undisturbed, part, whole_seconds):
    """At no particular point: some part of the time that a whole load takes."""
    process = start_load()
    time.sleep(part * whole_seconds)
    process.kill()
    process.communicate(timeout=60)

    loading.load(limits=SMALL)

    assert_as_undisturbed(loading, undisturbed)


@pytest.mark.parametrize("name", ["schema", "begin", "inserted", "latest", "ledger"])
def test_context_traits_that_give_way_do_so_after_a_kill_too(run_driver, loading, name):
    """The values of people who are not heard of again move to another column, or stay until the next load moves them."""
    loading.with_options(users_from_context_traits=True)
    loading.load(limits=SMALL)
    loading.write(an_identify_call({}, "u-2", "c1", context={"traits": {"seats": "many"}}), key=a_key(8, "context"))
    loading.load()
    loading.write(an_identify_call({"seats": 35}, "u-3", "c2"), key=a_key(9, "own"))
    assert run_driver(name, 1)[0] == -signal.SIGKILL

    loading.load()

    users = loading.held().rows("users")
    assert (users["u-2"]["seats"], users["u-3"]["seats"]) == ("many", "35")
    assert loading.differences() == []


@pytest.fixture(scope="module")
def whole_seconds(tmp_path_factory):
    """How long a whole `loader load` takes here."""
    from faults.conftest import fill, start
    from loading import Loading

    loading = fill(Loading(tmp_path_factory.mktemp("timed") / "project"))
    begin = time.monotonic()
    process = start("-m", "loader", "load", "--config", str(loading.config_file), cwd=loading.folder)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return time.monotonic() - begin


def assert_as_undisturbed(loading, undisturbed):
    """Same content, every object done once, nothing left on disk, and a further load finds nothing to do."""
    assert canonical(loading.held()) == undisturbed
    assert loading.differences() == []
    objects = loading.query("select key, status from _loader.objects")
    assert sorted(objects) == sorted((key, "done") for key in loading.stored)
    assert [path for path in loading.work_dir.rglob("*") if path.is_file()] == []
    assert loading.load()["objects"] == 0
