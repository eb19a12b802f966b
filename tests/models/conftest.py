import pytest
from modelling import Modelling


@pytest.fixture
def modelling(tmp_path):
    """A project without calls; see tests/modelling.py."""
    return Modelling(tmp_path)
