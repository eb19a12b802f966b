"""kill -9 during a rebuild of some days: the tables stay as they were, and the next rebuild does its work."""

import signal

import pytest
from loading import canonical

STEPS = ("carried", "begin", "committed", "loaded", "swapped")
DAYS = ("2026-03-02", "2026-03-04")
"""The second and the third; the end is exclusive."""
pytestmark = pytest.mark.slow


def test_a_rebuild_passes_every_step(run_driver, undisturbed, loading):
    """So that killing at a step kills something."""
    loading.load()

    code, out, err = run_driver("-", 0, *DAYS)

    assert (code, err) == (0, "")
    assert set(STEPS) <= set(out.split())
    assert canonical(loading.held()) == undisturbed


@pytest.mark.parametrize("name", STEPS)
def test_a_rebuild_killed_at_a_step_can_be_run_again(run_driver, loading, undisturbed, name):
    """Nothing of it is seen before the end, and nothing is left over after it."""
    loading.load()
    loading.change("delete from web.tracks where _object = 2")
    damaged = canonical(loading.held())

    code, _, err = run_driver(name, 1, *DAYS)

    assert (code, err) == (-signal.SIGKILL, "")
    assert canonical(loading.held()) == damaged
    loading.rebuild(first=2, last=3)
    assert canonical(loading.held()) == undisturbed
    assert loading.differences() == []
    assert not list(loading.folder.glob(".*rebuild*"))
    assert loading.load()["objects"] == 0


def test_a_load_goes_on_after_a_killed_rebuild(run_driver, loading, undisturbed):
    """Its lease does not outlive it."""
    loading.load()

    assert run_driver("loaded", 1, *DAYS)[0] == -signal.SIGKILL

    assert loading.load()["objects"] == 0
    assert canonical(loading.held()) == undisturbed
