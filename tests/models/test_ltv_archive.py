"""From the archive of the demo to lifetime value: lines are loaded, orders are made of events, parameters are the published ones."""

import subprocess
import sys
from pathlib import Path

import pytest
from ltv_shop import CALIBRATION_END
from modelling import Modelling

ARCHIVE = Path(__file__).resolve().parents[2] / "examples" / "data" / "cdnow-archive"


class LoadedShop(Modelling):
    """A project whose one source is the bundled archive of CDNOW."""

    @property
    def config_file(self):
        path = super().config_file
        path.write_text(path.read_text().replace('"./archive"', f'"{ARCHIVE}", "layout": "segment"'))
        return path


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    made = LoadedShop(tmp_path_factory.mktemp("archive"))
    command = [sys.executable, "-m", "loader", "--config", str(made.config_file), "load"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return made


def test_the_archive_gives_the_published_parameters(loaded):
    """6,919 orders imported in 2026, with the times of 1997: calibrated to the end of September 1997."""
    loaded.run("ltv_scores", ltv={"as_of": CALIBRATION_END, "horizon_days": 364})

    ((*parameters, loglik, n, value_n),) = loaded.rows(
        "ltv_params", "r", "alpha", "a", "b", "p", "q", "v", "loglik", "n", "value_n"
    )
    assert parameters == pytest.approx(
        [0.2425945, 30.895217, 0.7929201, 2.4258989, 6.249587, 3.744218, 15.443450], rel=2e-4
    )
    assert (loglik, n, value_n) == (pytest.approx(-14_363.53044, abs=0.01), 2357, 946)
    (sums,) = loaded.query("select sum(p_alive), sum(expected_orders), sum(clv)::double from models.ltv_scores")
    assert sums == pytest.approx((1_917.278, 2_089.3994, 72_437.27), rel=2e-4)


def test_the_archive_gives_the_known_gap_of_the_holdout(loaded):
    """1,653 orders expected in 39 weeks, 1,882 came; the tenths are in the right order at the top."""
    loaded.run("ltv_holdout", ltv={"as_of": "1998-07-01", "holdout_days": 273})

    rows = loaded.rows("ltv_holdout", "people", "expected_orders", "actual_orders", order="decile")
    people, expected, actual = (sum(column) for column in zip(*rows, strict=True))
    assert (people, expected, actual) == (2357, pytest.approx(1_653.409, rel=2e-4), 1_882)
    assert [row[2] for row in rows[:5]] == sorted((row[2] for row in rows[:5]), reverse=True)
