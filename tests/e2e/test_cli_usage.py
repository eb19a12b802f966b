"""Arguments, exit codes, errors and secrets of the command line."""

import builtins
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from loader.__main__ import main as start_of_program
from loader.cli import main

CANARY = "canary-9d41c7e2"


@pytest.mark.parametrize(
    "arguments", [["status"], ["load"], ["load", "--dry-run"], ["rebuild", "web"], ["models", "run"], ["verify"]]
)
def test_a_folder_in_the_place_of_the_warehouse_is_exit_code_2(arguments, project):
    """Nothing is put into it."""
    (project.folder / "archive").mkdir()
    project.warehouse.mkdir()

    ran = project.run(*arguments, "--json")

    assert (ran.code, ran.json["error"]["what"]) == (2, "warehouse.path is a folder, not a file")
    assert ran.json["error"]["where"] == str(project.warehouse)
    assert list(project.warehouse.iterdir()) == []


def test_verify_names_the_warehouse_and_not_the_copy_that_it_reads(project):
    (project.folder / "archive").mkdir()
    duckdb.connect(str(project.warehouse)).close()

    ran = project.run("verify", "--json")

    assert (ran.code, ran.json["error"]["where"]) == (1, f"{project.warehouse}, schema _loader")


def test_init_writes_a_configuration_that_is_valid(tmp_path, project):
    """What `init` writes, `check` accepts; a second `init` overwrites nothing."""
    first = project.run("init", "fresh", "--json")
    again = project.run("init", "fresh")

    names = sorted(path.name for path in (tmp_path / "fresh").iterdir())
    assert (first.code, names) == (0, [".env.example", "loader.schema.json", "loader.yaml"])
    assert (again.code, "there is a file already" in again.err) == (2, True)
    assert project.run("--config", "fresh/loader.yaml", "status").err.startswith(
        "error: the warehouse does not exist yet"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["lod"], ["load", "--from", "yesterday"], ["load", "app"], ["discards", "--limit", "0"], ["rebuild"]),
        ["load", "--from", "2026-02-01", "--to", "2026-01-31"],
        ["rebuild", "web", "--from", "2026-02-01", "--to", "2026-01-31"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, project):
    """What, where and fix on standard error; nothing on standard output."""
    ran = project.run(*arguments)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert "  fix:   " in ran.err


def test_a_load_of_a_folder_that_is_not_there_touches_nothing(project):
    """Exit code 2 leaves no warehouse behind."""
    ran = project.run("load")

    assert (ran.code, project.warehouse.exists()) == (2, False)
    assert "the archive folder does not exist" in ran.err


@pytest.mark.parametrize(("layout", "folder"), [("rudderstack", "segment-logs"), ("segment", "rudder-logs")])
def test_a_load_of_an_archive_of_another_layout_touches_nothing(layout, folder, project):
    """Exit code 2 leaves no warehouse behind."""
    (project.folder / "archive" / folder).mkdir(parents=True)
    config = "warehouse: {path: ./warehouse.duckdb}\nsources: [{name: web, archive: {uri: ./archive, layout: %s}}]\n"
    (project.folder / "loader.yaml").write_text(config % layout, encoding="utf-8")

    ran = project.run("load")

    assert (ran.code, project.warehouse.exists()) == (2, False)
    assert f"there is no {layout} archive" in ran.err


def test_an_error_is_the_one_json_object(project):
    """With --json an error has a shape of its own, wherever the option stands."""
    for arguments in (["--json", "status"], ["status", "--json"], ["--json", "nonsense"]):
        ran = project.run(*arguments)

        assert set(ran.json["error"]) == {"kind", "what", "where", "fix", "exit_code"}
        assert ran.json["error"]["exit_code"] == ran.code == 2


def test_help_and_version_are_not_errors(project):
    """Exit code 0, with the exit codes explained."""
    assert "exit codes: 0 done" in project.run("--help").out
    assert project.run("--version").out.startswith("loader ")


