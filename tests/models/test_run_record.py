"""Runs of models in the state tables: what each was, and how it ended."""

import json
from datetime import UTC, datetime

import duckdb
import pytest
from modelling import NOW, a_model

from loader.errors import TerminalError


def recorded(modelling, *columns):
    """Runs from the first to the last."""
    return modelling.query(f"select {', '.join(columns)} from _loader.model_runs order by started_at, run_id")


def counters(modelling):
    """Of the last run."""
    ((text,),) = modelling.query("select counters from _loader.model_runs order by started_at desc limit 1")
    return json.loads(text)


def test_a_run_is_recorded_with_what_it_made(modelling):
    a_model(modelling, "given", "select 1 as n union all select 2")

    modelling.run("given")

    ((status, replaced, as_of, selection, error),) = recorded(
        modelling, "status", "replaced", "as_of", "selection", "error"
    )
    assert (status, replaced, as_of, json.loads(selection), error) == ("done", True, NOW, ["+given"], None)
    assert (counters(modelling)["models"], counters(modelling)["rows"]) == (1, {"given": 2})


def test_times_are_those_of_the_clock_and_not_as_of(modelling):
    a_model(modelling, "given", "select 1 as n")
    before = datetime.now(UTC)

    modelling.run("given", as_of="2020-01-01")

    ((started, finished, as_of),) = recorded(modelling, "started_at", "finished_at", "as_of")
    assert before <= started <= finished <= datetime.now(UTC)
    assert as_of == datetime(2020, 1, 1, tzinfo=UTC)


def test_a_run_that_replaced_nothing_says_which_check_failed_and_none_of_its_rows(modelling):
    a_model(modelling, "given", "select 'secret' as n", columns="n text: a text", more="checks:\n  none: n = 'secret'")

    modelling.run("given", passes=False)

    assert recorded(modelling, "status", "replaced") == [("failed", False)]
    assert counters(modelling)["not_passed"] == {"given.none": 1}
    assert "secret" not in json.dumps(counters(modelling))


def test_a_check_that_only_warns_makes_the_run_one_with_warnings(modelling):
    a_model(modelling, "given", "select 1 as n", more="checks:\n  none (warn): n = 1")

    modelling.run("given")

    assert recorded(modelling, "status", "replaced") == [("warnings", True)]


def test_a_run_that_ended_with_an_error_says_where_and_quotes_no_value(modelling):
    path = a_model(modelling, "given", "select cast('secret' as integer) as n")

    with pytest.raises(TerminalError):
        modelling.run("given")

    assert recorded(modelling, "status", "replaced", "error") == [("failed", False, f"TerminalError: {path}")]


def test_a_dry_run_is_not_recorded(modelling):
    from loader.config import load_config
    from loader.jobs.models import dry_run_models

    a_model(modelling, "given", "select 1 as n")
    modelling.run("given")

    dry_run_models(load_config(modelling.config_file, {}), NOW, ["given"])

    assert len(recorded(modelling, "run_id")) == 1


def test_the_record_says_replaced_exactly_when_the_tables_are(modelling, monkeypatch):
    """Both are one transaction: an error at its end takes back both."""
    from loader.model_runs import ModelRuns

    a_model(modelling, "given", "select 1 as n")
    modelling.run("given")
    a_model(modelling, "given", "select 2 as n")
    end = ModelRuns.end

    def fail_after(*arguments):
        end(*arguments)
        raise OSError("the disk is full")

    monkeypatch.setattr(ModelRuns, "end", fail_after)
    with pytest.raises(OSError, match="disk"):
        modelling.run("given")

    assert modelling.rows("given") == [(1,)]
    assert recorded(modelling, "status", "replaced", "error") == [("done", True, None), ("failed", False, "OSError")]
    assert modelling.query("select * from _loader.leases") == []


def test_a_warehouse_of_the_version_before_is_upgraded_by_a_run(modelling):
    """Its state tables have no record of runs; what is in them stays."""
    from loader.sqlfiles import sql_files

    first, second = sorted(sql_files("ledger"))[:2]
    assert second.stem == "002_model_runs"
    with duckdb.connect(str(modelling.warehouse)) as connection:
        connection.execute("create schema _loader; use _loader")
        connection.execute(first.read_text())
        connection.execute("create table migrations (version integer, name varchar, applied_at timestamptz)")
        connection.execute("insert into migrations values (1, '001_state', now())")
        connection.execute("insert into loads values ('l1', 'web', now(), now(), 'done', '{}', '{}')")
    a_model(modelling, "given", "select 1 as n")

    modelling.run("given")

    assert recorded(modelling, "status") == [("done",)]
    assert modelling.query("select load_id from _loader.loads") == [("l1",)]
    assert modelling.query("select version from _loader.migrations order by 1") == [(1,), (2,)]
