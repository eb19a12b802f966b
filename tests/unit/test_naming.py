"""Names of tables and columns: the rule of the Go library, escapes, length, one result per name."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import naming as reference

from loader.core.dialect import DUCKDB
from loader.core.naming import (
    CORE_NAMES,
    KEYWORDS,
    column_name,
    event_slug,
    key_name,
    schema_name,
    snake,
    table_name,
)
from loader.core.tables import STANDARD_TABLES

LIMIT = DUCKDB.identifier_bytes
VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "snakecase_vectors.json").read_text(encoding="utf-8"))
CALLS = ("track", "identify", "page", "screen", "group", "alias")
NAMES = st.text() | st.text(alphabet="aA1zZ9_-. ü", max_size=40)


def vectors(*origins):
    chosen = [vector for vector in VECTORS if vector["origin"] in origins]
    assert chosen
    return [pytest.param(v["input"], v["expected"], id=f"{v['origin']}-{v['input'] or 'empty'}") for v in chosen]


def eight(text):
    return sha256(text.encode()).hexdigest()[:8]


def column(key, call="track", root=None):
    return column_name((root or ("properties" if call in ("track", "page", "screen") else "traits"), key), call, LIMIT)


@pytest.mark.parametrize(("name", "expected"), vectors("go-snakecase", "go-snakecase-computed", "segment-docs"))
def test_snake_passes_the_published_vectors(name, expected):
    """The upstream library's own tests, more of the same algorithm, and what Segment's documentation shows."""
    assert snake(name) == expected


@pytest.mark.parametrize(("path", "expected"), vectors("segment-docs-path"))
def test_paths_of_the_documentation(path, expected):
    """A dotted path of the documentation is a path of keys here."""
    call = "identify" if path.startswith("traits") else "track"
    assert column_name(tuple(path.split(".")), call, LIMIT) == expected


@pytest.mark.parametrize(("name", "expected"), vectors("segment-docs-redshift-escape", "segment-redshift-ddl-reserved"))
def test_escapes_of_the_documentation(name, expected):
    """Leading digits and names of the envelope get one underscore."""
    assert column(name) == expected


@given(NAMES)
def test_snake_of_a_snake_name_is_itself(name):
    """Idempotent, of lower-case ASCII, digits and single underscores inside."""
    result = snake(name)
    assert snake(result) == result
    assert "__" not in result
    assert result == result.strip("_")
    assert all(char.isascii() and (char.islower() or char.isdigit() or char == "_") for char in result)


@given(NAMES)
def test_snake_agrees_with_the_reference_on_bytes(name):
    """The reference works on bytes, as the library does."""
    name = name.encode("utf-8", "replace").decode()
    assert snake(name) == reference.snake(name)


@given(st.lists(NAMES, min_size=1, max_size=4), st.sampled_from(CALLS), st.booleans())
def test_columns_agree_with_the_reference(keys, call, is_context):
    """Same column for every path, and one that any warehouse can hold with its variants."""
    root = "context" if is_context else "traits" if call in ("identify", "group", "alias") else "properties"
    keys = tuple(key.encode("utf-8", "replace").decode() for key in keys)
    name = column_name((root, *keys), call, LIMIT)
    assert name == reference.column(root, keys, call)
    assert len(f"{name}__v_text".encode()) <= LIMIT
    assert name not in CORE_NAMES | KEYWORDS
    assert not name[0].isdigit()


@given(NAMES)
def test_tables_agree_with_the_reference(event):
    """Same table and same `event` for every name; never a table of ours."""
    event = event.encode("utf-8", "replace").decode()
    table = table_name(event, LIMIT)
    assert table == reference.table(event)
    assert event_slug(event, LIMIT) == reference.event_column(event)
    assert table not in STANDARD_TABLES | KEYWORDS
    assert not table[0].isdigit()


@pytest.mark.parametrize(
    ("event", "table"),
    [
        (None, "event_e3b0c442"),
        ("", "event_e3b0c442"),
        ("   ", "event_e3b0c442"),
        ("'; DROP TABLE users;--", "drop_table_users"),
        ("😀", f"event_{eight('😀')}"),
        ("購入完了", f"event_{eight('購入完了')}"),
        ("???", f"event_{eight('???')}"),
        ("Users", "_users"),
        ("tracks", "_tracks"),
        ("IDENTIFIES", "_identifies"),
        ("Page s", "page_s"),
        ("select", "_select"),
        ("Order", "_order"),
        ("1st Visit", "_1st_visit"),
        ("_wl_files", "wl_files"),
        ("Sign Up", "sign_up"),
        ("sign_up", "sign_up"),
        ("signUp", "sign_up"),
        ("a" * 300, f"{'a' * 237}_{eight('a' * 300)}"),
        ("a" * 246, "a" * 246),
        ("a" * 247, f"{'a' * 237}_{eight('a' * 247)}"),
    ],
)
def test_the_table_of_an_event(event, table):
    """Lines 26 to 34 of the catalogue, and the length at which names are cut."""
    assert table_name(event, LIMIT) == table


@pytest.mark.parametrize(
    ("event", "slug"),
    [
        ("Order Completed", "order_completed"),
        ("Order", "order"),
        ("Users", "users"),
        ("", ""),
        ("  ", "  "),
        ("???", f"event_{eight('???')}"),
        ("a" * 300, "a" * 300),
    ],
)
def test_the_event_column_has_neither_escape_nor_cut(event, slug):
    """Only a name without letters falls back to its table."""
    assert event_slug(event, LIMIT) == slug


@pytest.mark.parametrize(
    ("key", "call", "expected"),
    [
        ("id", "track", "_id"),
        ("_id", "track", "_id"),
        ("event", "track", "_event"),
        ("event", "identify", "event"),
        ("group_id", "group", "_group_id"),
        ("groupId", "track", "group_id"),
        ("previousId", "alias", "_previous_id"),
        ("name", "page", "_name"),
        ("category", "screen", "_category"),
        ("name", "track", "name"),
        ("context_ip", "track", "_context_ip"),
        ("order", "track", "_order"),
        ("1abc", "track", "_1abc"),
        ("", "track", f"x{eight('')}"),
        ("日本語", "track", f"x{eight('日本語')}"),
    ],
)
def test_reserved_names_get_one_underscore(key, call, expected):
    """Reserved is what the tables of the call have; a name is never escaped twice."""
    assert column(key, call) == expected


def test_context_columns_are_never_escaped():
    """Their prefix keeps them apart from everything else."""
    assert column_name(("context", "order"), "track", LIMIT) == "context_order"
    assert column_name(("context", "1"), "track", LIMIT) == "context_1"


def test_further_reserved_names_come_from_the_options():
    """A payload key named like an envelope column that is loaded gives way."""
    assert column_name(("properties", "channel"), "track", LIMIT, frozenset({"channel"})) == "_channel"


@pytest.mark.parametrize("limit", [63, 255])
def test_long_names_with_one_beginning_stay_apart(limit):
    """Cut names end in a hash of the whole, and leave room for `__v_text`."""
    one, other = (column_name(("properties", "n" * 290 + end), "track", limit) for end in "ab")
    assert one != other
    assert len(one) == len(other) == limit - 9


def test_a_schema_is_the_slug_of_its_source():
    """Digits and keywords are escaped as everywhere."""
    assert [schema_name(name, LIMIT) for name in ("My Shop", "2026", "order")] == ["my_shop", "_2026", "_order"]


def test_a_key_without_letters_has_a_name_of_its_own():
    """Distinct keys have distinct names."""
    assert len({key_name(key) for key in ("", " ", "!", "é", "日本語")}) == 5
