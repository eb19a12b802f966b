"""Loaded projects to verify, and changes of their warehouse by hand."""

import duckdb
from factories import write_archive

from loader.config import Config
from loader.jobs.load import load_source
from loader.jobs.verify.source import verify_source


def change(config: Config, *statements: str) -> None:
    """Change the warehouse by hand."""
    with duckdb.connect(str(config.warehouse.path)) as connection:
        for statement in statements:
            connection.execute(statement)


def verified(config: Config) -> tuple[dict, int]:
    """The report and its exit code."""
    report = verify_source(config, config.sources[0])
    return report.as_dict(), report.exit_code()


def a_project(folder, objects, **load) -> Config:
    """A loaded project with these objects."""
    write_archive(folder / "archive", objects)
    config = Config.model_validate(
        {
            "warehouse": {"path": "warehouse.duckdb"},
            "sources": [{"name": "shop", "archive": {"uri": "archive", "layout": "segment"}, "load": load}],
        },
        context={"base": folder},
    )
    load_source(config, config.sources[0])
    return config
