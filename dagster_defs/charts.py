"""Shows the charts of the report on the pages of their assets."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from loader.config import Config, redact
from loader.errors import LoaderError
from loader.reading import open_reader
from loader.report.digest import DIGESTED, digests
from loader.report.facts import facts_of


def charts_of(
    context: dg.AssetExecutionContext, config: Config, models: Sequence[str]
) -> dict[str, dict[str, dg.MetadataValue[Any]]]:
    """The metadata `chart`, by model. If a chart fails, the run does not, because its tables are made."""
    wanted = DIGESTED.intersection(models)
    if not wanted:
        return {}
    try:
        with open_reader(config) as reader:
            written = digests(facts_of(reader, config, datetime.now(UTC)), wanted)
    except LoaderError as error:
        context.log.warning(f"no charts: {redact(str(error))}")
        return {}
    return {name: {"chart": dg.MetadataValue.md(table)} for name, table in written.items()}
