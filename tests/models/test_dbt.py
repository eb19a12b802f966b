"""`loader models export-dbt`: the project, and what dbt itself makes of it."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from modelling import a_model
from processes import run

DBT = Path(os.environ.get("DBT_EXECUTABLE", Path(__file__).resolve().parents[2] / ".make" / "dbt" / "bin" / "dbt"))


@pytest.fixture
def shop(modelling):
    """Two sources with orders; one model with every kind of parameter."""
    modelling.page(anonymous_id="a1", name="Ho{{me")
    modelling.track("Order Completed", user_id="u1", total=25.0, source="shop")
    modelling.track("Order Completed", user_id="u'2", total=None, total__v_text="3.50")
    a_model(
        modelling,
        "by_day",
        "select user_id, local_day(timestamp, $timezone) as day, count(*) as n, sum(total) as total\n"
        "from input_order_completed as o\n"
        "where timestamp < $as_of and event_text in ($order_event) and user_id <> '{{nobody}}'\n"
        "group by user_id, local_day(timestamp, $timezone)",
        columns="user_id text: a user; day date: a {{day}}; n integer: orders; total decimal: money",
        more="params: as_of, order_event, timezone\nchecks:\n  positive: n < 1\n  known (warn): total is null",
        keys="user_id, day",
    )
    modelling.settings["as_of"] = "2026-04-01"
    modelling.flush()
    modelling.config_file  # noqa: B018 - written when it is asked for
    return modelling


@pytest.fixture
def modelled(shop):
    """The same, with a table of each model."""
    shop.run()
    return shop


def test_an_export_has_refs_sources_and_vars(shop):
    ran = run(shop.folder, "models", "export-dbt", "dbt", "--json")

    assert ran.code == 0, ran.err
    text = (shop.folder / "dbt" / "models" / "by_day.sql").read_text()
    assert '{{ ref("input_order_completed") }} AS o' in text
    assert "CAST('{{ var(\"as_of\") }}' AS TIMESTAMP)" in text
    project = yaml.safe_load((shop.folder / "dbt" / "dbt_project.yml").read_text())
    assert project["vars"]["as_of"] == "2026-04-01 00:00:00"
    schema = yaml.safe_load((shop.folder / "dbt" / "models" / "schema.yml").read_text())
    (model,) = [each for each in schema["models"] if each["name"] == "by_day"]
    assert model["columns"][0] == {"name": "user_id", "description": "a user", "data_tests": ["not_null"]}
    assert "severity='warn'" in (shop.folder / "dbt" / "tests" / "by_day__known.sql").read_text()


def test_tables_of_python_models_are_sources(shop, monkeypatch):
    """dbt reads what the last run of models made."""
    from datetime import UTC, datetime

    from loader.config import ModelsSettings
    from loader.models.catalog import read_catalog
    from loader.models.dbt import Export, project_files
    from loader.models.parameters import parameters_of
    from loader.models.registry import PYTHON_MODELS, PythonModel

    a_model(shop, "doubled", "", more="made by: doubling")
    a_model(shop, "after", "select n from doubled")
    catalog = read_catalog(shop.folder / "models", (*PYTHON_MODELS, PythonModel("doubling", ("events",), "x:y")))
    parameters = parameters_of(ModelsSettings(), datetime(2026, 4, 1, tzinfo=UTC))

    files = project_files(Export(catalog, parameters, "models", {}, "snowflake", ""))

    assert '{{ source("models", "doubled") }} AS doubled' in files["models/after.sql"]
    assert "models/doubled.sql" not in files
    assert "doubled" in files["models/sources.yml"]


def test_an_export_replaces_an_earlier_one_and_nothing_else(shop):
    run(shop.folder, "models", "export-dbt", "dbt")
    own = shop.folder / "dbt" / "models" / "own.sql"
    own.write_text("select 1 as n\n")
    (shop.folder / "models" / "by_day.sql").unlink()

    again = run(shop.folder, "models", "export-dbt", "dbt")

    assert again.code == 0
    assert own.is_file()
    assert not (shop.folder / "dbt" / "models" / "by_day.sql").exists()
    own.rename(shop.folder / "dbt" / "models" / "events.sql")
    refused = run(shop.folder, "models", "export-dbt", "dbt")
    assert (refused.code, "not from an export" in refused.err) == (2, True)


def test_an_export_never_goes_among_the_models_of_the_user(shop):
    """Loader would read it as such, and then fail in every command."""
    refused = run(shop.folder, "models", "export-dbt", ".")

    assert (refused.code, "among your own models" in refused.err) == (2, True)
    assert [path.name for path in (shop.folder / "models").iterdir()] == ["by_day.sql"]


def dbt_build(folder, **environ):
    return subprocess.run(
        [DBT, "build", "--project-dir", ".", "--profiles-dir", "."],
        cwd=folder / "dbt",
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", **environ},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.dbt
@pytest.mark.skipif(not DBT.is_file(), reason="dbt is not installed: make test-dbt")
def test_dbt_makes_the_same_tables(modelled):
    """Every SQL model, built and tested by dbt on the same DuckDB file."""
    run(modelled.folder, "models", "export-dbt", "dbt")

    done = dbt_build(modelled.folder)

    assert done.returncode == 0, done.stdout
    models = [name for (name,) in modelled.query("select table_name from duckdb_tables() where schema_name = 'dbt'")]
    assert {"events", "by_day"} <= set(models)
    for name in models:
        for one, other in (("dbt", "models"), ("models", "dbt")):
            assert modelled.query(f"select * from {one}.{name} except all select * from {other}.{name}") == [], name


@pytest.mark.dbt
@pytest.mark.skipif(not DBT.is_file(), reason="dbt is not installed: make test-dbt")
def test_dbt_makes_the_same_tables_in_postgres(modelled, postgres):
    """Every SQL model, on tables of the sources and of the Python models that were copied there."""
    names = [made.name for made in modelled.result.made]
    assert postgres.differences(modelled, *names) == []
    run(modelled.folder, "models", "export-dbt", "dbt", "--dialect", "postgres")

    place = {"PGHOST": str(postgres.folder), "PGUSER": "tester", "PGPASSWORD": "none", "PGDATABASE": "postgres"}
    done = dbt_build(modelled.folder, **place)

    assert done.returncode == 0, done.stdout
    made = [name for name in names if (modelled.folder / "dbt" / "models" / f"{name}.sql").exists()]
    assert {"events", "by_day"} <= set(made)
    for name in made:
        for one, other in (("dbt", "models"), ("models", "dbt")):
            more = postgres.run(
                f"select count(*) from (select * from {one}.{name} except all select * from {other}.{name}) as m"
            )
            assert more == "count\n0\n", name
