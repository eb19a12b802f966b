"""A source that gets another name: it is another source, unless its schema stays the same."""

import pytest
from factories import a_track_call
from loading import Loading

from loader.config import Config, load_config
from loader.errors import ConfigError
from loader.jobs.load import load_source
from loader.jobs.rebuild import rebuild
from loader.jobs.verify.source import verify_source


@pytest.fixture
def loading(tmp_path):
    """The source `web`, loaded."""
    loading = Loading(tmp_path)
    loading.write(a_track_call())
    loading.load()
    return loading


def renamed(loading: Loading, name: str) -> Config:
    """The configuration, where the source has another name."""
    config = load_config(loading.config_file, {})
    return config.model_copy(update={"sources": (config.sources[0].model_copy(update={"name": name}),)})


@pytest.mark.parametrize("name", ["Web", "WEB", "-web-"])
def test_a_name_that_spells_the_schema_otherwise_is_refused(loading, name):
    """Nothing says then which of the rows are whose; under the old name the source goes on."""
    config = renamed(loading, name)
    jobs = (
        lambda: load_source(config, config.sources[0], dry_run=True),
        lambda: load_source(config, config.sources[0]),
        lambda: rebuild(config, config.sources[0], None),
    )
    for job in jobs:
        with pytest.raises(ConfigError) as caught:
            job()

        assert caught.value.what == f"the schema 'web' of the source {name!r} already holds the source 'web'"
        assert caught.value.fix.startswith("name the source 'web' again, ")

    assert loading.load()["objects"] == 0
    assert loading.differences() == []


def test_a_name_with_another_schema_is_a_new_source(loading):
    """It is loaded anew; what the old one loaded stays."""
    config = renamed(loading, "Web shop")

    report = load_source(config, config.sources[0])

    assert report.as_dict()["objects"] == 1
    assert verify_source(config, config.sources[0]).as_dict()["mismatches"] == []
    assert loading.query("select id from web.tracks") == loading.query("select id from web_shop.tracks") == [("m1",)]
