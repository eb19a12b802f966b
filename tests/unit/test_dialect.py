"""Names and texts in SQL: whatever they hold, they stay names and texts."""

import json

import duckdb
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from loader.core.dialect import (
    beside_row_number,
    hash_of_id,
    identifier,
    literal,
    literals,
    numbered,
    pointer,
    widened_sql,
)
from loader.normalize.engine import open_engine

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.fixture(scope="module")
def engine():
    with duckdb.connect() as connection:
        yield connection


@given(TEXT.filter(bool))
def test_a_quoted_name_is_that_name(engine, name):
    """Quotes, semicolons and comments inside a name end nothing."""
    engine.execute(f"select 1 as {identifier(name)}")
    assert engine.description[0][0] == name


@given(TEXT)
def test_a_literal_is_that_text(engine, text):
    """Byte for byte, backslashes and quotes included."""
    assert engine.execute(f"select {literal(text)}").fetchone() == (text,)


@given(st.lists(TEXT, max_size=4))
def test_a_list_of_literals_is_that_list(engine, texts):
    """An empty one is a list of texts too."""
    assert engine.execute(f"select {literals(texts)}").fetchone() == (texts,)


@pytest.mark.parametrize("column", ["total", "rowid", "RowId"])
def test_every_row_has_a_number_however_its_columns_are_called(engine, column):
    """A column that is called `rowid` has another name then."""
    engine.execute(f"create or replace temp table calls as select 'm1' as id, 7 as {identifier(column)}, 8 as after")
    rows = numbered("calls", ["id", column, "after"], "h")
    value = f"h.{identifier(beside_row_number(column))}"
    assert engine.execute(f"select h.rowid, {value}, h.after from {rows} where rowid = 0").fetchall() == [(0, 7, 8)]


@given(st.lists(TEXT, min_size=1, max_size=3))
def test_a_pointer_finds_any_key(engine, path):
    """Slashes and tildes in keys are escaped."""
    value: object = 7
    for key in reversed(path):
        value = {key: value}
    found = engine.execute("select json_extract_string(?::json, ?)", [json.dumps(value), pointer(path)]).fetchone()
    assert found == ("7",)


def test_no_text_is_written_as_null_and_a_name_of_two_parts_is_quoted_twice():
    """No text is null; parts are quoted one by one."""
    assert (literal(None), identifier("web", 'a"b')) == ("null", '"web"."a""b"')


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1.5", "1.5"),
        ("100", "100"),
        ("0", "0"),
        ("-0.000000001", "-0.000000001"),
        ("9007199254740993", "9007199254740993"),
    ],
)
def test_a_decimal_that_becomes_a_text_has_no_zeros_at_its_end(engine, number, text):
    """Its column put them there."""
    value = widened_sql(f"({number})::decimal(38,9)", "DECIMAL(38,9)", "VARCHAR")
    assert engine.execute(f"select {value}").fetchone() == (text,)


def test_every_other_widening_is_what_the_engine_makes_of_it(engine):
    """Integers end in zeros of their own."""
    assert engine.execute(f"select {widened_sql('100::bigint', 'BIGINT', 'VARCHAR')}").fetchone() == ("100",)
    assert engine.execute(f"select {widened_sql('100::bigint', 'BIGINT', 'DOUBLE')}").fetchone() == (100.0,)


@pytest.mark.parametrize("text", ["m1", "9b2f3c1e-8f6d-4c5a-9a3e-2f1d0c9b8a77", "höchst", ""])
def test_an_id_is_hashed_as_xxhash_does_it(text, tmp_path):
    """Stored hashes stay right whatever version of the engine reads them."""
    with open_engine(100_000_000, 1, tmp_path) as engine:
        (row,) = engine.execute(f"select {hash_of_id(literal(text))}").fetchall()

    assert row[0] == xxhash.xxh64_intdigest(text.encode())
