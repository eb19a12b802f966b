"""Lifetime value: the fit beside `lifetimes`, and scoring beside a hash aggregate over the same rows."""

import json
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from bench.load.measure import ROOT, Result, Run, alternate, median, run_process
from bench.models.buyers import PARAMETERS, write_customers
from bench.models.options import Options
from bench.models.project import make_models, model_seconds, write_project
from loader.models.ltv.bgnbd import Parameters
from loader.models.ltv.grid import Outlook, make_grid

PEERS_PYTHON: Final = ROOT / ".make" / "peers" / "bin" / "python"
FIT_TARGET: Final = 15.0
SCORE_TARGET: Final = 10.0
_AGREEMENT: Final = 1e-4
_ONE_THREAD: Final = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
"""For both: threads of a linear algebra library that wait for each other are no work of either."""
_OUTLOOK: Final = Outlook(horizon_days=364, window_days=181, likelihood_days=30, discount_rate=0.1)
_PARAMS: Final = """
    create table models.ltv_params as
    select 'bench' as run_id, 20.7 as guide_multiple, cast(null as varchar) as problem,
        cast(? as double) as r, cast(? as double) as alpha, cast(? as double) as a, cast(? as double) as b,
        cast(? as double) as p, cast(? as double) as q, cast(? as double) as v
"""


def ltv(options: Options) -> Result:
    """BG/NBD and Gamma-Gamma by `lifetimes` and by ours; and scores beside a hash aggregate."""
    if not PEERS_PYTHON.exists():
        raise SystemExit("the peer is not installed: make bench-models")
    with TemporaryDirectory() as temporary:
        fitted, scored = Path(temporary) / "fitted.duckdb", Path(temporary) / "scored"
        write_customers(fitted, options.customers)
        runs = alternate(options.runs, lambda: _peer(fitted, options), lambda: _ours(fitted, options))
        a_project_to_score(scored, options)
        runs += alternate(options.runs, lambda: _aggregate(scored, options), lambda: _score(scored, options))
    return Result(runs, "lifetimes", [*_fit_notes(runs), *_score_notes(runs)])


def a_project_to_score(folder: Path, options: Options) -> None:
    """Customers, parameters, and the grid of every number of orders and age that they have."""
    warehouse = write_project(folder, options.memory)
    write_customers(warehouse, options.scored)
    given = Parameters(*(PARAMETERS[name] for name in ("r", "alpha", "a", "b")))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(_PARAMS, list(PARAMETERS.values()))
        pairs = connection.execute("select distinct x, age_days from models.ltv_rfm order by 1, 2").fetchnumpy()
        grid = make_grid(given, pairs["x"].astype(float), pairs["age_days"].astype(float), _OUTLOOK)
        columns = {"x": pairs["x"], "age_days": pairs["age_days"], "z": grid.z, "h": grid.h}
        columns |= {"expected_if_alive": grid.expected, "discounted_if_alive": grid.discounted}
        columns |= {"soon_if_alive": grid.soon, "window_if_alive": grid.window}
        columns |= {"horizon_days": np.full(grid.x.size, _OUTLOOK.horizon_days)}
        connection.register("given", pa.table(columns))
        connection.execute("create table models.ltv_grid as select * from given")


def _peer(warehouse: Path, options: Options) -> Run:
    command = [str(PEERS_PYTHON), "-m", "bench.models.peers.lifetimes_peer", str(warehouse)]
    return run_process("lifetimes", command, options.customers, environment=_ONE_THREAD)


def _ours(warehouse: Path, options: Options) -> Run:
    command = [sys.executable, "-m", "bench.models.ltv_fit", str(warehouse)]
    return run_process("fit", command, options.customers, environment=_ONE_THREAD)


def _aggregate(folder: Path, options: Options) -> Run:
    command = [sys.executable, "-m", "bench.models.aggregate", str(folder / "warehouse.duckdb"), options.memory]
    return run_process("aggregate", command, options.scored)


def _score(folder: Path, options: Options) -> Run:
    run = make_models(folder, "scores", options.scored, ["ltv_scores"])
    assert run.report["models"][0]["rows"] == options.scored, run.report["models"]
    return run


def _fit_notes(runs: list[Run]) -> list[str]:
    """How much faster the fits are, of the seconds that both programs take of them, and how far apart they end."""
    by_variant = {name: [run for run in runs if run.variant == name] for name in ("lifetimes", "fit")}
    theirs, ours = (found[-1].report["parameters"] for found in by_variant.values())
    apart = max(abs(ours[name] / theirs[name] - 1) for name in PARAMETERS)
    assert apart < _AGREEMENT, f"not the same parameters: {json.dumps([theirs, ours])}"
    cpu, wall = (
        _seconds(by_variant["lifetimes"], names) / _seconds(by_variant["fit"], names)
        for names in (("cpu",), ("bgnbd", "gamma_gamma"))
    )
    report = by_variant["fit"][-1].report
    return [
        f"fit: {cpu:.1f} x as fast by CPU seconds, {wall:.1f} x by wall (target: at least {FIT_TARGET:g}); parameters "
        f"within {apart:.1e}; rows {report['rows_fitted']}, iterations {report['iterations']}"
    ]


def _seconds(runs: list[Run], names: tuple[str, ...]) -> float:
    """The median of a sum of the seconds that a program reports of itself."""
    return float(statistics.median(sum(run.report["seconds"][name] for name in names) for run in runs))


def _score_notes(runs: list[Run]) -> list[str]:
    base, ours = ([run for run in runs if run.variant == name] for name in ("aggregate", "scores"))
    cpu = median(ours, "cpu_seconds") / median(base, "cpu_seconds")
    wall = median(ours, "wall_seconds") / median(base, "wall_seconds")
    seconds = statistics.median(model_seconds(run)["ltv_scores"] for run in ours)
    return [
        f"scores: {cpu:.1f} x the CPU of the aggregate, {wall:.1f} x the wall, with start and checks (target: "
        f"at most {SCORE_TARGET:g}); the model alone {seconds:.1f} s"
    ]
