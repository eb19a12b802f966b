"""loader.yaml: what it accepts, and the text of every error."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from loader.commands.project import CONFIG_TEMPLATE, schema_text
from loader.config import find_config, load_config, redact
from loader.config.models.identity import IDENTIFIER_TYPES
from loader.errors import ConfigError

GOOD = """\
warehouse: {kind: duckdb, path: ./warehouse.duckdb}
sources:
  - name: web
    archive: {uri: ./archive, layout: segment}
"""
CANARY = "canary-7f3a91"


@pytest.fixture
def written(tmp_path):
    """Writes a configuration file and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / "loader.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def problems(path: Path, environ=None) -> list[str]:
    """The problems of a wrong file, each without its folder."""
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ if environ is not None else {})
    return [line.strip().replace(str(path), "loader.yaml") for line in caught.value.where.splitlines()]


def test_a_small_file_has_every_default(written, tmp_path):
    """Only the warehouse and one source are needed; relative paths are relative to the file."""
    config = load_config(written(GOOD), {})

    assert config.warehouse.path == tmp_path / "warehouse.duckdb"
    assert config.sources[0].archive.uri == str(tmp_path / "archive")
    assert config.sources[0].load.null_traits == "clear"
    assert config.resources.memory_bytes == 1_500_000_000
    assert config.system_schema == "_loader"


def test_a_bucket_is_kept_as_it_is(written):
    """Only folders are relative to the file."""
    config = load_config(written(GOOD.replace("./archive", "s3://acme/events/")), {})

    assert config.sources[0].archive.uri == "s3://acme/events/"


def test_all_problems_come_at_once_with_their_lines(written):
    """One run shows everything that is wrong."""
    path = written(GOOD + "syncs: x\n" + "resources: {memory: lots}\n")

    assert problems(path) == [
        "loader.yaml:5 syncs: is not a key here; allowed: models, publish, resources, sources, system_schema, warehouse",
        "loader.yaml:6 resources.memory: must be a number with a unit: KB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 1500MB",
    ]


