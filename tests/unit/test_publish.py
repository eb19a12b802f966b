"""The published copy is always whole: readers keep the one they have, a killed run leaves the old one in place."""

import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from loader.config import Config
from loader.errors import BusyError, ConfigError, TerminalError
from loader.jobs import publish as module
from loader.jobs.publish import publish


def a_config(folder: Path, is_published: bool = True) -> Config:
    """A project with one source; the copy is `out/copy.duckdb`."""
    return Config.model_validate(
        {
            "warehouse": {"path": "warehouse.duckdb"},
            "sources": [{"name": "web", "archive": {"uri": "archive"}}],
            **({"publish": {"path": "out/copy.duckdb"}} if is_published else {}),
        },
        context={"base": folder},
    )


def fill(folder: Path, *ids: str) -> None:
    """A warehouse with those rows, and a view over a state table."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema if not exists web")
        connection.execute("create schema if not exists _loader")
        connection.execute("create table if not exists web.tracks(id varchar not null)")
        connection.execute("create or replace view _loader.ids as select id from web.tracks")
        for row_id in ids:
            connection.execute("insert into web.tracks values (?)", [row_id])


def ids_in(path: Path) -> list[str]:
    """What a reader of a file sees."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return [row_id for (row_id,) in connection.execute("select id from _loader.ids order by id").fetchall()]


def test_the_copy_holds_everything_in_the_format_of_the_warehouse(tmp_path):
    """Tables, views and storage format; nothing else is left in the folder."""
    fill(tmp_path, "a", "b")

    report = publish(a_config(tmp_path)).as_dict()

    copy = tmp_path / "out" / "copy.duckdb"
    assert ids_in(copy) == ["a", "b"]
    assert report["path"] == str(copy)
    assert report["bytes"] == copy.stat().st_size
    assert [path.name for path in copy.parent.iterdir()] == ["copy.duckdb"]
    formats = []
    for path in (copy, tmp_path / "warehouse.duckdb"):
        with duckdb.connect(str(path), read_only=True) as connection:
            formats += connection.execute("select tags from duckdb_databases() where path is not null").fetchall()
    assert formats[0] == formats[1]


def test_whoever_has_the_old_copy_open_keeps_it(tmp_path):
    """The file is replaced, not written over."""
    fill(tmp_path, "a")
    publish(a_config(tmp_path))
    copy = tmp_path / "out" / "copy.duckdb"

    with duckdb.connect(str(copy), read_only=True) as reader:
        fill(tmp_path, "b")
        publish(a_config(tmp_path))
        assert reader.execute("select count(*) from web.tracks").fetchone() == (1,)

    assert ids_in(copy) == ["a", "b"]


def test_a_killed_run_leaves_the_old_copy_and_the_next_one_cleans_up(tmp_path):
    """Killed after copying, before the new file takes the place of the old one."""
    fill(tmp_path, "a")
    publish(a_config(tmp_path))
    fill(tmp_path, "b")
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom loader.config import Config\n"
        "from loader.jobs import publish as module\n"
        "module._sync = lambda path: os.kill(os.getpid(), signal.SIGKILL)\n"
        "module.publish(Config.model_validate_json(sys.argv[1]))\n"
    )

    done = subprocess.run([sys.executable, "-c", code, a_config(tmp_path).model_dump_json()], check=False, timeout=60)

    out = tmp_path / "out"
    assert done.returncode == -signal.SIGKILL
    assert ids_in(out / "copy.duckdb") == ["a"]
    assert len(list(out.iterdir())) == 2
    publish(a_config(tmp_path))
    assert ids_in(out / "copy.duckdb") == ["a", "b"]
    assert [path.name for path in out.iterdir()] == ["copy.duckdb"]


def test_a_full_disk_is_named_with_the_file_that_it_holds(tmp_path, monkeypatch):
    """The copy is what could not be written, not the warehouse."""
    fill(tmp_path, "a")

    def refuse(connection, path):
        raise duckdb.IOException('Could not write file "/out/.copy.duckdb": No space left on device')

    monkeypatch.setattr(module, "_attach", refuse)
    with pytest.raises(TerminalError) as caught:
        publish(a_config(tmp_path))

    assert (caught.value.what, caught.value.where) == (
        "a file cannot be written: No space left on device",
        "/out/.copy.duckdb",
    )


def test_a_failed_run_leaves_the_old_copy_alone(tmp_path, monkeypatch):
    """An error of the disk is a terminal error; its half file is removed."""
    fill(tmp_path, "a")
    publish(a_config(tmp_path))
    fill(tmp_path, "b")

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_sync", full)
    with pytest.raises(TerminalError, match="cannot be written .No space left"):
        publish(a_config(tmp_path))

    assert ids_in(tmp_path / "out" / "copy.duckdb") == ["a"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["copy.duckdb"]


def test_a_running_load_is_waited_for_and_then_named(tmp_path, monkeypatch):
    """Exit code 4, with the process that holds the file."""
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.3)
    fill(tmp_path, "a")
    code = "import duckdb, sys\nc = duckdb.connect(sys.argv[1])\nprint('open', flush=True)\nsys.stdin.read()\n"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "warehouse.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(BusyError, match=f"process {holder.pid}"):
            publish(a_config(tmp_path))
        holder.stdin.close()
    publish(a_config(tmp_path))


def test_what_is_missing_is_said(tmp_path):
    """No publish.path, no warehouse, or the warehouse itself as the target."""
    with pytest.raises(ConfigError, match=r"publish\.path"):
        publish(a_config(tmp_path, is_published=False))
    with pytest.raises(ConfigError, match="does not exist yet"):
        publish(a_config(tmp_path))
    fill(tmp_path, "a")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "copy.duckdb").symlink_to(tmp_path / "warehouse.duckdb")
    with pytest.raises(ConfigError, match="would replace the warehouse"):
        publish(a_config(tmp_path))
