import shutil

import postgres as server
import pytest
from modelling import Modelling


@pytest.fixture
def modelling(tmp_path):
    """A project without calls; see tests/modelling.py."""
    return Modelling(tmp_path)


@pytest.fixture(scope="session")
def postgres():
    """A Postgres server; skipped, and said so, where none is installed. See tests/postgres.py."""
    if not server.is_installed():
        pytest.skip("no Postgres is installed (Debian: apt-get install postgresql)")
    started = server.a_server()
    yield started
    started.stop()
    shutil.rmtree(started.folder, ignore_errors=True)