@pytest.mark.parametrize("name", ["load", "verify", "rebuild", "quarantine retry", "publish", "check"])
def test_every_command_has_help(name, project):
    """Each one prints its usage."""
    ran = project.run(*name.split(), "--help")

    assert (ran.code, ran.out.split()[:3]) == (0, ["usage:", "loader", name.split()[0]])


def test_an_unexpected_error_is_a_sentence_and_a_traceback_only_with_v(monkeypatch, capsys, tmp_path):
    """People see a sentence; -v adds the traceback; a secret is in neither."""
    monkeypatch.setenv("MY_SECRET_TOKEN", CANARY)
    (tmp_path / "loader.yaml").write_text(
        "warehouse: {path: w.duckdb}\nsources: [{name: web, archive: {uri: a, profile: '${env:MY_SECRET_TOKEN}'}}]\n",
        encoding="utf-8",
    )

    def broken(*_):
        raise RuntimeError(f"boom {CANARY}")

    monkeypatch.setattr("loader.commands.inspect.open_reader", broken)
    quiet, quiet_text = main(["--config", str(tmp_path / "loader.yaml"), "status"]), capsys.readouterr()
    loud, loud_text = main(["--config", str(tmp_path / "loader.yaml"), "status", "-v"]), capsys.readouterr()

    assert (quiet, loud) == (1, 1)
    assert "unexpected RuntimeError: boom ${env:MY_SECRET_TOKEN}" in quiet_text.err
    assert ("Traceback" in quiet_text.err, "Traceback" in loud_text.err) == (False, True)
    assert CANARY not in quiet_text.err + loud_text.err


def test_too_little_memory_is_said_with_the_setting(monkeypatch, capsys, tmp_path):
    """It is no defect: the engine stopped where the setting says."""
    (tmp_path / "loader.yaml").write_text(
        "warehouse: {path: w.duckdb}\nsources: [{name: web, archive: {uri: a}}]\n", encoding="utf-8"
    )

    def too_large(*_):
        with duckdb.connect(config={"memory_limit": "20MB", "temp_directory": ""}) as engine:
            engine.execute("create table t as select hash(range)::text as n from range(5_000_000)")

    monkeypatch.setattr("loader.commands.inspect.open_reader", too_large)

    code, text = main(["--config", str(tmp_path / "loader.yaml"), "status"]), capsys.readouterr()

    assert code == 1
    assert "needs more memory than resources.memory allows" in text.err
    assert "raise resources.memory" in text.err


def test_ctrl_c_says_how_to_go_on(monkeypatch, capsys, tmp_path):
    """Exit code 1 and the way to resume."""
    (tmp_path / "loader.yaml").write_text(
        "warehouse: {path: w.duckdb}\nsources: [{name: web, archive: {uri: a}}]\n", encoding="utf-8"
    )

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("loader.commands.inspect.open_reader", interrupted)

    assert main(["--config", str(tmp_path / "loader.yaml"), "status"]) == 1
    assert "Run the same command again to go on" in capsys.readouterr().err


