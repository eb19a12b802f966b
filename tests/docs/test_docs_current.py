"""The documentation says what the code says: nothing missing, nothing left over."""

import inspect
import re
import runpy
from pathlib import Path

import dagster as dg
import pytest
from e2e.hostile_archive import NOT_PROVEN

from loader import errors
from loader.core.warnings import WARNING_NAMES
from loader.models.catalog import read_catalog
from loader.sqlfiles import sql_files

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

pytestmark = [
    pytest.mark.checkout,
    pytest.mark.skipif(not (DOCS / "generate.py").exists(), reason="the documentation is in the checkout only"),
]
GENERATED = ("configuration.md", "commands.md", "loader.schema.json")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_current(name):
    """Every command, option and setting is documented, and nothing else: run `make docs`."""
    pages = runpy.run_path(str(DOCS / "generate.py"))["pages"]()

    assert page(name) == pages[name]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("models.attribution.half_life_days", "number; above 0; at most 3650"),
        ("models.ltv.as_of", "`today`, `now`, day, time"),
        ("models.traits.NAME.within_days", "number; at least 1; at most 36500"),
        ("models.audiences.coupon_loyal_rule", "`average_above`, `any_above`, `any_at_least`"),
        (
            "models.audiences.custom.NAME.all[].value",
            "`true` or `false`, number, time, day, text, list of `true` or `false`, number, time, day, text",
        ),
    ],
)
def test_a_setting_is_documented_with_every_kind_of_value_that_it_takes(setting, value):
    """Bounds stand beside the kinds; what one names oneself stands as NAME."""
    documented = dict(re.findall(r"^\| `(\S+)` \| (.*?) \| ", page("configuration.md"), re.MULTILINE))

    assert documented[setting] == value


def test_a_default_is_documented_as_it_is_written_in_the_file():
    """YAML, not Python."""
    assert "| `[Email Opened, Email Link Clicked]` |" in page("configuration.md")


def test_every_error_class_is_documented_and_the_reverse():
    """docs/errors.md has a row per class, with its exit code."""
    documented = dict(re.findall(r"^\| `(\w+)` \| (\d) \|", page("errors.md"), re.MULTILINE))
    classes = {
        name: str(kind.exit_code)
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.LoaderError)
    }

    assert documented == classes


def test_every_warning_counter_is_documented_and_the_reverse():
    """docs/tables.md has a row per counter."""
    section = page("tables.md").partition("## Warning counters")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(WARNING_NAMES)


@pytest.mark.parametrize("folder", ["checks", "page", "reports"])
def test_every_query_is_asked_by_its_name(folder):
    """A file in sql/ whose name nobody says is left over."""
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "loader").rglob("*.py"))

    assert [path.name for path in sql_files(folder) if f'"{path.stem}"' not in code] == []


def ledger() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sql_files("ledger"))


def test_every_state_table_and_column_is_documented_and_the_reverse():
    """docs/state.md has a row per table of the migrations, with its columns."""
    text = re.sub(r"--.*", "", ledger())
    if not text.strip():
        pytest.skip("there are no state tables yet")
    created = dict(
        re.findall(r"create table (?:if not exists )?(?:[\w{}$\"]+\.)?\"?(\w+)\"?\s*\((.*?)\)\s*;", text, re.S | re.I)
    )
    rows = re.findall(r"^\| `(\w+)` \| [^|]* \| `([^`]*)` \|", page("state.md"), re.MULTILINE)

    assert {name: set(columns.split()) for name, columns in rows} == {
        name: columns_of(body) for name, body in created.items()
    }


def test_what_verify_does_not_prove_is_documented_and_the_reverse():
    """docs/verify.md has the columns of state tables that a change by hand may go unnoticed in."""
    section = page("verify.md").partition("## What it does not prove")[2]
    documented: dict[str, set[str]] = {}
    for table, columns in re.findall(r"^\| `(\w+)` \| ([^|]*) \|", section, re.MULTILINE):
        documented.setdefault(table, set()).update(re.findall(r"`(\w+)`", columns))

    assert documented == NOT_PROVEN


def columns_of(body: str) -> set[str]:
    """The column names of a `create table`: the first word after each comma outside parentheses."""
    flat = re.sub(r"\([^()]*\)", "", body)
    words = (part.split()[0].strip('"').lower() for part in flat.split(",") if part.split())
    return {word for word in words if word not in {"primary", "unique", "check", "constraint", "foreign"}}


def test_every_link_between_pages_leads_somewhere():
    """Relative links of the README and of docs/ name files that exist."""
    broken = []
    for path in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
            if "://" not in target and not (path.parent / target).exists():
                broken.append(f"{path.name}: {target}")

    assert broken == []


def test_the_readme_says_how_many_tables_the_demo_makes():
    """What the demo prints stands in the README; a new model makes one table more."""
    (shown,) = re.findall(r"loader models run: (\d+) tables", (ROOT / "README.md").read_text(encoding="utf-8"))

    assert int(shown) == len(read_catalog().models)


def test_every_model_is_on_a_page():
    """With what its rows are; the tables of audiences are there by the keys of the audiences."""
    pages = page("models.md") + "".join(path.read_text(encoding="utf-8") for path in (DOCS / "models").glob("*.md"))

    assert [n for n in read_catalog().models if "audience_" not in n and f"`{n}`" not in pages] == []


def test_the_commands_of_the_readme_exist():
    """Each `loader x` that the README names is a command."""
    known = set(re.findall(r"^## `loader (\w+)", page("commands.md"), re.MULTILINE))
    named = set(re.findall(r"^loader (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))

    assert named <= known


def test_an_asset_of_your_own_may_depend_on_a_model_as_the_page_on_dagster_says(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", page("dagster.md"), re.DOTALL)
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    config = "warehouse: {path: w.duckdb}\nsources: [{name: web, archive: {uri: ./a}}]\n"
    (tmp_path / "loader.yaml").write_text(config, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    definitions = runpy.run_path("mine.py")["defs"]

    dg.Definitions.validate_loadable(definitions)
    graph = definitions.resolve_asset_graph()
    assert graph.get(dg.AssetKey("sales_letter")).parent_keys == {dg.AssetKey(["models", "orders"])}
