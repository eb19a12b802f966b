"""A source of several objects, and what an undisturbed load makes of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from factories import a_key, a_track_call, an_archive_object, an_identify_call
from loading import Loading, canonical
from property.archives import synthetic_object

from loader.staging import StagingLimits

DRIVER = Path(__file__).with_name("driver.py")
ROOT = Path(__file__).parents[2]
SMALL = StagingLimits(batch_objects=2)


def fill(loading: Loading, objects: int = 5, messages: int = 40) -> Loading:
    """Objects that repeat messages of each other, widen a column and hold a bad line."""
    for number in range(objects):
        amount = a_track_call({"amount": number + 0.5 if number > 2 else number}, f"Paid {number % 2}", f"a{number}")
        more = [amount, an_identify_call({"plan": number}, "u-1", f"i{number}"), "{oops", amount]
        body = synthetic_object(messages + number) + an_archive_object(more)
        loading.write_body(body, a_key(1 + number, f"part-{number}"))
    return loading


@pytest.fixture
def loading(tmp_path):
    """A filled archive that was never loaded."""
    return fill(Loading(tmp_path / "project"))


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """What the warehouse holds after a load that nobody disturbed."""
    loading = fill(Loading(tmp_path_factory.mktemp("undisturbed") / "project"))
    loading.load(limits=SMALL)
    assert loading.differences() == []
    return canonical(loading.held())


def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """A Python process that finds the product and the tests."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def run_driver(loading):
    """Load, or rebuild days, in a process that is killed at an occurrence of a step."""

    def run(name: str = "-", occurrence: int = 0, *days: str) -> tuple[int, str, str]:
        process = start(str(DRIVER), str(loading.config_file), name, str(occurrence), *days, cwd=loading.folder)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    return run


@pytest.fixture
def start_python(loading):
    """Start Python text, with arguments, in the folder of the project."""
    return lambda text, *arguments: start("-c", text, *arguments, cwd=loading.folder)


@pytest.fixture
def start_load(loading):
    """Start `loader load` as a user does."""

    def run(*arguments: str) -> subprocess.Popen[str]:
        config = str(loading.config_file)
        return start("-m", "loader", "load", "--config", config, *arguments, cwd=loading.folder)

    return run
