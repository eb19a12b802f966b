"""The commands that look, run as a user runs them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from select import select

import duckdb
import pytest

from loader.config import load_config
from loader.errors import BusyError
from loader.reading import open_reader


def test_status_shows_the_watermark_and_what_was_set_aside(loaded_project):
    """Objects, watermark, quarantine and discards per source, and the objects that failed."""
    ran = loaded_project.run("status", "--json")

    (web,) = ran.json["sources"]
    assert (ran.code, web["objects"], web["failed"], web["watermark_day"]) == (0, 2, 1, "2026-01-02")
    assert (web["quarantined"], web["discards"], web["last_load_status"]) == (1, 1, "warnings")
    assert ran.json["failed_objects"] == [
        {"source": "web", "key": "a/2.gz", "status": "failed", "error": "access denied"}
    ]


def test_status_forgets_what_could_not_be_read_once_a_new_version_is_loaded(loaded_project):
    """An object is what its newest version is."""
    with duckdb.connect(str(loaded_project.warehouse)) as connection:
        connection.execute(
            "insert into _loader.objects by name select 3 as object_id, 'web' as source, 'a/2.gz' as key, "
            "'done' as status, 5 as lines, '{}' as options"
        )

    status = loaded_project.run("status", "--json").json

    (web,) = status["sources"]
    assert (web["objects"], web["done"], web["failed"], web["lines"]) == (2, 2, 0, 8)
    assert status["failed_objects"] == []


def test_status_tells_one_load_the_last_one(loaded_project):
    """One that is running has no end, and not that of the load before it."""
    with duckdb.connect(str(loaded_project.warehouse)) as connection:
        connection.execute(
            "insert into _loader.loads by name select 'running' as load_id, 'web' as source, 'running' as status, "
            "timestamptz '2100-01-01 00:00:00Z' as started_at"
        )

    (web,) = loaded_project.run("status", "--json").json["sources"]

    assert (web["last_load"], web["last_load_status"], web["load_finished_at"]) == ("running", "running", None)


def test_status_is_readable_without_a_terminal(loaded_project):
    """Plain aligned text, no drawing and no colour codes."""
    ran = loaded_project.run("status")

    assert ran.code == 0
    assert "watermark day" in ran.out
    assert "\x1b" not in ran.out


def test_schema_lists_columns_and_exports_them(loaded_project):
    """A table for people, an object for programs, CSV for spreadsheets."""
    assert loaded_project.run("schema", "web", "--json").json["columns"][0]["column_name"] == "id"
    assert loaded_project.run("schema", "--csv").out.splitlines()[0] == (
        "source,table_name,column_name,type,count,first_seen,last_seen"
    )


def test_quarantine_lists_reasons_and_shows_one_line(loaded_project):
    """The reference that the list prints opens the line with its text."""
    listed = loaded_project.run("quarantine", "list", "--json").json
    (line,) = listed["lines"]

    shown = loaded_project.run("quarantine", "show", line["ref"])

    assert listed["reasons"] == [{"source": "web", "reason": "invalid_json", "count": 1}]
    assert shown.code == 0
    assert shown.out.rstrip().endswith('{"type": oops')


@pytest.mark.parametrize(
    ("ref", "code", "what"), [("x", 2, "is not a reference"), ("1:99", 1, "there is no such line")]
)
def test_a_wrong_reference_is_explained(ref, code, what, loaded_project):
    """Wrong usage is 2; a line that is not there is 1."""
    ran = loaded_project.run("quarantine", "show", ref)

    assert (ran.code, what in ran.err) == (code, True)


def test_discards_count_and_show_values(loaded_project):
    """Counts by column and reason; the values only when asked for."""
    assert loaded_project.run("discards", "--json").json["values"] is None
    (value,) = loaded_project.run("discards", "--values", "--json").json["values"]

    assert value["value_json"] == '"free"'


def test_sql_prints_a_table_csv_or_json(loaded_project):
    """One query, three forms."""
    query = "select id, event from web.tracks"

    assert loaded_project.run("sql", query).out == "id  event\nm1  order_completed\n"
    assert loaded_project.run("sql", "--csv", query).out == "id,event\nm1,order_completed\n"
    assert loaded_project.run("sql", "--json", query).json == {
        "columns": ["id", "event"],
        "rows": [{"id": "m1", "event": "order_completed"}],
    }


def test_sql_prints_json_whatever_the_values_are(loaded_project):
    """What JSON has no number and no key for is text."""
    query = "select 'nan'::double as a, ['-inf'::double, 1.5] as b, map {date '2026-03-01': 'inf'::double} as c"

    out = loaded_project.run("sql", "--json", query).out
    (row,) = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))["rows"]

    assert row == {"a": "NaN", "b": ["-Infinity", 1.5], "c": {"2026-03-01": "Infinity"}}
    assert loaded_project.run("sql", query).code == 0


def test_a_table_spells_what_a_terminal_would_obey(loaded_project):
    """Event data may hold it. CSV and JSON have it as it is."""
    query = "select chr(27) || '[31m' || chr(0) as a, 'ü' || chr(9) as b"

    assert loaded_project.run("sql", query).out == "a             b\n\\x1b[31m\\x00  ü\n"
    assert loaded_project.run("sql", "--csv", query).out == "a,b\n\x1b[31m\x00,ü\t\n"


def test_what_turns_the_direction_of_writing_is_spelled(loaded_project):
    """In names of columns as well. JSON says it by escapes, and stays what it is."""
    query = "select 'a' || chr(8238) || 'b' as \"c\u202ed\\x1b\""

    out = loaded_project.run("sql", "--json", query).out

    assert loaded_project.run("sql", query).out.splitlines() == ["c\\u202ed\\x1b", "a\\u202eb"]
    assert out.isascii()
    assert json.loads(out)["rows"] == [{"c\u202ed\\x1b": "a\u202eb"}]


def test_a_quarantined_line_is_shown_spelled(loaded_project):
    """Nobody knows what is in a line that is no message; with --json it is exact."""
    line = "{\x1b[31m\x9b1m\u202e"
    with duckdb.connect(str(loaded_project.warehouse)) as connection:
        connection.execute("update _loader.quarantine set raw = ?", [line])

    shown = loaded_project.run("quarantine", "show", "1:3")
    exact = loaded_project.run("quarantine", "show", "1:3", "--json")

    assert shown.out.splitlines()[-1] == r"{\x1b[31m\x9b1m\u202e"
    assert exact.json["line"]["raw"] == line


def test_a_row_of_plain_text_is_one_line_whose_length_is_its_own(loaded_project):
    """Neither a value of several lines nor a long one changes what other rows look like."""
    query = "select unnest(['a' || chr(10) || 'b', repeat('x', 100000), 'c']) as text, 1 as n"

    _, first, second, third = loaded_project.run("sql", query).out.splitlines()

    assert (first.split(), third.split()) == (["a\\nb", "1"], ["c", "1"])
    assert (len(second), len(third)) == (100_003, 103)


def test_what_an_encoding_lacks_is_spelled(loaded_project):
    """A terminal of another encoding is no defect, and JSON is the same JSON."""
    query = "select 'ü' as u"

    assert loaded_project.run("sql", query, PYTHONIOENCODING="ascii").out == "u\n\\xfc\n"
    assert loaded_project.run("sql", "--json", query, PYTHONIOENCODING="ascii").json["rows"] == [{"u": "ü"}]


@pytest.mark.parametrize("query", ["", "  ", ";", "-- nothing"])
def test_a_query_that_says_nothing_is_an_error(query, loaded_project):
    """With an example of one that does."""
    ran = loaded_project.run("sql", query)

    assert (ran.code, ran.err.splitlines()[0]) == (1, "error: the query is empty")


@pytest.mark.parametrize("query", ["drop table web.tracks", "copy web.tracks to 'out.csv'", "select * from nowhere"])
def test_sql_changes_nothing_and_explains(query, loaded_project):
    """Read-only, no files beside the warehouse, and the engine's own words."""
    ran = loaded_project.run("sql", query)

    assert ran.code == 1
    assert "error: the query failed" in ran.err
    assert not (loaded_project.folder / "out.csv").exists()


