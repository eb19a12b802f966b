"""BG/NBD and Gamma-Gamma by `lifetimes`, one row per person, as its quickstart does it.

The seconds are of the two fits alone: neither of reading the table nor of importing the library.
"""

import json
import sys
import time

import duckdb
from lifetimes import BetaGeoFitter, GammaGammaFitter


def main(warehouse: str) -> None:
    """Fit, and print parameters and seconds as one JSON object."""
    with duckdb.connect(warehouse, read_only=True) as connection:
        people = connection.execute("select x, t_x_days, age_days, mean_repeat_order from models.ltv_rfm").df()
    started = time.perf_counter()
    started_cpu = time.process_time()
    orders = BetaGeoFitter()
    orders.fit(people["x"], people["t_x_days"], people["age_days"])
    between = time.perf_counter()
    returning = people[people["x"] > 0]
    values = GammaGammaFitter()
    values.fit(returning["x"], returning["mean_repeat_order"])
    ended = time.perf_counter()
    found = {**orders.params_.to_dict(), **values.params_.to_dict()}
    seconds = {"bgnbd": between - started, "gamma_gamma": ended - between, "cpu": time.process_time() - started_cpu}
    print(json.dumps({"parameters": {name: float(value) for name, value in found.items()}, "seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv[1])
