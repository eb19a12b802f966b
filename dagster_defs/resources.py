"""The project that Dagster works on: the same configuration file as for the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from loader.config import Config, load_config
from loader.reading import Reader, open_reader

# DuckDB allows one writer. dagster.yaml gives every pool one slot, so that a second run waits instead of failing.
WRITER_POOL = "duckdb_writer"
# A load in another process may hold the file for the length of a batch.
WAIT_SECONDS = 60.0


class Project(dg.ConfigurableResource):  # type: ignore[type-arg]
    """One configuration file. Every run reads it again, so changed values need no reload."""

    config_file: str

    def config(self) -> Config:
        """The configuration. Raises ConfigError with every problem and its line."""
        return load_config(self.config_file)

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """A reader of the warehouse, for a short time. Raises BusyError if a load holds it for too long."""
        with open_reader(self.config(), WAIT_SECONDS) as reader:
            yield reader
