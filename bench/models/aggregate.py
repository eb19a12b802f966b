"""A plain hash aggregate over `ltv_rfm`, one group per customer, stored: what scoring is compared with."""

import json
import sys
import time
from pathlib import Path

import duckdb

AGGREGATE = """
    create or replace table models.aggregated as
    select canonical_segment_id, count(*) as people, sum(monetary_total) as value, max(age_days) as age
    from models.ltv_rfm group by canonical_segment_id
"""


def main(warehouse: str, memory: str) -> None:
    """Aggregate, and print the seconds as one JSON object."""
    config = {"memory_limit": memory, "temp_directory": str(Path(warehouse).parent / "spill")}
    settings: dict[str, str | bool | int | float | list[str]] = {
        **config,
        "threads": 2,
        "preserve_insertion_order": False,
    }
    with duckdb.connect(":memory:", config=settings) as connection:
        connection.execute(f"attach '{warehouse}' as warehouse (storage_version 'latest'); use warehouse")
        started, started_cpu = time.perf_counter(), time.process_time()
        connection.execute(AGGREGATE)
        seconds = {"wall": time.perf_counter() - started, "cpu": time.process_time() - started_cpu}
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