@pytest.mark.parametrize("form", [[], ["--csv"]])
def test_sql_shows_times_to_the_microsecond(form, loaded_project):
    """What is printed or exported is what is stored."""
    ran = loaded_project.run("sql", *form, "select timestamptz '2026-03-01 10:00:00.123456Z' as at")

    assert ran.out.split("\n")[1] == "2026-03-01 10:00:00.123456+00:00"


def test_the_prompt_reads_queries_until_quit(loaded_project):
    """A query may span lines; an error does not end the prompt."""
    ran = loaded_project.run("sql", typed="select\n 1 as one;\nselect oops;\ntables\nquit\n")

    assert ran.code == 0
    assert "one\n1\n" in ran.out
    assert "web" in ran.out
    assert "the query failed" in ran.err


class Prompt:
    """`loader sql` on a terminal of its own."""

    def __init__(self, folder):
        self._ours, theirs = os.openpty()
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        self.shell = subprocess.Popen([sys.executable, "-m", "loader", "sql"], cwd=folder, **streams)
        os.close(theirs)
        self.said_before("sql> ")

    def type(self, text):
        os.write(self._ours, text.encode())

    def said_before(self, awaited):
        """All that it says up to a prompt."""
        said = b""
        while not said.endswith(awaited.encode()):
            assert select([self._ours], [], [], 20)[0], f"{awaited!r} did not come after {said!r}"
            said += os.read(self._ours, 65536)
        return said.decode()

    def press_ctrl_c(self):
        """Until something is said: Python does not notice it just before it waits for a line."""
        while select([self._ours], [], [], 0)[0]:
            os.read(self._ours, 65536)
        is_heard = False
        while not is_heard:
            self.shell.send_signal(signal.SIGINT)
            is_heard = bool(select([self._ours], [], [], 2)[0])

    def threads(self):
        return len(os.listdir(f"/proc/{self.shell.pid}/task"))

    def close(self):
        self.shell.kill()
        self.shell.wait()
        os.close(self._ours)


