"""`loader models`: run, list and docs, as processes."""

import pytest
from modelling import a_model
from processes import run


@pytest.fixture
def shop(modelling):
    """A project with one page and one order, not modelled yet."""
    modelling.page(anonymous_id="a1", name="Home")
    modelling.track("Order Completed", user_id="u1", total=25.0)
    modelling.flush()
    modelling.config_file  # noqa: B018 - written when it is asked for
    return modelling


def test_run_makes_the_models_and_says_rows_and_checks(shop):
    ran = run(shop.folder, "models", "run", "--select", "events", "--as-of", "2026-04-01", "--json")

    assert ran.code == 0, ran.err
    assert ran.json["as_of"] == "2026-04-01T00:00:00"
    assert [(made["name"], made["rows"]) for made in ran.json["models"]] == [("events", 2)]
    assert all(check["passed"] for check in ran.json["checks"])


def test_run_says_what_a_python_model_found_out_about_its_run(shop):
    facts = {"calls": 2, "calls_replayed": 2, "calls_limited": 0, "share_limited": 0.0}

    ran = run(shop.folder, "models", "run", "--select", "identity", "--json")
    shown = run(shop.folder, "models", "run", "--select", "identity")

    assert {made["name"]: made["facts"] for made in ran.json["models"]}["event_profiles"] == facts
    assert "event_profiles: calls 2, calls replayed 0, calls limited 0, share limited 0.0\n" in shown.out


def test_run_names_the_tables_of_models_that_exist_no_longer(shop):
    """Only those that a run made: other tables in the schema are the user's own."""
    path = a_model(shop, "counted", "select 7 as n")
    run(shop.folder, "models", "run", "--select", "counted")
    shop.change("create table models.mine as select 1 as n")
    path.unlink()

    ran = run(shop.folder, "models", "run", "--select", "events", "--json")
    shown = run(shop.folder, "models", "run", "--select", "events")

    assert ran.json["left_over"] == ["counted"]
    assert "left of models that exist no longer; drop those that nobody reads: counted\n" in shown.out


def test_run_with_a_failed_check_exits_1_and_shows_the_rows(shop):
    a_model(shop, "counted", "select 7 as n", more="checks:\n  small: n > 1")

    ran = run(shop.folder, "models", "run", "--select", "counted")

    assert ran.code == 1
    assert "failed: counted.small: 1 row\nn\n7\n" in ran.out
    assert "the tables were not replaced" in ran.out


def test_a_dry_run_finds_what_the_engine_refuses_and_writes_nothing(shop):
    """SQL that sqlglot understands and the engine does not."""
    a_model(shop, "wrong", "select no_such_function(id) as n from events")

    ran = run(shop.folder, "models", "run", "--dry-run", "--select", "wrong")

    assert ran.code == 1
    assert "model wrong failed" in ran.err
    assert "no_such_function" in ran.err
    assert shop.query("select count(*) from duckdb_tables() where schema_name = 'models'") == [(0,)]


def test_a_dry_run_of_everything_passes_on_a_loaded_project(shop):
    ran = run(shop.folder, "models", "run", "--dry-run", "--json")

    assert ran.code == 0, ran.err
    assert {made["rows"] for made in ran.json["models"]} == {0}
    assert not ran.json["replaced"]


def test_a_dry_run_asks_no_check_of_tables_without_rows(shop):
    """A check that compares a model with its input is only bound: the input has rows, the model has none."""
    both = "select 1 as n where (select count(*) from seen) <> (select count(*) from input_pages)"
    a_model(
        shop, "seen", "select id as n from input_pages", columns="n text: id", more=f"checks:\n  all_of_them: {both}"
    )

    ran = run(shop.folder, "models", "run", "--dry-run", "--select", "seen")

    assert ran.code == 0, ran.out
    assert "(dry run): all models and checks fit the tables there are; nothing was written\n" in ran.out


