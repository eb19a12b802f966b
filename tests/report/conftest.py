import duckdb
import pytest
from factories import a_page_call, a_track_call
from modelling import NOW, Modelling
from report_tables import MODELS

from loader.config import load_config
from loader.reading import open_reader
from loader.report.page import page_of


class Pages:
    """A project whose warehouse a test fills, and the page of it."""

    def __init__(self, folder):
        self.project = Modelling(folder)

    def load(self, *lines):
        """Archive lines, through the loader."""
        self.project.load(*lines)

    def put(self, *names, **queries):
        """Tables of models: those of tables.py that are named, and others by their query."""
        with duckdb.connect(str(self.project.warehouse)) as connection:
            connection.execute("create schema if not exists models")
            for name, query in {**{name: MODELS[name] for name in names}, **queries}.items():
                connection.execute(f'create or replace table models."{name}" as {query}')

    def page(self):
        """The page as it would be written now."""
        with duckdb.connect(str(self.project.warehouse)):  # a warehouse that nobody filled is an empty file
            pass
        config = load_config(self.project.config_file, {})
        with open_reader(config) as reader:
            return page_of(reader, config, NOW, "Report")


@pytest.fixture
def pages(tmp_path):
    """An empty warehouse."""
    return Pages(tmp_path)


@pytest.fixture
def loaded_pages(pages):
    """A warehouse with a few calls."""
    pages.load(
        a_track_call(message_id="m1"),
        a_track_call(message_id="m2", event="Product Viewed"),
        a_track_call(message_id="m3", event="Product Viewed", userId="u-2"),
        a_page_call(message_id="m4"),
        a_page_call(message_id="m4"),
        '{"type": oops',
    )
    return pages
