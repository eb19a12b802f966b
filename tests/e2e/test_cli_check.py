"""`loader check`: everything the configuration names is tried, and each failure says how to mend it."""

import duckdb
import pytest


def checks(ran) -> dict[str, bool]:
    """What was checked, and whether it is well."""
    return {check["check"]: check["ok"] for check in ran.json["checks"]}


def an_archive(project) -> None:
    folder = project.folder / "archive"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"type": "track"}\n', encoding="utf-8")


def test_a_project_that_can_load_is_all_ok(project):
    """Configuration, archive, warehouse to be, work folder."""
    an_archive(project)

    ran = project.run("check", "--json")

    assert (ran.code, ran.json["ok"]) == (0, True)
    assert checks(ran) == {
        "configuration": True,
        "archive of web": True,
        "warehouse": True,
        "models": True,
        "work folder": True,
    }


def test_a_missing_archive_says_what_to_do(project):
    """A folder that is not there fails this check only."""
    ran = project.run("check", "--json")

    assert ran.code != 0
    assert [name for name, ok in checks(ran).items() if not ok] == ["archive of web"]
    assert all(check["fix"] for check in ran.json["checks"] if not check["ok"])


def test_an_archive_without_objects_is_a_failure(project):
    """A wrong prefix or layout is the usual reason."""
    (project.folder / "archive").mkdir()

    ran = project.run("check")

    assert ran.code == 1
    assert "check archive.uri, archive.layout and archive.source_id" in ran.out


def test_a_file_that_is_no_warehouse_is_a_failure(project):
    """Another program's file is not touched."""
    an_archive(project)
    project.warehouse.write_bytes(b"not a database " * 100)

    ran = project.run("check", "--json")

    assert (ran.code, checks(ran)["warehouse"]) == (1, False)
    assert project.warehouse.read_bytes().startswith(b"not a database")


@pytest.fixture
def tomorrow(project):
    """A project whose warehouse a newer version wrote."""
    folder = project.folder / "archive"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"type": "track", "event": "e", "messageId": "m1"}\n', encoding="utf-8")
    assert project.run("load").code == 0
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute("insert into _loader.migrations values (999, '999_of_tomorrow', now())")
    return project


def test_a_warehouse_of_a_newer_version_is_a_failure(tomorrow):
    """Its tables may say something else than this version takes them for."""
    checked = tomorrow.run("check", "--json")

    assert (checked.code, checks(checked)["warehouse"]) == (1, False)


@pytest.mark.parametrize(
    "command",
    [
        "load --dry-run",
        "models run --dry-run",
        "status",
        "schema",
        "discards",
        "quarantine retry",
        "verify",
        "sql tables",
    ],
)
def test_what_reads_a_warehouse_of_a_newer_version_refuses_it(tomorrow, command):
    """As what writes it does, and with the same way out."""
    ran = tomorrow.run(*command.split(), "--json")

    assert (ran.code, ran.json["error"]["what"], ran.json["error"]["where"], ran.json["error"]["fix"]) == (
        1,
        "the warehouse was written by a newer version (its state tables are at 999)",
        str(tomorrow.warehouse),
        "upgrade this program: pip install --upgrade loader",
    )


def test_check_creates_nothing(project):
    """Looking leaves no file behind."""
    an_archive(project)

    project.run("check")

    assert sorted(path.name for path in project.folder.iterdir()) == ["archive", "loader.yaml"]
