"""An archive that cannot be listed."""

import pytest

from loader.archive.files import FolderTree
from loader.errors import TerminalError


def test_a_load_whose_archive_cannot_be_listed_is_recorded_as_failed(loading, monkeypatch):
    """Also when not even the first object is found: who watches the runs sees that this one was there."""

    def refuse(tree, folder):
        raise TerminalError("the folder cannot be listed", folder, "give this process permission to list the folder")

    monkeypatch.setattr(FolderTree, "entries", refuse)
    with pytest.raises(TerminalError, match="cannot be listed"):
        loading.load()

    assert loading.query("select status from _loader.loads") == [("failed",)]
