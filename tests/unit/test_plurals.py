import pytest

from loader.core.plurals import counted


@pytest.mark.parametrize(("number", "written"), [(0, "0 lines"), (1, "1 line"), (1200, "1,200 lines")])
def test_a_noun_is_singular_after_one(number, written):
    assert counted(number, "line") == written
