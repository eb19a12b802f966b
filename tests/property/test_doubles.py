"""The scan judges long numbers: what it calls plain is kept by the engine, and what programs write of doubles is plain."""

import math
import random
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.core.samples import WalkRules
from loader.normalize.exact.json import NumberText, is_kept_by_engine
from loader.normalize.scan.structure import ODD, StructureReader

FORMATS = ("{!r}", "{:.14e}", "{:.15e}", "{:.16e}", "{:.17e}", "{:.17g}", "{:.20g}")
DOUBLES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1e6, 1e6),
    st.builds(
        lambda base, exponent, steps: math.nextafter(base**exponent, math.inf * steps) if steps else base**exponent,
        st.sampled_from([2.0, 10.0]),
        st.integers(-300, 300),
        st.integers(-1, 1),
    ),
    st.integers(2**49, 2**55).map(float),
)


def halfway(number: float) -> str:
    """A text between a double and the next one, of 17 digits."""
    return f"{(Decimal(number) + Decimal(math.nextafter(number, 0))) / 2:.16e}"


DIGITS = st.text("0123456789", min_size=1, max_size=20)
EXPONENTS = st.one_of(st.just(""), st.integers(-400, 400).map(lambda power: f"e{power}"))
NUMBERS = st.one_of(
    st.builds(str.format, st.sampled_from(FORMATS), DOUBLES),
    DOUBLES.map(halfway),
    st.builds(lambda whole, part, power: f"{int(whole)}.{part}{power}", DIGITS, DIGITS, EXPONENTS),
    st.integers(-(10**20), 10**20).map(str),
    st.builds(
        lambda sign, power, more: str(sign * 2**power + more),
        st.sampled_from([1, -1]),
        st.integers(52, 65),
        st.integers(-2, 2),
    ),
)


def are_plain(*numbers: str) -> list[bool]:
    found = StructureReader(WalkRules()).read(pa.array([f'{{"a":[{text}]}}' for text in numbers], pa.large_string()))
    return [not flags & ODD for flags in found.flags.tolist()]


@given(st.lists(NUMBERS, min_size=1, max_size=50))
def test_a_number_that_the_engine_would_change_is_never_plain(numbers):
    kept = [is_kept_by_engine(NumberText(text)) for text in numbers]

    assert not [
        text for text, is_kept, is_plain in zip(numbers, kept, are_plain(*numbers), strict=True) if is_plain > is_kept
    ]


@pytest.mark.parametrize(
    "text_of", [repr, "{:.15g}".format, "{:.16e}".format], ids=["shortest", "15 digits", "17 digits"]
)
def test_random_doubles_are_judged_as_the_engine_reads_them(text_of):
    """Here the judgement is exact: none of these doubles is one of the few that are not looked at closely."""
    chance = random.Random(1)
    numbers = [text_of(chance.uniform(-1, 1) * 10.0 ** chance.randrange(-250, 250)) for _ in range(20_000)]
    numbers += [text_of(chance.random() * 2.0 ** chance.randrange(40, 80)) for _ in range(20_000)]

    assert are_plain(*numbers) == [is_kept_by_engine(NumberText(text)) for text in numbers]


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        pytest.param("0.30000000000000004", True, id="a sum of doubles"),
        pytest.param("0.30000000000000001", False, id="another spelling of 0.3"),
        pytest.param("48.856614000000000", True, id="zeros at the end"),
        pytest.param("0.00000000000000000001", True, id="zeros in front"),
        pytest.param("0.0000000000000000000", True, id="nothing but zeros"),
        pytest.param("1.7976931348623157E+308", False, id="the largest double"),
        pytest.param("4.9406564584124654e-324", False, id="too small to have all digits"),
        pytest.param("1e300", True, id="a large exponent"),
        pytest.param("1e-300", True, id="a small one"),
        pytest.param("1e-0000000000000000000000000000007", True, id="a long exponent"),
        pytest.param("1e99999999999999999999", False, id="an exponent beyond all numbers"),
        pytest.param(f"0.{'0' * 20_000}1e20001", True, id="as many zeros as the exponent says"),
        pytest.param(f"0.{'0' * 20_000}1e40000", False, id="beyond all doubles despite the zeros"),
        pytest.param("0.12345678901234568", True, id="17 digits"),
        pytest.param("0.123456789012345678", False, id="18 digits"),
        pytest.param("9007199254740993.0", False, id="halfway between two doubles"),
        pytest.param("1125899906842624.2", True, id="a double halfway between two numbers, the even one"),
        pytest.param("1125899906842624.3", False, id="the odd one"),
        pytest.param("46217392850273176.0", True, id="a shorter number halfway to the next double, which has it"),
        pytest.param("1.4901161193847656e-08", False, id="a power of two"),
        pytest.param("1772359200123456789", True, id="nanoseconds since 1970"),
        pytest.param("9223372036854775807", True, id="the largest integer"),
        pytest.param("9223372036854775808", False, id="one more"),
        pytest.param("-9223372036854775808", True, id="the smallest integer"),
        pytest.param("-9223372036854775809", False, id="one less"),
        pytest.param("18446744073709551617", False, id="more than 64 bits"),
    ],
)
def test_what_is_kept_of_long_numbers(text, is_plain):
    assert are_plain(text) == [is_plain]
