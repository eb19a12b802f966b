"""Reads what the sections show: state tables, tables of sources and of models, if they exist."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from loader.config import Config
from loader.inventory import Table, tables
from loader.reading import Reader

Records = list[dict[str, object]]


@dataclass
class Facts:
    """The warehouse, read-only."""

    reader: Reader
    config: Config
    made_at: datetime
    existing: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Names of tables and views, by schema."""

    @property
    def models_schema(self) -> str:
        """The schema of the tables of models."""
        return self.config.models.schema_name

    @property
    def currency(self) -> str:
        """The currency of all amounts of the models."""
        return self.config.models.currency

    def has_state(self) -> bool:
        """Whether anything was ever loaded."""
        return "objects" in self.existing.get(self.config.system_schema, ())

    def has_model(self, name: str) -> bool:
        """Whether the table of a model exists."""
        return name in self.existing.get(self.models_schema, ())

    def state(self, name: str, **values: object) -> Records:
        """Run a file of `sql/page` over the state tables."""
        return self.reader.page(name, self.config.system_schema, values).records()

    def model(self, name: str, **values: object) -> Records:
        """Run a file of `sql/page` over the tables of the models.

        Raises TerminalError if a table has other columns than ours, because a model of the user may have its name.
        """
        return self.reader.page(name, self.models_schema, values).records()

    def source_tables(self) -> dict[str, Mapping[str, Table]]:
        """The tables of every source, by its name; empty if nothing was loaded."""
        if not self.has_state():
            return {}
        return {source.name: tables(self.reader, source) for source in self.config.sources}


def facts_of(reader: Reader, config: Config, made_at: datetime) -> Facts:
    """Find out which tables exist."""
    existing: dict[str, set[str]] = {}
    for schema, name in reader.page("tables", "main", {}).rows:
        existing.setdefault(str(schema), set()).add(str(name))
    return Facts(reader, config, made_at, {schema: frozenset(names) for schema, names in existing.items()})