COMMANDS = [
    ["check"], ["check", "--json"], ["status"], ["status", "--json"], ["schema"], ["quarantine", "list"], ["discards"],
    ["load", "--dry-run"], ["load", "--json", "-v"], ["verify"], ["publish"], ["sql", "select 1"], ["-v", "nonsense"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_secret_is_in_no_output(arguments, loaded_project):
    """Neither what the file takes from the environment nor the S3 credentials of .env are ever printed."""
    (loaded_project.folder / "loader.yaml").write_text(
        "warehouse: {path: ./warehouse.duckdb}\n"
        'sources: [{name: web, archive: {uri: "./${env:FOLDER}", profile: "${env:PROFILE}"}}]\n',
        encoding="utf-8",
    )
    (loaded_project.folder / ".env").write_text(
        f"AWS_SECRET_ACCESS_KEY={CANARY}-1\nFOLDER={CANARY}-2\n", encoding="utf-8"
    )

    ran = loaded_project.run(*arguments, "--log-format", "json", PROFILE=f"{CANARY}-3")

    assert CANARY not in ran.out + ran.err


def test_logs_are_one_json_object_a_line(monkeypatch, capsys):
    """--log-format json keeps standard error machine-readable."""
    import logging

    from loader.commands.logs import set_up_logs

    set_up_logs("json", 0)
    logging.getLogger("loader.test").info("loaded %s objects", 3, extra={"source": "web"})
    logging.getLogger().handlers.clear()

    record = json.loads(capsys.readouterr().err)
    assert (record["message"], record["source"], record["level"]) == ("loaded 3 objects", "web", "info")
    assert os.environ["NO_COLOR"] == "1"


def start(project, *arguments: str, **streams) -> subprocess.Popen[str]:
    """`loader` with a standard output of its own, buffered as a user has it."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "loader", *arguments]
    return subprocess.Popen(
        command,
        cwd=project.folder,
        env=environ,
        text=True,
        stderr=subprocess.PIPE,
        **{"stdout": subprocess.PIPE} | streams,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and what it said on standard error."""
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--help"], 0), (["status"], 0), (["sql", "select"], 1), (["--json", "sql", "select"], 1)]
)
def test_a_reader_of_the_output_that_goes_away_is_no_error(arguments, code, loaded_project):
    """As `head` does. The exit code is that of the command, and nothing is said about the output."""
    end, begin = os.pipe()
    os.close(end)

    process = start(loaded_project, *arguments, stdout=begin)
    os.close(begin)
    ran, said = ended(process)

    assert (ran, "Traceback" in said, "Broken pipe" in said) == (code, False, False)


def test_a_command_that_its_reader_stopped_has_failed(loaded_project):
    """With `loader load | head -1`, sources that were not loaded must not look loaded."""
    end, begin = os.pipe()
    os.close(end)

    process = start(loaded_project, "sql", "from range(100000)", stdout=begin)
    os.close(begin)

    assert ended(process) == (1, "")


@pytest.mark.parametrize("arguments", [["--help"], ["status"], ["sql", "from range(100000)"]])
def test_a_full_disk_below_the_output_is_an_error(arguments, loaded_project):
    """No defect, whether it is met while the command prints or at its end."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ran, said = ended(start(loaded_project, *arguments, stdout=full))

    assert (ran, said.splitlines()[:2]) == (
        1,
        ["error: a file cannot be written: No space left on device", "  where: standard output"],
    )


def test_a_closed_standard_output_is_no_defect(loaded_project):
    """As in `loader status >&-`: the command does its work, and prints into nothing."""
    ran, said = ended(start(loaded_project, "status", preexec_fn=lambda: os.close(1)))

    assert (ran, "Traceback" in said) == (0, False)


@pytest.mark.parametrize(
    ("sent", "before"),
    [
        pytest.param(signal.SIGINT, None, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, None, id="SIGTERM"),
        # As a script starts what it runs in the background.
        pytest.param(signal.SIGTERM, lambda: signal.signal(signal.SIGINT, signal.SIG_IGN), id="SIGTERM, no Ctrl-C"),
    ],
)
def test_a_signal_stops_a_query(sent, before, loaded_project):
    """At any moment, also before the first row."""
    process = start(loaded_project, "sql", "select count(*) from range(100000000000000)", preexec_fn=before)
    try:
        while str(loaded_project.warehouse) not in files_of(process.pid):
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(sent)

        ran, said = ended(process)
    finally:
        process.kill()

    assert (ran, said.strip().split(";")[0]) == (1, "stopped")


def files_of(pid: int) -> set[str]:
    """The files that a process has open."""
    return {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()}


def test_ctrl_c_while_the_program_starts_says_nothing(monkeypatch):
    """Its imports take a moment."""

    def interrupted(name: str, *rest: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "loader.cli")
    monkeypatch.setattr(builtins, "__import__", interrupted)

    assert start_of_program() == 1
