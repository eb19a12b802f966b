"""One source in a folder of the test."""

import pytest
from loading import Loading


@pytest.fixture
def loading(tmp_path):
    """An empty archive; the test writes objects and loads them."""
    return Loading(tmp_path)
