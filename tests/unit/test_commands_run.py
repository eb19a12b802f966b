"""`loader run`: its order, its exit codes and its one object. The jobs are doubles here."""

import json
import sys
from functools import partial
from types import ModuleType, SimpleNamespace

import pytest

from loader.cli import main
from loader.errors import BusyError, ConfigError, TerminalError


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """What was called, in order; a project with two sources and a published copy in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loader.yaml").write_text(
        "warehouse: {path: w.duckdb}\npublish: {path: copy.duckdb}\n"
        "sources: [{name: web, archive: {uri: a}}, {name: app, archive: {uri: b}}]\n",
        encoding="utf-8",
    )
    return []


@pytest.fixture
def jobs(calls, monkeypatch):
    """Puts doubles in the place of the jobs. A value that is an error is raised."""

    def answer(name, given, default):
        calls.append(name)
        if isinstance(given, Exception):
            raise given
        return given or default

    def put(web=None, app=None, models=None, catalog=None, publish=None):
        def load_source(config, source, **options):
            return answer(f"load {source.name}", {"web": web, "app": app}[source.name], a_load())

        def run_models(config, now, select, progress, kind=""):
            return answer(f"models as of {config.models.as_of}{kind}", models, a_run())

        doubles = {
            "load": {"load_source": load_source},
            "models": {
                "run_models": run_models,
                "dry_run_models": partial(run_models, kind=" dry"),
                "catalog_of": lambda config, now: answer("catalog", catalog, None),
                "with_as_of": lambda config, as_of: config.model_copy(
                    update={"models": config.models.model_copy(update={"as_of": as_of or "today"})}
                ),
            },
            "publish": {
                "publish": lambda config: answer(
                    "publish", publish, SimpleNamespace(as_dict=lambda: {"path": "copy.duckdb"})
                )
            },
        }
        for name, functions in doubles.items():
            module = ModuleType(f"loader.jobs.{name}")
            vars(module).update(functions)
            monkeypatch.setitem(sys.modules, f"loader.jobs.{name}", module)

    return put


def a_load(exit_code=0):
    return SimpleNamespace(
        as_dict=lambda: {"objects": 1, "rows": {}}, exit_code=lambda strict: exit_code or int(strict)
    )


def a_run(exit_code=0):
    from datetime import datetime

    result = {"models": [], "checks": [], "overridden": [], "never_made": [], "left_over": [], "exit_code": exit_code}
    return SimpleNamespace(as_dict=lambda: result, exit_code=exit_code, as_of=datetime(2026, 1, 1))


def ran(capsys, *arguments):
    """Exit code and the one JSON object."""
    return ran_command(capsys, "run", *arguments)


def ran_command(capsys, *arguments):
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_it_loads_every_source_then_makes_the_models_and_publishes_once(jobs, calls, capsys):
    jobs()

    code, result = ran(capsys)

    assert calls == ["catalog", "load web", "load app", "models as of today", "publish"]
    assert (code, result["exit_code"]) == (0, 0)
    assert result["load"]["sources"].keys() == {"web", "app"}
    assert result["models"]["models"] == []
    assert result["published"] == {"path": "copy.duckdb"}


def test_what_is_wrong_with_the_models_is_said_before_anything_is_loaded(jobs, calls, capsys):
    jobs(catalog=ConfigError("a model has no grain", "models/x.sql", "add it"))

    code, result = ran(capsys)

    assert (code, result["error"]["kind"], calls) == (2, "ConfigError", ["catalog"])


def test_a_source_that_fails_does_not_keep_the_models_from_what_is_loaded(jobs, calls, capsys):
    jobs(web=TerminalError("access denied", "s3://a", "grant it"))

    code, result = ran(capsys)

    assert (code, result["load"]["exit_code"], result["models"]["exit_code"]) == (1, 1, 0)
    assert calls[-2:] == ["models as of today", "publish"]


def test_without_any_source_loaded_the_models_stay_as_they_are(jobs, calls, capsys):
    error = TerminalError("access denied", "s3://a", "grant it")
    jobs(web=error, app=error)

    code, result = ran(capsys)

    assert (code, result["models"]) == (1, None)
    assert not any(call.startswith("models") for call in calls)


def test_a_busy_warehouse_stops_it(jobs, calls, capsys):
    jobs(web=BusyError("the warehouse is open", "w.duckdb", "wait"))

    code, result = ran(capsys)

    assert (code, result["error"]["kind"], calls) == (4, "BusyError", ["catalog", "load web"])


def test_failed_checks_are_exit_code_1_and_what_was_loaded_is_published(jobs, calls, capsys):
    jobs(models=a_run(exit_code=1))

    code, _ = ran(capsys)

    assert (code, calls[-1]) == (1, "publish")


def test_models_that_end_with_an_error_leave_the_report_of_the_load(jobs, calls, capsys):
    """The code is the error's; what was loaded is published."""
    jobs(models=BusyError("a run of models is running", "the models", "wait"))

    code, result = ran(capsys)

    assert (code, result["models"]["error"]["kind"], calls[-1]) == (4, "BusyError", "publish")
    assert result["load"]["sources"]["web"]["objects"] == 1


@pytest.mark.parametrize("command", ["run", "load"])
def test_a_copy_that_cannot_be_made_leaves_the_report_of_the_load(command, jobs, capsys):
    jobs(publish=BusyError("another process is publishing", "copy.duckdb", "wait"))

    code, result = ran_command(capsys, command)

    assert (code, result["exit_code"], result["published"]["error"]["kind"]) == (4, 4, "BusyError")
    assert (result["load"] if command == "run" else result)["sources"]["web"]["objects"] == 1


def test_a_copy_that_cannot_be_made_leaves_the_report_of_the_models(jobs, capsys):
    jobs(publish=TerminalError("the copy cannot be written", "copy.duckdb", "make room"))

    code, result = ran_command(capsys, "models", "run")

    assert (code, result["models"], result["published"]["error"]["where"]) == (1, [], "copy.duckdb")


@pytest.mark.parametrize("command", ["run", "load"])
def test_nothing_is_published_when_no_source_could_be_loaded(command, jobs, calls, capsys):
    """The copy would be the same, or there is no warehouse yet."""
    error = TerminalError("access denied", "s3://a", "grant it")
    jobs(web=error, app=error)

    code, result = ran_command(capsys, command)

    assert (code, "publish" in calls, "published" in result) == (1, False, False)


def test_the_error_of_the_models_is_shown_to_people(jobs, calls, capsys):
    jobs(models=TerminalError("model given failed", "models/given.sql", "correct its SQL"))

    code = main(["run"])

    assert code == 1
    assert "error: model given failed" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "code"), [((), 0), (("--strict",), 1)])
def test_bad_lines_fail_a_strict_run_only(arguments, code, jobs, capsys):
    jobs()

    assert ran(capsys, *arguments)[0] == code


def test_a_dry_run_is_dry_in_both_and_publishes_nothing(jobs, calls, capsys):
    jobs()

    _, result = ran(capsys, "--dry-run", "--as-of", "now")

    assert calls == ["catalog", "load web", "load app", "models as of now dry"]
    assert result["dry_run"]
