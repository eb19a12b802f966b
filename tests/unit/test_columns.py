"""What values make of a column: the family of a new one, and when an existing one may widen."""

import pytest

from loader.core.columns import ColumnType, Evidence, Kind, Stored, is_direct, new_type, widened

INT, FLOAT, HUGE, BOOL, STRING, JSON = Kind.INT, Kind.FLOAT, Kind.HUGE, Kind.BOOL, Kind.STRING, Kind.JSON
BIG = 2**53 + 1


def seen(timestamps=0, largest=0, not_integral=0, not_decimal=0, **counts):
    """Evidence of so many values: `seen(int=2, float=1)`."""
    return Evidence(
        {Kind(name): count for name, count in counts.items()}, timestamps, largest, not_integral, not_decimal
    )


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (seen(bool=1), "bool"),
        (seen(int=1), "int"),
        (seen(float=1), "float"),
        (seen(huge=1), "dec"),
        (seen(int=5, huge=1), "dec"),
        (seen(int=1, float=1), "float"),
        (seen(int=1, float=1, largest=BIG), "dec9"),
        (seen(int=1, float=1, largest=BIG, not_decimal=1), "text"),
        (seen(huge=1, float=1), "dec9"),
        (seen(huge=1, float=1, not_decimal=1), "text"),
        (seen(string=1), "text"),
        (seen(string=2, timestamps=2), "ts"),
        (seen(string=3, timestamps=2), "ts"),
        (seen(string=2, timestamps=1), "text"),
        (seen(json=1), "text"),
        (seen(string=1, int=3), "int"),
        (seen(string=1, int=1), "text"),
        (seen(bool=1, int=1), "text"),
        (seen(bool=2, int=1, string=1), "bool"),
        (seen(int=1, float=1, string=1), "float"),
    ],
)
def test_most_values_name_the_family_of_a_new_column(evidence, expected):
    """Contract 4.5, step 1; a tie is text."""
    assert new_type(evidence, "variant") == expected


def test_on_conflict_text_needs_one_stray_value_only():
    """Then no family outvotes another."""
    assert new_type(seen(int=1000, string=1), "text") is ColumnType.TEXT
    assert new_type(seen(int=1000, float=1), "text") is ColumnType.FLOAT


@pytest.mark.parametrize(
    ("column_type", "evidence", "stored", "expected"),
    [
        ("int", seen(int=1), 0, "int"),
        ("int", seen(float=1, not_integral=1), 20, "float"),
        ("int", seen(float=1), 20, "int"),
        ("int", seen(huge=1), 20, "dec"),
        ("int", seen(float=1, not_integral=1), BIG, "dec9"),
        ("int", seen(int=1, float=1, not_integral=1, largest=BIG), 5, "dec9"),
        ("int", seen(float=1, not_integral=1, not_decimal=1), BIG, "int"),
        ("dec", seen(float=1, not_integral=1), 10**20, "dec9"),
        ("dec", seen(float=1, not_integral=1), 10**29, "dec"),
        ("dec", seen(float=1, not_integral=1, not_decimal=1), 1, "dec"),
        ("float", seen(huge=1), 1, "float"),
        ("bool", seen(int=1), 0, "bool"),
        ("ts", seen(string=1), 0, "ts"),
        ("text", seen(int=1), 0, "text"),
        ("int", seen(string=1), 0, "int"),
    ],
)
def test_a_column_widens_only_where_every_stored_value_stays_exact(column_type, evidence, stored, expected):
    """Contract 4.5, step 3."""
    assert widened(ColumnType(column_type), evidence, Stored(stored), "variant") == expected


@pytest.mark.parametrize(
    ("column_type", "evidence", "expected"),
    [
        ("int", seen(string=1), "text"),
        ("int", seen(float=1, not_integral=1), "float"),
        ("bool", seen(bool=1), "bool"),
        ("bool", seen(int=1), "text"),
        ("ts", seen(string=2, timestamps=2), "ts"),
        ("ts", seen(string=2, timestamps=1), "text"),
    ],
)
def test_on_conflict_text_alters_the_base(column_type, evidence, expected):
    """Any other family makes the column text; wider numbers do not."""
    assert widened(ColumnType(column_type), evidence, Stored(0), "text") == expected


@pytest.mark.parametrize("kind", list(Kind))
def test_text_takes_every_kind_as_it_is(kind):
    """No value of a text column has to be judged."""
    assert is_direct(ColumnType.TEXT, [kind])


def test_other_types_take_their_own_kind_alone():
    """A float needs a look before it goes into an int column, and the reverse."""
    assert is_direct(ColumnType.INT, [INT])
    assert not is_direct(ColumnType.INT, [INT, FLOAT])
    assert not is_direct(ColumnType.FLOAT, [INT])
    assert not is_direct(ColumnType.TIMESTAMP, [STRING])
    assert not is_direct(ColumnType.OTHER, [STRING])
