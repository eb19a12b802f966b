"""BG/NBD and Gamma-Gamma by ours, in a process of its own: the histograms out of the warehouse, and the two fits.

The seconds are of both; neither of opening the file nor of importing modules.
"""

import json
import sys
import time
from typing import Any, cast

import duckdb

from loader.models.ltv import bgnbd, gamma_gamma
from loader.models.ltv.tables import histories, spending

TABLE = "models.ltv_rfm"


def main(warehouse: str) -> None:
    """Fit, and print parameters and seconds as one JSON object."""
    with duckdb.connect(warehouse, read_only=True, config={"threads": 2}) as connection:
        context = cast("Any", connection)  # of a Context, only `execute` is used
        started, started_cpu = time.perf_counter(), time.process_time()
        people = histories(context, TABLE)
        orders, orders_fit = bgnbd.fit(people)
        between = time.perf_counter()
        money = spending(context, TABLE)
        values, values_fit = gamma_gamma.fit(money)
        ended = time.perf_counter()
    seconds = {"bgnbd": between - started, "gamma_gamma": ended - between, "cpu": time.process_time() - started_cpu}
    found = {name: getattr(orders, name) for name in bgnbd.NAMES}
    found |= {name: getattr(values, name) for name in gamma_gamma.NAMES}
    rows = {"bgnbd": people.x.size, "gamma_gamma": money.x.size}
    steps = {"bgnbd": orders_fit.iterations, "gamma_gamma": values_fit.iterations}
    print(json.dumps({"parameters": found, "seconds": seconds, "rows_fitted": rows, "iterations": steps}))


if __name__ == "__main__":
    main(sys.argv[1])
