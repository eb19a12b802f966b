"""Each of our models in Postgres' and Snowflake's spelling, as files to be read in reviews.

`UPDATE_GOLDEN=1 pytest tests/models/test_rendering.py` writes them anew. Postgres' is also run, in test_postgres.py;
Snowflake's is rendered only: nothing here says that Snowflake accepts it.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from postgres import model_query
from sqlglot import exp

from loader.config import ModelsSettings
from loader.models.catalog import read_catalog
from loader.models.parameters import parameters_of
from loader.models.render import render

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "models"
PARAMETERS = parameters_of(ModelsSettings.model_validate({"as_of": "2026-04-01"}), datetime(2026, 4, 1, tzinfo=UTC))
CATALOG = read_catalog()
MODELS = sorted(CATALOG.queries)
NOT_PORTABLE = {
    exp.ArgMax: "row_number in a subquery: Postgres has no arg_max",
    exp.ArgMin: "row_number in a subquery: Postgres has no arg_min",
    exp.IgnoreNulls: "order by (x is null), …: sqlglot drops it for Postgres without a word",
    exp.DateDiff: "subtract dates, or microseconds_between: warehouses count different boundaries",
    exp.SHA: "md5: Postgres has it without an extension",
    exp.RegexpExtract: "a Python model: Postgres has no such function",
    exp.GenerateSeries: "a numbers table or a recursive query: Snowflake has no range",
    exp.Array: "flat columns: arrays differ in every warehouse",
    exp.ArrayAgg: "flat columns: arrays differ in every warehouse",
    exp.JSONExtract: "flat columns: JSON differs in every warehouse",
    exp.JSONExtractScalar: "flat columns: JSON differs in every warehouse",
}
"""What sqlglot renders wrongly or not at all, and what to write."""


def rendered(name, dialect):
    return render(model_query(CATALOG, name, PARAMETERS), dialect, pretty=True) + "\n"


@pytest.mark.parametrize("dialect", ["postgres", "snowflake"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_rendered_as_it_was_read_and_approved(name, dialect):
    path = GOLDEN / dialect / f"{name}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rendered(name, dialect), encoding="utf-8")

    assert path.is_file(), "write it: UPDATE_GOLDEN=1 pytest tests/models/test_rendering.py"
    assert rendered(name, dialect) == path.read_text(encoding="utf-8")


def test_no_golden_is_left_of_a_model_that_is_gone():
    left = {path.stem for path in GOLDEN.rglob("*.sql")} - set(MODELS)

    assert left == set()


@pytest.mark.parametrize("name", MODELS)
def test_a_model_keeps_to_the_subset_that_all_warehouses_share(name):
    found = [reason for kind, reason in NOT_PORTABLE.items() if CATALOG.queries[name].find(kind) is not None]

    assert found == []


@pytest.mark.parametrize("name", MODELS)
def test_a_model_groups_by_names_and_selects_no_unknown_columns(name):
    """GROUP BY ALL, SELECT * EXCLUDE and a subquery without a name exist in some warehouses only."""
    query = CATALOG.queries[name]

    assert not [group for group in query.find_all(exp.Group) if group.args.get("all")]
    assert not [star for star in query.find_all(exp.Star) if star.args.get("except_") or star.args.get("except")]
    unnamed = [s for s in query.find_all(exp.Subquery) if isinstance(s.parent, exp.From | exp.Join) and not s.alias]
    assert not unnamed
