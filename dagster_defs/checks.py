"""Checks that run after every load. Each is one cheap query."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from dagster_defs.resources import WRITER_POOL, Project
from dagster_defs.turns import turn
from loader.checking import Finding, conservation, objects_readable, quarantine_growth, unique_ids
from loader.config import SourceSettings
from loader.core.tables import CALL_TABLES
from loader.inventory import schema_of
from loader.reading import Reader

# Checks of a whole source, shown at the table that every source has.
OF_SOURCE = {
    "conservation": (conservation, "Every message that was read is a row, a copy of one, or in quarantine."),
    "objects_readable": (objects_readable, "Every archive object could be read to its end."),
    "quarantine_growth": (quarantine_growth, "The newest load quarantined no clearly larger share than those before."),
}
UNIQUE_IDS = "unique_ids"


def check_keys(source: SourceSettings) -> list[dg.AssetCheckKey]:
    """The keys of all checks of a source."""
    return [spec.key for spec in _specs(source)]


def source_checks(source: SourceSettings) -> dg.AssetChecksDefinition:
    """The checks of a source, in one step, which waits for its turn at the file like loads do."""
    name = source.name

    @dg.multi_asset_check(name=f"check_{schema_of(source)}", specs=_specs(source), can_subset=True, pool=WRITER_POOL)
    def check(context: dg.AssetCheckExecutionContext, project: Project) -> Iterator[dg.AssetCheckResult]:
        with turn(context):
            settings = project.config().source(name)
            with project.reader() as reader:
                keys = sorted(context.selected_asset_check_keys)
                results = [_result(key, _ask(reader, settings, key)) for key in keys]
            yield from results

    return check


def _specs(source: SourceSettings) -> list[dg.AssetCheckSpec]:
    schema = schema_of(source)
    of_source = [
        dg.AssetCheckSpec(name, asset=[schema, "tracks"], description=text) for name, (_, text) in OF_SOURCE.items()
    ]
    of_tables = [
        dg.AssetCheckSpec(UNIQUE_IDS, asset=[schema, table], description="Every row has an id of its own.")
        for table in CALL_TABLES
    ]
    return [*of_source, *of_tables]


def _ask(reader: Reader, source: SourceSettings, key: dg.AssetCheckKey) -> Finding:
    if key.name == UNIQUE_IDS:
        return unique_ids(reader, source, key.asset_key.path[-1])
    return OF_SOURCE[key.name][0](reader, source)


def _result(key: dg.AssetCheckKey, finding: Finding) -> dg.AssetCheckResult:
    metadata: Mapping[str, Any] = {
        **finding.numbers,
        **(
            {"examples": dg.MetadataValue.md("\n".join(f"- {text}" for text in finding.examples))}
            if finding.examples
            else {}
        ),
    }
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=finding.passed,
        severity=dg.AssetCheckSeverity.WARN if finding.is_warning else dg.AssetCheckSeverity.ERROR,
        description=finding.text,
        metadata=metadata,
    )
