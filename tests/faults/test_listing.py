"""An archive that cannot be listed."""

import pytest

from loader.archive.files import FolderTree
from loader.errors import TerminalError


@pytest.fixture
def refusing(monkeypatch):
    """From now on no folder can be listed."""

    def refuse(tree, folder):
        raise TerminalError("the folder cannot be listed", folder, "give this process permission to list the folder")

    return lambda: monkeypatch.setattr(FolderTree, "entries", refuse)


def test_a_load_whose_archive_cannot_be_listed_is_recorded_as_failed(loading, refusing):
    """Also when not even the first object is found: who watches the runs sees that this one was there."""
    loading.load()
    refusing()

    with pytest.raises(TerminalError, match="cannot be listed"):
        loading.load()

    assert loading.query("select status from _loader.loads order by started_at") == [("warnings",), ("failed",)]


def test_the_first_load_of_an_archive_that_cannot_be_listed_makes_no_warehouse(loading, refusing):
    """As where the archive is of another layout: a project that never loaded anything is left as it was."""
    refusing()

    with pytest.raises(TerminalError, match="cannot be listed"):
        loading.load()

    assert list(loading.folder.glob("warehouse*")) == []
