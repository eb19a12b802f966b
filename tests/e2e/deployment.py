"""A configuration file under Dagster, with an instance of its own: runs in this process, and what they said."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from e2e.small_archive import DAYS

from dagster_defs.assets import DESCRIPTIONS
from dagster_defs.definitions import build_definitions
from dagster_defs.resources import Project

WORKSPACE = Path(__file__).resolve().parents[2] / "workspace.yaml"
FIRST, SECOND, THIRD = (day.isoformat() for day in DAYS)
"""The days of the small archive, as partitions."""
EVERY_DAY = {"dagster/asset_partition_range_start": FIRST, "dagster/asset_partition_range_end": THIRD}


@dataclass
class Ran:
    """One run in this process."""

    result: dg.ExecuteInProcessResult

    @property
    def is_success(self) -> bool:
        return self.result.success

    def metadata(self, key: str, partition: str | None = None) -> dict[str, Any]:
        """Metadata of one materialization, as plain values."""
        for event in self.result.all_events:
            if event.event_type_value == "ASSET_MATERIALIZATION":
                found = event.step_materialization_data.materialization
                if found.asset_key.to_user_string() == key and partition in (None, found.partition):
                    return {name: value.value for name, value in found.metadata.items()}
        raise AssertionError(f"{key} was not materialized")

    def materialized(self) -> set[tuple[str, str | None]]:
        """Assets and partitions."""
        events = [e for e in self.result.all_events if e.event_type_value == "ASSET_MATERIALIZATION"]
        found = [event.step_materialization_data.materialization for event in events]
        return {(item.asset_key.to_user_string(), item.partition) for item in found}

    def checks(self) -> dict[str, bool]:
        """Answers by asset and check."""
        found = self.result.get_asset_check_evaluations()
        return {f"{item.asset_key.to_user_string()}:{item.check_name}": item.passed for item in found}

    def failure(self) -> str:
        """What the failed step said."""
        (event,) = [e for e in self.result.all_events if e.event_type_value == "STEP_FAILURE"]
        data = event.step_failure_data
        return f"{data.user_failure_data.description if data.user_failure_data else ''}{data.error}"


@dataclass
class Deployment:
    """A configuration file with an instance of its own."""

    config: Path
    instance: dg.DagsterInstance

    @property
    def definitions(self) -> dg.Definitions:
        return build_definitions(self.config)

    def run(self, job: str = "load_shop_job", partition: str | None = None, **tags: str) -> Ran:
        """Execute a job; a failed run is returned, not raised."""
        resolved = self.definitions.resolve_job_def(job)
        return Ran(
            resolved.execute_in_process(
                partition_key=partition, tags=tags, instance=self.instance, raise_on_error=False
            )
        )

    def materialize(self, partition: str | None, *keys: list[str]) -> Ran:
        """What the asset page runs: the tables of the source, or the chosen assets."""
        chosen = [dg.AssetKey(key) for key in keys or [["shop", table] for table in DESCRIPTIONS]]
        job = self.definitions.resolve_implicit_global_asset_job_def()
        return Ran(
            job.execute_in_process(
                partition_key=partition, asset_selection=chosen, instance=self.instance, raise_on_error=False
            )
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A query of the warehouse."""
        with duckdb.connect(str(self.config.parent / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def tick(self, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
        """One look of the sensor."""
        sensor = self.definitions.get_repository_def().get_sensor_def("shop_archive")
        resources = {"project": Project(config_file=str(self.config))}
        with dg.build_sensor_context(instance=self.instance, cursor=cursor, resources=resources) as context:
            return sensor(context)
