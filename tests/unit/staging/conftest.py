"""Objects that are staged."""

import pytest
from staged import FlatFolder, Staged

from loader.archive.files import FolderArchive
from loader.staging import Stager, StagingLimits


@pytest.fixture
def stage(tmp_path):
    """Stages objects, given as stored bytes by key, in the order of their keys."""

    def run(objects: dict[str, bytes], **limits: int) -> Staged:
        folder = tmp_path / "archive"
        folder.mkdir(exist_ok=True)
        for key, stored in objects.items():
            (folder / key).write_bytes(stored)
        archive = FolderArchive(folder, FlatFolder())
        staged = Staged()
        with Stager(archive, archive.objects(), tmp_path / "work", StagingLimits(**limits)) as stager:
            for batch in stager.batches():
                staged.add(batch)
        assert not list((tmp_path / "work").iterdir())
        return staged

    return run


@pytest.fixture
def stage_one(stage):
    """Stages one object, `x.gz`."""
    return lambda stored, **limits: stage({"x.gz": stored}, **limits)
