"""A DuckDB file while it is attached: how it is written, and what is left of it on disk."""

from pathlib import Path

import duckdb
import pytest

from loader.core.plan import SchemaChange, WantedColumn
from loader.errors import TerminalError
from loader.warehouses.duckdb import ROW_GROUP_ROWS, DuckDBWarehouse


@pytest.fixture
def engine():
    with duckdb.connect(":memory:") as connection:
        yield connection


@pytest.fixture
def warehouse(engine, tmp_path):
    return DuckDBWarehouse(engine, tmp_path / "warehouse.duckdb", "_loader")


def row_group_sizes(path: Path) -> list[int]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return [
            int(rows)
            for (rows,) in connection.execute(
                "select sum(count) from pragma_storage_info('t') where segment_type <> 'VALIDITY' group by row_group_id"
            ).fetchall()
        ]


def test_row_groups_of_a_file_that_is_opened_again_are_as_small_as_those_of_a_new_one(engine, warehouse, tmp_path):
    """A table that is made by a later load than the file is written like any other."""
    with warehouse.attached(0):
        pass
    with warehouse.attached(0):
        engine.execute("create table w.t as select range as n from range(100_000)")

    sizes = row_group_sizes(tmp_path / "warehouse.duckdb")

    assert (sum(sizes), max(sizes)) == (100_000, ROW_GROUP_ROWS)


def test_commits_stay_in_the_log_until_the_file_is_given_up(engine, warehouse, tmp_path):
    """Whoever finds no log has all of the warehouse in one file."""
    log = tmp_path / "warehouse.duckdb.wal"
    warehouse.merge_at_detach()
    with warehouse.attached(0):
        engine.execute("create table w.t as select range as n from range(1_000)")
        engine.execute("insert into w.t select range from range(10_000)")
        logged = log.exists()

    assert (logged, log.exists()) == (True, False)
    assert sum(row_group_sizes(tmp_path / "warehouse.duckdb")) == 11_000


def test_an_error_in_a_transaction_leaves_nothing_of_it(engine, warehouse, tmp_path):
    """The file is given up all the same."""
    warehouse.merge_at_detach()

    def interrupted() -> None:
        with warehouse.attached(0):
            engine.execute("create table w.t (n integer)")
            engine.execute("begin")
            engine.execute("insert into w.t values (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()

    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        assert connection.execute("select count(*) from t").fetchall() == [(0,)]


def test_a_file_that_is_no_database_is_named(engine, tmp_path):
    """What, where, and what to do."""
    path = tmp_path / "notes.duckdb"
    path.write_text("not a database, but text that is long enough to have a header\n" * 100)

    with pytest.raises(TerminalError) as error, DuckDBWarehouse(engine, path, "_loader").attached(0):
        pass

    assert error.value.where == str(path)
    assert "DuckDB file" in error.value.fix


def test_many_columns_of_a_long_table_take_little_memory(engine, warehouse):
    """Together they would need three times the memory there is."""
    warehouse.merge_at_detach()
    engine.execute("set memory_limit = '100MB'; set threads = 1")
    with warehouse.attached(0):
        engine.execute("create schema w.web; create table w.web.tracks as select range as n from range(1_000_000)")
        added = [SchemaChange("add_column", "tracks", (WantedColumn(f"c{n}", "BIGINT"),)) for n in range(20)]

        warehouse.apply("web", added)

        columns = warehouse.engine.execute(
            "select count(*) from duckdb_columns() where table_name = 'tracks'"
        ).fetchall()
    assert columns == [(21,)]


def test_what_ended_the_work_is_told_even_when_the_file_cannot_be_closed(engine, warehouse):
    """Whoever reads the error must not look for a defect in the closing."""

    def work():
        with warehouse.attached(0):
            engine.execute("detach w")
            engine.execute("select * from nowhere")

    with pytest.raises(duckdb.CatalogException, match="nowhere"):
        work()


@pytest.mark.parametrize("kind", [duckdb.IOException, duckdb.TransactionException])
def test_a_disk_that_takes_no_more_is_no_defect(warehouse, kind):
    """The error names the file that cannot be written; every other one is as the engine says it."""
    text = 'Failed to commit: Could not write file "/data/w.duckdb.wal": No space left on device'

    with pytest.raises(TerminalError) as caught, warehouse.attached(0):
        raise kind(text)
    with pytest.raises(kind, match="something else"), warehouse.attached(0):
        raise kind("something else")

    assert caught.value.what == "a file cannot be written: No space left on device"
    assert caught.value.where == "/data/w.duckdb.wal"
