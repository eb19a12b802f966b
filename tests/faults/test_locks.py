"""One writer at a time: others wait or say who is in the way, and nothing is lost."""

import os
import subprocess
import sys
import time

import pytest
from loading import canonical

pytestmark = pytest.mark.slow
HOLD = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
connection.execute("select count(*) from web.tracks").fetchall()
print("open", flush=True)
time.sleep(float(sys.argv[2]))
"""


def finished(process):
    """Exit code and standard error."""
    _, err = process.communicate(timeout=300)
    return process.returncode, err


@pytest.fixture
def hold(loading):
    """A process that has the warehouse open for reading, as a notebook does."""
    started = []

    def run(seconds: float) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(loading.warehouse), str(seconds)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_two_loads_at_once_lose_nothing(start_load, loading, undisturbed):
    """Both succeed, or one ends with code 4 and names the holder; a further load leaves nothing to do."""
    processes = [start_load(), start_load()]

    results = [finished(process) for process in processes]

    codes = sorted(code for code, _ in results)
    assert codes in ([0, 0], [0, 4]), results
    for (code, err), other in zip(results, reversed(processes), strict=True):
        assert code == 0 or str(other.pid) in err
    loading.load()
    assert canonical(loading.held()) == undisturbed
    assert loading.differences() == []


def test_a_second_load_while_one_runs_names_its_holder_or_waits(start_load, loading, undisturbed):
    """The second begins in the middle of the first."""
    first = start_load()
    time.sleep(0.7)
    second = start_load()

    results = [finished(first), finished(second)]

    assert results[0][0] == 0, results
    assert results[1][0] in (0, 4), results
    assert results[1][0] == 0 or str(first.pid) in results[1][1]
    loading.load()
    assert canonical(loading.held()) == undisturbed


def test_a_short_reader_delays_a_load_only(start_load, loading, hold):
    """The load waits for a bounded time; the reader is gone by then."""
    loading.load()
    before = canonical(loading.held())
    hold(2)

    code, err = finished(start_load())

    assert (code, canonical(loading.held())) == (0, before), err


def test_a_reader_that_stays_is_named_with_what_to_do(start_load, loading, hold, undisturbed):
    """Code 4, the process in the way, a fix; after it closed, the load does its work."""
    late = loading.stored.popitem()[1]
    (loading.archive / late.key).unlink()
    loading.load()
    loading.write_body(late.body, late.key)
    reader = hold(600)

    code, err = finished(start_load())

    assert code == 4, err
    assert str(reader.pid) in err
    assert "fix:" in err
    reader.kill()
    reader.wait()
    assert finished(start_load())[0] == 0
    assert canonical(loading.held()) == undisturbed


def test_a_holder_that_died_does_not_lock_anyone_out(run_driver, start_load, loading, undisturbed):
    """A lease whose process is gone on this machine is taken over at once."""
    assert run_driver("inserted", 1)[0] == -9
    begin = time.monotonic()

    code, err = finished(start_load())

    assert code == 0, err
    assert time.monotonic() - begin < 60
    assert canonical(loading.held()) == undisturbed
    assert os.listdir(loading.work_dir) == [] if loading.work_dir.exists() else True