ARCHIVE = "{uri: ./archive, layout: segment}"
WRONG = {
    "a misspelt key": (ARCHIVE, "{uri: a, layuot: flat}", "sources[0].archive.layuot: is not a key here; allowed: anonymous, "
        "endpoint_url, layout, profile, recent_days, region, role_arn, source_id, uri; did you mean layout?"),
    "a misspelt value": ("segment", "segmnt", "sources[0].archive.layout: is 'segmnt'; allowed: auto, segment, rudderstack, "
        "rudderstack-gateway, flat; did you mean segment?"),
    "another warehouse": ("kind: duckdb", "kind: postgres", "warehouse.kind: is 'postgres'; allowed: duckdb"),
    "a missing key": ("uri: ./archive, ", "", "sources[0].archive.uri: is required"),
    "another scheme": ("./archive", "gs://a/", "sources[0].archive.uri: must be s3://bucket/prefix/, a folder, or file:///folder"),
    "credentials in a uri": ("./archive", "s3://key:word@a/", "sources[0].archive.uri: must name a bucket and hold no "
        "credentials: s3://bucket/prefix/"),
    "a day in words": (ARCHIVE, "{uri: a}\n    start: yesterday", "sources[0].start: must be a day such as 2026-01-31 (is "
        "'yesterday')"),
    "a number out of bounds": (ARCHIVE, "{uri: a, recent_days: 0}", "sources[0].archive.recent_days: must be greater than or "
        "equal to 1 (is '0')"),
    "a number as a name": ("name: web", "name: 12", "sources[0].name: must be a valid string (is '12')"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_value_says_what_is_allowed(case, written):
    """File, line, key, what is wrong, what is allowed, and the nearest spelling."""
    before, after, problem = WRONG[case]

    (found,) = problems(written(GOOD.replace(before, after)))

    assert found.split(" ", 1)[1] == problem


LOAD = {
    "exclude: [id]": "cannot exclude id: every row of such a table has it",
    "exclude: [tracks.received_at]": "cannot exclude tracks.received_at: every row of such a table has it",
    "exclude: [anonymous_id]": "cannot exclude anonymous_id: every row of such a table has it",
    "exclude: [pages.name]": "cannot exclude pages.name: every row of such a table has it",
    "exclude: [Context IP]": "must be column names as they are in the warehouse: lower case, digits, underscores",
    "json_paths: [properties.cart]": "must be CALL.PAYLOAD.KEY: a call (identify, track, page, screen, group, alias), then "
    "properties, traits or context, then keys, such as track.properties.cart",
    "on_conflict: varaint": "is 'varaint'; allowed: variant, discard, text; did you mean variant?",
}


@pytest.mark.parametrize("line", LOAD)
def test_a_wrong_load_option_says_why(line, written):
    """What every row needs cannot be excluded, and paths name a call."""
    (found,) = problems(written(f"{GOOD}    load: {{{line}}}\n"))

    assert found == f"loader.yaml:5 sources[0].load.{line.split(':')[0]}: {LOAD[line]}"


@pytest.mark.parametrize("name", ["main", "archive", "Models", "_loader", "warehouse"])
def test_a_reserved_schema_is_refused(name, written):
    """A source may not write into a schema of the engine, of loader, or named as the file."""
    (found,) = problems(written(GOOD.replace("name: web", f"name: {name}")))

    assert "is reserved, or its schema" in found
    assert "reserved are: _loader, archive, information_schema, main, " in found


@pytest.mark.parametrize("schema", ["main", "warehouse", "sync", "state"])
def test_models_may_not_write_into_a_reserved_schema(schema, written):
    """It would mix their tables with those of the engine or of loader."""
    (found,) = problems(written(f"{GOOD}models: {{schema: {schema}}}\nsystem_schema: state\n"))

    assert found.startswith(f"loader.yaml:5 models.schema: {schema!r} is reserved; reserved are: _loader, archive, ")


@pytest.mark.parametrize("setting", ["ltv: {sources: [wbe]}", "usage: {exclude_sources: [wbe]}"])
def test_models_may_only_name_sources_that_there_are(setting, written):
    """A name that is nobody's would quietly leave out everything, or nothing."""
    (found,) = problems(written(f"{GOOD}models:\n  {setting}\n"))

    assert found.endswith("[0]: no source has the schema 'wbe'; use one of: web; did you mean web?")


INSTANTS = "must be today, now, a day such as 2026-01-31, or a time: 2026-01-31T12:00:00Z"
MODELS = {
    "schema: [models]": "schema: must be a valid string",
    "as_of: 20260131": f"as_of: {INSTANTS}",
    "ltv: {as_of: 19971001}": f"ltv.as_of: {INSTANTS}",
    "order_refunded_event: ORDER completed": "models: `order_refunded_event` is the same event as `order_event`",
    f"identity: {{ignored_types: [{', '.join(IDENTIFIER_TYPES)}]}}": "identity: ignored_types: no type of identifier is left",
    "sessions: {gap_seconds: yes}": "sessions.gap_seconds: must be a number, not true or false",
    "usage: {mtu_allowance: true}": "usage.mtu_allowance: must be a number, not true or false",
    "audiences: {re_engage_60_days: on}": "audiences.re_engage_60_days: must be a number, not true or false",
    "audiences: {long_shots_from: 0.7}": "audiences: `long_shots_from` must be below `long_shots_to`",
    "audiences: {cart_abandonment_funnel_wait_days: 8}": "audiences: `cart_abandonment_funnel_wait_days` must not be above "
    "`cart_abandonment_funnel_days`: what is younger does not count yet",
    "audiences: {checkout_abandonment_funnel_wait_days: 8}": "audiences: `checkout_abandonment_funnel_wait_days` must not "
    "be above `checkout_abandonment_funnel_days`: what is younger does not count yet",
}


@pytest.mark.parametrize("line", MODELS)
def test_a_setting_of_models_that_would_quietly_be_another_one_is_refused(line, written):
    """A number is no day, true is no number, and an audience that nobody can be in is none."""
    (found,) = problems(written(f"{GOOD}models:\n  {line}\n"))

    where = "loader.yaml:5 " if MODELS[line].startswith("models:") else "loader.yaml:6 models."
    assert found == f"{where}{MODELS[line]}"


@pytest.mark.parametrize("zone", ["Mars/Base", "../UTC", ""])
def test_an_unknown_time_zone_is_refused(zone, written):
    """Days of models are days of a zone."""
    (found,) = problems(written(f"{GOOD}models: {{timezone: '{zone}'}}\n"))

    assert found == ("loader.yaml:5 models.timezone: must be the name of a time zone, such as UTC or Europe/Berlin")


def test_two_sources_with_one_schema_are_refused(written):
    """Two names that differ only in case would share their tables."""
    (found,) = problems(written(GOOD + "  - {name: WEB, archive: {uri: b}}\n"))

    assert found == "loader.yaml:5 sources[1].name: has the schema 'web', as has the source 'web'; rename one of them"


def test_a_key_written_twice_is_refused(written):
    """YAML would silently keep the last one."""
    assert problems(written(GOOD + "system_schema: a\nsystem_schema: b\n")) == [
        "loader.yaml:5 system_schema: is there twice; keep one"
    ]


def test_the_published_copy_is_another_file(written):
    """Publishing onto the warehouse would replace it."""
    (found,) = problems(written(GOOD + "publish: {path: ./warehouse.duckdb}\n"))

    assert found == "loader.yaml:5 publish.path: must be another file than warehouse.path"


@pytest.mark.parametrize(
    ("text", "what"), [("", "must hold keys"), ("- a", "must hold keys"), ("a: [b", "not valid YAML")]
)
def test_a_file_that_is_no_mapping_is_refused(text, what, written):
    """An empty file, a list, and something that is not YAML."""
    with pytest.raises(ConfigError, match="the configuration") as caught:
        load_config(written(text), {})

    assert what in str(caught.value)


def test_a_missing_variable_is_named_and_nothing_else(written):
    """The key, the line and the variable."""
    assert problems(written(GOOD.replace("./archive", '"s3://${env:BUCKET}/"'))) == [
        "loader.yaml:4 sources[0].archive.uri: the environment variable BUCKET is not set; set it, or write it in .env "
        "beside the file"
    ]


def test_another_kind_of_reference_is_refused(written):
    """A shell habit is not passed on as text."""
    (found,) = problems(written(GOOD.replace("./archive", '"s3://${BUCKET}/"')))

    assert found == "loader.yaml:4 sources[0].archive.uri: a reference must be written ${env:NAME}"


def test_a_variable_comes_from_dotenv_unless_the_environment_has_it(written, tmp_path):
    """`.env` fills in; the environment wins."""
    (tmp_path / ".env").write_text("BUCKET=from-file\nREGION=from-file\n", encoding="utf-8")
    path = written(GOOD.replace(ARCHIVE, '{uri: "s3://${env:BUCKET}/", region: "${env:REGION}"}'))

    archive = load_config(path, {"REGION": "from-environment"}).sources[0].archive

    assert (archive.uri, archive.region) == ("s3://from-file/", "from-environment")


def test_a_value_from_the_environment_is_in_no_error(written):
    """A wrong value is not repeated when it came from the environment, and redact() replaces it anywhere."""
    path = written(GOOD.replace("layout: segment", 'layout: "${env:LAYOUT}"'))

    with pytest.raises(ConfigError) as caught:
        load_config(path, {"LAYOUT": CANARY})

    assert CANARY not in str(caught.value)
    assert redact(f"found {CANARY} here") == "found ${env:LAYOUT} here"


def test_the_file_is_found_by_option_then_variable_then_folder(tmp_path, monkeypatch):
    """--config, else LOADER_CONFIG, else ./loader.yaml."""
    monkeypatch.chdir(tmp_path)
    for name in ("loader.yaml", "a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")

    assert find_config("a.yaml", {"LOADER_CONFIG": "b.yaml"}) == Path("a.yaml")
    assert find_config(None, {"LOADER_CONFIG": "b.yaml"}) == Path("b.yaml")
    assert find_config(None, {}) == Path("loader.yaml")
    with pytest.raises(ConfigError, match="there is no configuration file"):
        find_config("absent.yaml", {})


def test_an_unknown_source_lists_the_sources(written):
    """The error of a command that names a source."""
    with pytest.raises(ConfigError, match="there is no source 'app'") as caught:
        load_config(written(GOOD), {}).source("app")

    assert caught.value.fix == "use one of: web"


def test_the_json_schema_judges_as_the_models_do():
    """An editor accepts the file that `loader init` writes, and marks a misspelt key."""
    schema = json.loads(schema_text())
    value = yaml.safe_load(CONFIG_TEMPLATE)

    jsonschema.validate(value, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**value, "sorces": []}, schema)