def test_ctrl_c_at_the_prompt_drops_what_was_begun_and_ends_it_only_when_repeated(loaded_project):
    """As in other shells: a query that is half typed or running is gone, and the next one is answered."""
    with closing(Prompt(loaded_project.folder)) as prompt:
        prompt.type("select half,\n")
        prompt.said_before("...> ")
        prompt.press_ctrl_c()
        assert "Ctrl-C again" in prompt.said_before("sql> ")

        prompt.type("select 40 + 2 as answer;\n")
        assert "42" in prompt.said_before("sql> ")

        idle = prompt.threads()
        prompt.type("select count(*) from range(100000) a, range(9999999) b;\n")
        while prompt.threads() == idle:
            time.sleep(0.05)
        prompt.press_ctrl_c()
        assert "stopped" in prompt.said_before("sql> ")

        prompt.type("select 40 + 3 as answer;\n")
        assert "43" in prompt.said_before("sql> ")

        prompt.press_ctrl_c()
        prompt.said_before("sql> ")
        prompt.press_ctrl_c()
        assert prompt.shell.wait(20) == 1


@pytest.mark.parametrize("command", [["status"], ["schema"], ["discards"], ["quarantine", "list"], ["sql", "select 1"]])
def test_without_a_warehouse_the_fix_is_to_load(command, project):
    """Nothing is created by looking."""
    ran = project.run(*command)

    assert (ran.code, "run `loader load` first" in ran.err) == (2, True)
    assert not project.warehouse.exists()


def test_a_file_that_a_load_holds_is_reported_with_its_holder(loaded_project):
    """Exit code 4, the process, and what to do."""
    hold = "import duckdb,sys; c=duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(loaded_project.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        holder.stdout.readline()
        ran = loaded_project.run("status", "--json")
        pid = holder.pid
        holder.stdin.close()

    assert ran.code == 4
    assert ran.json["error"]["what"] == f"the warehouse is open for writing in process {pid}"


def test_a_file_that_a_load_of_the_same_process_holds_is_busy_too(loaded_project):
    """It is no broken file: a program may load in one thread and read in another."""
    config = load_config(str(loaded_project.folder / "loader.yaml"), {})
    with duckdb.connect(":memory:") as engine:
        engine.execute(f"attach '{loaded_project.warehouse}' as w")

        with pytest.raises(BusyError, match="is open for writing in another connection"), open_reader(config, 0):
            pass


def test_data_is_shown_as_it_is_whatever_the_secrets_are(loaded_project):
    """A short key of a local server must not change what a query returns."""
    ran = loaded_project.run("sql", "--json", "select 'test1234' as a, 12345678 as b", AWS_SECRET_ACCESS_KEY="12345678")

    assert ran.json["rows"] == [{"a": "test1234", "b": 12345678}]


def test_status_says_when_the_models_were_made_last(loaded_project):
    """The newest run, and the newest whose tables readers see."""
    statements = (
        "create table _loader.model_runs (run_id varchar, started_at timestamptz, finished_at timestamptz, status varchar, "
        "as_of timestamptz, selection json, replaced boolean, error varchar, counters json)",
        "insert into _loader.model_runs values ('r1', '2026-01-02 00:00Z', '2026-01-02 00:05Z', 'done', '2026-01-02 00:00Z', null, "
        """true, null, '{"models": 3, "checks_failed": 0}')""",
        "insert into _loader.model_runs values ('r2', '2026-01-03 00:00Z', '2026-01-03 00:05Z', 'failed', '2026-01-03 00:00Z', null, "
        """false, null, '{"models": 3, "checks_failed": 1}')""",
    )
    with duckdb.connect(str(loaded_project.warehouse)) as connection:
        for statement in statements:
            connection.execute(statement)

    run = loaded_project.run("status", "--json").json["models"]

    assert (run["last_run"], run["last_run_status"], run["checks_failed"]) == ("r2", "failed", 1)
    assert run["last_replaced_at"].startswith("2026-01-02")
    assert re.search(r"^last run status +failed$", loaded_project.run("status").out, re.MULTILINE)


def test_status_of_a_warehouse_without_the_record_of_runs_says_how_to_make_the_models(loaded_project):
    """The file of an earlier version can be looked at before anything upgrades it."""
    ran = loaded_project.run("status")

    assert (ran.code, loaded_project.run("status", "--json").json["models"]) == (0, None)
    assert "models: not made yet; run `loader models run`" in ran.out


def test_status_of_one_source_is_about_that_source(loaded_project):
    assert "models" not in loaded_project.run("status", "web").out
