"""The models under Dagster: what is defined, what a run says about itself, and when it runs by itself."""

import dagster as dg
import duckdb
import pytest
from e2e.deployment import Deployment, Ran
from e2e.small_archive import DAYS, write_project
from modelling import NOW

from dagster_defs.models import model_key, models_assets
from dagster_defs.resources import Project
from loader.jobs.models import catalog_of
from loader.models.registry import PYTHON_MODELS, PythonModel

FIRST, SECOND, THIRD = (day.isoformat() for day in DAYS)
EVERY_DAY = {"dagster/asset_partition_range_start": FIRST, "dagster/asset_partition_range_end": THIRD}
HEADER = (
    "-- {what}\n-- grain: one row per name\n-- keys: name\n-- columns:\n--   name text: a name\n--   n integer: calls\n"
)


def a_model(deployment, name, sql, checks=""):
    folder = deployment.config.parent / "models"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.sql").write_text(HEADER.format(what=name) + checks + sql + "\n", encoding="utf-8")


def a_deployment(folder, instance):
    made = Deployment(write_project(folder, "publish: {path: ./analytics.duckdb}\n"), instance)
    a_model(made, "named", "select coalesce(name, event_text, call) as name, count(*) as n from events group by 1")
    return made


@pytest.fixture
def deployment(tmp_path):
    """Three received days that nobody loaded yet, and one model of the user's."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield a_deployment(tmp_path, instance)


@pytest.fixture(scope="module")
def modelled(tmp_path_factory):
    """A deployment whose days are all loaded, and the run that then made all models. To look at, not to change."""
    with dg.DagsterInstance.ephemeral() as instance:
        made = a_deployment(tmp_path_factory.mktemp("modelled"), instance)
        made.run(**EVERY_DAY)
        yield made, made.run("models_job")


def test_a_model_depends_on_tables_of_the_sources_and_on_other_models(deployment):
    """The graph is that of the SQL."""
    graph = deployment.definitions.resolve_asset_graph()

    parents = {key.to_user_string() for key in graph.get(model_key("events")).parent_keys}
    assert parents == {f"shop/{call}" for call in ("tracks", "identifies", "pages", "screens", "groups", "aliases")}
    assert graph.get(model_key("named")).parent_keys == {model_key("events")}


@pytest.mark.parametrize(
    ("name", "said"),
    [("mtu_monthly", "One row per month with calls or objects."), ("attribution_markov_fit", "One row.")],
)
def test_a_description_ends_with_what_a_row_is(deployment, name, said):
    """In the words of the header."""
    spec = deployment.definitions.resolve_asset_graph().get(model_key(name))

    assert spec.description.splitlines()[-1] == said


def test_a_check_says_what_it_asks(deployment):
    """The SQL of a header tells the rows that are wrong, so it is not shown as if it were the rule."""
    checks = (
        "-- checks:\n--   positive: n < 1\n--   named_once: select name from named group by name having count(*) > 1\n"
    )
    a_model(deployment, "named", "select 'all' as name, count(*) as n from events", checks)

    graph = deployment.definitions.resolve_asset_graph()

    assert {
        key.name: graph.get_check_spec(key).description
        for key in graph.asset_check_keys
        if key.asset_key == model_key("named")
    } == {
        "keys_are_unique": "No two rows have the same `name`.",
        "keys_are_not_null": "No row is without its `name`.",
        "positive": "This holds for rows that are wrong: `n < 1`",
        "named_once": "This query finds rows that are wrong: `select name from named group by name having count(*) > 1`",
    }


def test_a_check_blocks_unless_it_warns(deployment):
    """A failed check stops the run, so nothing that depends on the model is made of it."""
    a_model(
        deployment,
        "named",
        "select 'all' as name, count(*) as n from events",
        "-- checks:\n--   positive: n < 1\n--   small (warn): n > 100\n",
    )

    graph = deployment.definitions.resolve_asset_graph()

    assert {
        key.name: graph.get_check_spec(key).blocking
        for key in graph.asset_check_keys
        if key.asset_key == model_key("named")
    } == {"keys_are_unique": True, "keys_are_not_null": True, "positive": True, "small": False}


def test_a_table_of_the_user_is_an_asset_outside(deployment):
    """Named in `models.inputs`, declared beside the models."""
    folder = deployment.config.parent
    (folder / "models" / "inputs").mkdir()
    (folder / "models" / "inputs" / "ads.yaml").write_text(
        "description: Ads.\nexternal: true\ncolumns: {spend: {type: decimal}}\n"
    )
    (folder / "ads.csv").write_text("spend\n1.5\n")
    a_model(deployment, "named", "select 'all' as name, count(spend) as n from input_ads")
    deployment.config.write_text(deployment.config.read_text() + "models: {inputs: {ads: ./ads.csv}}\n")

    graph = deployment.definitions.resolve_asset_graph()
    deployment.run(partition=FIRST)

    assert graph.get(model_key("named")).parent_keys == {model_key("input_ads")}
    assert model_key("input_ads") in graph.external_asset_keys
    assert deployment.materialize(None, ["models", "named"]).is_success
    assert deployment.rows("select n from models.named") == [(1,)]


def test_a_python_model_is_one_step_with_several_assets(deployment):
    """Asking for one of its tables makes all of them, and says so."""
    deployment.run(partition=FIRST)
    for name in ("one", "two"):
        a_model(deployment, name, "", checks="-- made by: both\n")
    config = Project(config_file=str(deployment.config))
    catalog = catalog_of(
        config.config(), NOW, (*PYTHON_MODELS, PythonModel("both", ("events",), "a_python_model:both"))
    )
    definitions = dg.Definitions(
        assets=[models_assets(config.config(), catalog)], resources={"project": config}, executor=dg.in_process_executor
    )

    job = definitions.resolve_implicit_global_asset_job_def()
    ran = Ran(
        job.execute_in_process(
            instance=deployment.instance, asset_selection=[model_key("events"), model_key("one")], raise_on_error=False
        )
    )

    assert ran.is_success
    assert {name for name, _ in ran.materialized()} == {"models/events", "models/one", "models/two"}


def test_what_a_model_reads_and_nobody_made_yet_is_made_with_it(deployment):
    """The sensor asks for some models before others, and a model without anything new is not asked for at all."""
    deployment.run(**EVERY_DAY)

    first = deployment.materialize(None, ["models", "named"])
    second = deployment.materialize(None, ["models", "named"])

    assert first.is_success
    assert {name for name, _ in first.materialized()} == {"models/events", "models/named"}
    assert {name for name, _ in second.materialized()} == {"models/named"}


def test_a_run_reports_rows_schema_lineage_and_checks(modelled):
    _, ran = modelled

    assert ran.is_success
    named = ran.metadata("models/named")
    lineage = named["dagster/column_lineage"].deps_by_column["name"]
    assert named["dagster/row_count"] == 3
    assert named["seconds"] == round(named["seconds"], 3)
    assert {dep.column_name for dep in lineage} == {"name", "event_text", "call"}
    assert {dep.asset_key for dep in lineage} == {model_key("events")}
    assert ran.checks()["models/named:keys_are_unique"]
    events = ran.metadata("models/events")["dagster/column_lineage"].deps_by_column["event_text"]
    assert events == [dg.TableColumnDep(dg.AssetKey(["shop", "tracks"]), "event_text")]
    # The numbers of the report's charts, for the assets that have one.
    head, _, *rows = ran.metadata("models/mtu_monthly")["chart"].splitlines()
    assert head == "| Month (UTC) | Known users | Anonymous only | Tracked users | Calls | Tracked users |"
    assert rows == [f"| 2026-03 | 1 | 0 | 1 | 15 | {'█' * 16} |"]
    assert ran.metadata("models/cohort_retention")["chart"].splitlines()[2].startswith("| 2026-03 | 1 |")
    assert ran.metadata("models/event_profiles")["calls_limited"] == 0
    assert ran.metadata("models/external_id_mapping")["chart"].endswith(f"| 1 | 1 | 1 | {'█' * 16} |")
    assert "chart" not in named


def test_a_failed_check_fails_the_run_and_replaces_nothing(deployment):
    """The keys of the rows are named, other values are not."""
    deployment.run(**EVERY_DAY)
    deployment.materialize(None, ["models", "events"], ["models", "named"])
    a_model(deployment, "named", "select 'Home' as name, 2 as n", checks="-- checks:\n--   once: n > 1\n")

    ran = deployment.materialize(None, ["models", "named"])

    assert not ran.is_success
    assert "no table was replaced: named.once" in ran.failure()
    (found,) = [e for e in ran.result.get_asset_check_evaluations() if e.check_name == "once"]
    assert not found.passed
    assert [record.data for record in found.metadata["examples"].records] == [{"name": "Home"}]
    assert deployment.rows("select count(*) from models.named") == [(3,)]


def test_the_copy_for_analysts_has_the_models(modelled):
    deployment, ran = modelled

    assert ran.is_success
    with duckdb.connect(str(deployment.config.parent / "analytics.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from models.events").fetchall() == [(15,)]


def test_models_follow_a_load_and_the_copy_follows_the_models(deployment):
    """They are asked for once after a load; not again without another one."""

    def asked(cursor=None):
        result = dg.evaluate_automation_conditions(deployment.definitions, deployment.instance, cursor=cursor)
        return {name: result.get_num_requested(key) for name, key in keys.items()}, result.cursor

    keys = {name: model_key(name) for name in ("events", "named")} | {"copy": dg.AssetKey(["published", "analytics"])}
    deployment.run(partition=FIRST)
    _, cursor = asked()
    deployment.run(partition=SECOND)

    after_load, cursor = asked(cursor)
    job = deployment.definitions.resolve_implicit_global_asset_job_def()
    job.execute_in_process(instance=deployment.instance, asset_selection=[keys["events"], keys["named"]])
    after_models, cursor = asked(cursor)
    later, cursor = asked(cursor)

    assert after_load == {"events": 1, "named": 1, "copy": 0}
    assert after_models == {"events": 0, "named": 0, "copy": 1}
    assert later == {"events": 0, "named": 0, "copy": 0}