def test_a_dry_run_tells_what_a_run_of_the_selection_makes(shop):
    """What was made is not made again; what was never made stops the run, and is named."""
    a_model(shop, "before", "select id as n from input_pages", columns="n text: id")
    a_model(shop, "after", "select count(*) as n from before")
    selection = ("models", "run", "--select", "after")

    stops = "a run would stop: it needs before, never made so far; put + before a name to make what it needs"
    assert run(shop.folder, *selection).code == 2
    assert run(shop.folder, *selection, "--dry-run").out.splitlines()[1] == stops
    assert run(shop.folder, "models", "run", "--select", "before").code == 0
    assert run(shop.folder, *selection, "--dry-run").out.endswith("a run would make after\n")
    told, made = (run(shop.folder, *selection, *dry, "--json").json for dry in (("--dry-run",), ()))
    assert [each["name"] for each in told["models"]] == [each["name"] for each in made["models"]] == ["after"]
    assert [each["check"] for each in told["checks"]] == [each["check"] for each in made["checks"]]


def test_a_dry_run_finds_a_check_that_the_engine_refuses(shop):
    a_model(shop, "counted", "select 7 as n", more="checks:\n  small: no_such_function(n)")

    ran = run(shop.folder, "models", "run", "--dry-run", "--select", "counted")

    assert ran.code == 1
    assert "the check small of model counted failed to run" in ran.err


def test_models_may_be_chosen_one_by_one(shop):
    a_model(shop, "one", "select 1 as n")
    a_model(shop, "two", "select 2 as n")

    ran = run(shop.folder, "models", "run", "--select", "one", "--select", "two", "--json")

    assert [made["name"] for made in ran.json["models"]] == ["one", "two"]


def test_a_selection_without_what_it_reads_says_what_to_select(shop):
    a_model(shop, "after", "select count(*) as n from events")

    ran = run(shop.folder, "models", "run", "--select", "after")

    assert ran.code == 2
    assert "select +after" in ran.err


def test_list_shows_models_in_order_and_whose_they_are(shop):
    a_model(shop, "after", "select count(*) as n from events")

    ran = run(shop.folder, "models", "list", "--json")

    models = {model["name"]: model for model in ran.json["models"]}
    names = list(models)
    assert names.index("events") < names.index("after")
    assert (models["after"]["yours"], models["events"]["yours"]) == (True, False)
    assert models["after"]["reads"] == ["events"]


def test_docs_show_columns_with_their_lineage(shop):
    a_model(shop, "named", "select max(coalesce(name, event_text)) as n from events", columns="n text: a name")

    ran = run(shop.folder, "models", "docs", "named")

    assert "| `n` | text | a name | `events.event_text`, `events.name` |" in ran.out


def test_docs_are_a_page_for_each_model_and_input(shop):
    ran = run(shop.folder, "models", "docs", "--output", "pages")

    assert ran.code == 0
    assert {"index.md", "events.md", "input_pages.md"} <= {path.name for path in (shop.folder / "pages").iterdir()}
    assert "input_pages --> events" in (shop.folder / "pages" / "index.md").read_text()


def test_what_a_description_holds_stays_in_its_cell_of_the_index(shop):
    """Tables of Markdown end at a new line and part at a bar."""
    path = a_model(shop, "own", "select 1 as n")
    path.write_text(path.read_text().replace("What own answers.", "What is a | b."))
    (shop.folder / "models" / "inputs").mkdir()
    given = "description: |\n  Two\n  lines.\nevent: Signed Up\ncolumns: {}\n"
    (shop.folder / "models" / "inputs" / "signed_up.yaml").write_text(given)

    index = run(shop.folder, "models", "docs").out.splitlines()

    assert r"| [own](own.md) | one row | What is a \| b. |" in index
    assert "| [input_signed_up](input_signed_up.md) | Two lines. |" in index


def test_an_input_that_is_not_declared_is_named_with_the_nearest(shop):
    (shop.folder / "models" / "inputs").mkdir(parents=True)
    (shop.folder / "models" / "inputs" / "costs.yaml").write_text(
        "description: Costs.\nexternal: true\ncolumns: {amount: {type: decimal}}\n"
    )
    shop.settings["inputs"] = {"cost": "./costs.csv"}
    shop.config_file  # noqa: B018 - written when it is asked for

    ran = run(shop.folder, "models", "list")

    assert ran.code == 2
    assert "did you mean costs?" in ran.err
