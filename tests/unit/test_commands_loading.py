"""How the commands that write call their jobs, and what they make of the reports. The jobs are doubles here."""

import json
import sys
from dataclasses import dataclass, field
from datetime import date
from types import ModuleType

import pytest

from loader.cli import main
from loader.core.days import Days
from loader.errors import BusyError, TerminalError


@dataclass(frozen=True)
class Report:
    """A report with the shape of a real one."""

    quarantined: dict = field(default_factory=dict)
    failed_objects: tuple = ()

    def as_dict(self):
        return {
            "objects": 2,
            "rows": {"tracks": 3},
            "quarantined": self.quarantined,
            "failed_objects": list(self.failed_objects),
        }

    def exit_code(self, strict=False):
        return 1 if self.failed_objects or (strict and self.quarantined) else 0


@pytest.fixture
def jobs(monkeypatch, tmp_path):
    """Puts doubles in the place of the jobs, and a configuration with two sources in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loader.yaml").write_text(
        "warehouse: {path: w.duckdb}\nsources: [{name: web, archive: {uri: a}}, {name: app, archive: {uri: b}}]\n",
        encoding="utf-8",
    )
    calls = []

    def put(name, function, **behaviour):
        def job(config, source=None, *rest, **options):
            calls.append((getattr(source, "name", None), rest, options))
            answer = behaviour.get(getattr(source, "name", ""), Report())
            if isinstance(answer, Exception):
                raise answer
            return answer

        module = ModuleType(f"loader.jobs.{name}")
        setattr(module, function, job)
        monkeypatch.setitem(sys.modules, f"loader.jobs.{name}", module)
        return calls

    return put


def ran(capsys, *arguments):
    """Exit code and the one JSON object."""
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_load_loads_every_source_and_reports_each(jobs, capsys):
    """One object with a report per source."""
    calls = jobs("load", "load_source")

    code, result = ran(capsys, "load")

    assert (code, [name for name, _, _ in calls]) == (0, ["web", "app"])
    assert result["sources"]["web"]["rows"] == {"tracks": 3}


def test_days_are_given_to_the_job_with_an_exclusive_end(jobs, capsys):
    """--to names the last day that is loaded."""
    calls = jobs("load", "load_source")

    ran(capsys, "load", "web", "--from", "2026-01-01", "--to", "2026-01-31", "--dry-run")

    (_, _, options) = calls[0]
    assert (options["days"], options["dry_run"]) == (Days(date(2026, 1, 1), date(2026, 2, 1)), True)


def test_the_last_day_of_the_calendar_is_no_end(jobs, capsys):
    """There is no day after it."""
    calls = jobs("load", "load_source")

    ran(capsys, "load", "web", "--to", "9999-12-31")

    assert calls[0][2]["days"].until is None


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--strict"], 1)])
def test_bad_lines_fail_a_strict_run_only(arguments, code, jobs, capsys):
    """A run with bad lines succeeds; --strict makes it fail."""
    jobs("load", "load_source", web=Report(quarantined={"invalid_json": 1}))

    assert ran(capsys, "load", *arguments)[0] == code


def test_a_load_says_where_to_look_at_what_it_set_aside(jobs, capsys):
    """Once for all sources; a dry run set nothing aside."""
    jobs("load", "load_source", web=Report(quarantined={"bad_json": 1}), app=Report(quarantined={"bad_json": 1}))

    main(["load"])
    loaded = capsys.readouterr().out
    main(["load", "--dry-run"])
    tried = capsys.readouterr().out

    assert loaded.count("`loader quarantine list` shows the quarantined lines\n") == 1
    assert "shows the" not in tried


def test_a_source_that_fails_does_not_stop_the_others(jobs, capsys):
    """Its error is in the object, the others are loaded, the exit code is 1."""
    jobs("load", "load_source", web=TerminalError("access denied", "s3://a", "grant it"))

    code, result = ran(capsys, "load")

    assert (code, result["sources"]["web"]["error"]["what"]) == (1, "access denied")
    assert result["sources"]["app"]["objects"] == 2


def test_a_busy_warehouse_stops_the_run(jobs, capsys):
    """All sources share the warehouse, so the rest would wait as well."""
    jobs("load", "load_source", web=BusyError("the warehouse is open", "w.duckdb", "wait"))

    code, result = ran(capsys, "load")

    assert (code, result["error"]["kind"]) == (4, "BusyError")


def test_a_report_is_printed_for_people(jobs, capsys):
    """Counts, rows per table, reasons, and each object that failed."""
    failed = Report(quarantined={"invalid_json": 1}, failed_objects=({"key": "a/2.gz", "error": "access denied"},))
    jobs("load", "load_source", web=failed)

    code, text = main(["load", "web"]), capsys.readouterr().out

    assert code == 1
    assert "tracks  3" in text
    assert "invalid_json" in text
    assert "failed objects: key a/2.gz, error access denied" in text


@pytest.mark.parametrize(("target", "table"), [("web", None), ("web.tracks", "tracks")])
def test_rebuild_takes_a_source_or_one_table(target, table, jobs, capsys):
    """SOURCE or SOURCE.TABLE."""
    calls = jobs("rebuild", "rebuild")

    code, result = ran(capsys, "rebuild", target)

    assert (code, result["table"], calls) == (0, table, [("web", (table, Days()), {})])


@pytest.mark.parametrize(
    ("arguments", "name", "function"),
    [(["verify"], "verify.source", "verify_source"), (["quarantine", "retry"], "retry", "retry_quarantine")],
)
def test_verify_and_retry_take_every_source(arguments, name, function, jobs, capsys):
    """One job per source; the worst exit code is the command's."""
    jobs(name, function, app=Report(failed_objects=({"key": "x", "error": "y"},)))

    code, result = ran(capsys, *arguments)

    assert (code, sorted(result["sources"])) == (1, ["app", "web"])


def test_warning_counters_are_one_line_where_there_are_any(jobs, capsys):
    """And none where nothing was counted."""

    class Counted(Report):
        def as_dict(self):
            return {**super().as_dict(), "warning_counts": {"no_identity": 1200, "timestamp_future": 3}}

    jobs("load", "load_source", web=Counted())

    main(["load"])

    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning counts")]
    assert lines == ["warning counts: no_identity 1,200, timestamp_future 3"]
