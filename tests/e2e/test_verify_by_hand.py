"""`loader verify` names every cell that was changed by hand, whatever the table, and every row that is gone or too many."""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from e2e.hostile_archive import NOT_PROVEN, write_hostile

from loader.config import Config
from loader.core.dialect import identifier
from loader.core.tables import CALL_TABLES
from loader.jobs.verify.source import verify_source
from loader.sqlfiles import read_sql

PLACE = {"id", "_object", "_line", "_item"}
"""Without them a row is another one: `test_verify` has those."""
STATE = ("objects", "loads", "copies", "quarantine", "discards", "names", "raw")


@dataclass(frozen=True)
class Hostile:
    """Both sources, loaded; and the file as it was then."""

    config: Config
    kept: Path
    connection: duckdb.DuckDBPyConnection
    """To that file."""

    def columns(self, schema: str) -> list[tuple[str, str, str]]:
        """Table, column and type."""
        query = (
            "select table_name, column_name, data_type from duckdb_columns() semi join duckdb_tables() "
            "using (schema_name, table_name) where schema_name = ? order by table_name, column_index"
        )
        return self.connection.execute(query, [schema]).fetchall()

    def has(self, rows: str) -> bool:
        """Whether there are such rows."""
        return bool(self.connection.execute(f"select 1 from {rows} limit 1").fetchall())

    def found_after(self, statements: Iterable[str], name: str) -> list[str]:
        """What a verification of a source finds after these changes."""
        path = self.config.warehouse.path
        shutil.copyfile(self.kept, path)
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)
        report = verify_source(self.config, self.config.source(name))
        assert report.exit_code() == bool(report.findings.count)
        return [f"{mismatch['what']} ({mismatch['key']})" for mismatch in report.findings.kept]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Iterator[Hostile]:
    """The warehouse that the changes are made in, one after the other."""
    folder = tmp_path_factory.mktemp("hostile")
    config = write_hostile(folder)
    kept = folder / "kept.duckdb"
    shutil.copyfile(config.warehouse.path, kept)
    with pytest.MonkeyPatch.context() as patch, duckdb.connect(str(kept), read_only=True) as connection:
        patch.setattr("loader.jobs.verify.findings.MOST_KEPT", 10_000)
        yield Hostile(config, kept, connection)


def other(column: str, kind: str) -> str:
    """SQL of another value than a cell has; null stays null."""
    name = identifier(column)
    if kind == "BOOLEAN":
        return f"not {name}"
    if kind.startswith("TIMESTAMP"):
        return f"{name} + interval 1 hour"
    return f"{name} || 'x'" if kind in ("VARCHAR", "JSON") else f"{name} + 1"


def any_value(kind: str) -> str:
    """SQL of a value where there is none."""
    if kind.startswith("TIMESTAMP"):
        return "timestamptz '2026-01-01 00:00:00+00'"
    return {"BOOLEAN": "true", "VARCHAR": "'x'", "JSON": "'{}'", "DATE": "date '2026-01-01'"}.get(kind, "1")


def first_row(table: str, condition: str) -> str:
    """The condition of one row of those of a condition."""
    return f"rowid = (select min(rowid) from {table} where {condition})"


@pytest.mark.parametrize("source", ["shop", "web"])
def test_what_was_loaded_adds_up(hostile, source):
    """All kinds of quarantine and discards included."""
    assert hostile.found_after([], source) == []


@pytest.mark.parametrize("is_of_calls", [True, False], ids=["call tables", "other tables"])
@pytest.mark.parametrize("source", ["shop", "web"])
@pytest.mark.parametrize("change", ["another value", "no value", "a value where there was none"])
def test_every_cell_that_is_changed_is_named(hostile, source, change, is_of_calls):
    """With its table and column: one cell of every column of the tables of a source, at the same time.

    The other tables follow from those of calls, so that changes of both would be taken for one.
    """
    statements: dict[str, str] = {}
    for table, column, kind in hostile.columns(source):
        of, name = f"{source}.{identifier(table)}", identifier(column)
        is_filled = change != "a value where there was none"
        value = {"another value": other(column, kind), "no value": "null"}.get(change, any_value(kind))
        chosen = first_row(of, f"{name} is {'not ' if is_filled else ''}null")
        if (table in CALL_TABLES) == is_of_calls and column not in PLACE and hostile.has(f"{of} where {chosen}"):
            statements[f"{table}.{column}"] = f"update {of} set {name} = {value} where {chosen}"

    found = hostile.found_after(statements.values(), source)

    # A value that is missing belongs in the column or in a variant of it.
    unnamed = [name for name in statements if not any(name in what or _base(name) in what for what in found)]
    assert unnamed == []


def _base(name: str) -> str:
    return f"{name.partition('__v_')[0]} of "


@pytest.mark.parametrize("is_added", [False, True], ids=["gone", "there twice"])
@pytest.mark.parametrize("source", ["shop", "web"])
def test_every_row_is_missed_or_too_many(hostile, source, is_added):
    """One row of each table of a source, table by table."""
    tables = sorted({table for table, _, _ in hostile.columns(source)})
    for table in tables:
        of = f"{source}.{identifier(table)}"
        statement = f"insert into {of} from {of} where" if is_added else f"delete from {of} where"
        assert hostile.found_after([f"{statement} {first_row(of, 'true')}"], source) != [], table


def state_changes() -> list[tuple[str, str]]:
    """Table and column of the state that has to hold."""
    columns: dict[str, list[str]] = {}
    for statement in read_sql("ledger/001_state.sql").split("create table ")[1:]:
        table, body = statement.split(" (", 1)
        columns[table] = [line.split()[0] for line in body.splitlines()[1:] if line.startswith("    ")]
    return [(table, column) for table in STATE for column in columns[table] if column not in NOT_PROVEN.get(table, ())]


@pytest.mark.parametrize(("table", "column"), state_changes())
def test_every_cell_of_the_state_that_is_changed_is_found(hostile, table, column):
    """Of what was set aside, of copies, of names and of what the ledger counts."""
    kinds = {(of, name): kind for of, name, kind in hostile.columns("_loader")}
    of, name, kind = f"_loader.{table}", identifier(column), kinds[table, column]
    places = [(source, f"source = '{source}' and {name} is not null") for source in ("shop", "web")]
    there = [place for place in places if hostile.has(f"{of} where {place[1]}")]
    source, condition = there[0] if there else ("shop", "source = 'shop'")
    value = "true" if column == "retry" else other(column, kind) if there else any_value(kind)

    assert hostile.found_after([f"update {of} set {name} = {value} where {first_row(of, condition)}"], source) != []


@pytest.mark.parametrize("table", STATE)
def test_every_row_of_the_state_is_missed(hostile, table):
    """One that is gone."""
    of = f"_loader.{table}"
    source = "web" if table == "raw" else "shop"
    condition = first_row(of, f"source = '{source}'")
    assert hostile.found_after([f"delete from {of} where {condition}"], source) != []


def test_nothing_that_people_said_is_repeated(hostile):
    """Findings name places and columns, not values and persons."""
    changes = ["update shop.users set plan = 'secret'", "update shop.paid set currency = 'secret'"]

    found = json.dumps(hostile.found_after(changes, "shop"))

    assert "users.plan" in found
    assert "paid.currency" in found
    assert not any(text in found for text in ("secret", "u-1", "EUR", "Bern"))
