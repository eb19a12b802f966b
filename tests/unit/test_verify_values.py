"""Values of messages and cells of the warehouse: when a cell holds a value."""

import json
import sys

import pytest

from loader.jobs.verify.lines import Written
from loader.jobs.verify.values import is_same

WRITTEN = {"parse_int": Written, "parse_float": Written}


@pytest.fixture
def usual_depth():
    """As many calls as programs may have by default; other tests may have asked for more."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ('[1.50,"x",null,true]', '[1.5,"x",null,true]'),
        ('{"a":{"b":[1e3]},"c":{}}', '{"c":{},"a":{"b":[1000.0]}}'),
        ('["\\ud800"]', '["\ufffd"]'),
    ],
)
def test_json_is_the_same_when_it_says_the_same(value, cell):
    """However its numbers are spelled and its keys are ordered."""
    assert is_same(json.loads(value, **WRITTEN), cell)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("[1,2]", "[2,1]"),
        ("[1]", "[1,1]"),
        ('["1"]', "[1]"),
        ("[1]", '["1"]'),
        ("[true]", "[1]"),
        ("[null]", "[false]"),
        ('[{"a":1}]', '[{"a":1,"b":2}]'),
        ('[{"a":1}]', '[{"b":1}]'),
        ("[[]]", "[{}]"),
        ("[{}]", "[[]]"),
        ("[1]", "[1"),
    ],
)
def test_json_that_says_something_else_is_another(value, cell):
    """One difference is enough, wherever it is."""
    assert not is_same(json.loads(value, **WRITTEN), cell)


@pytest.mark.usefixtures("usual_depth")
@pytest.mark.parametrize(("before", "after"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_json_may_be_as_deep_as_a_line_may_be(before, after):
    """512 levels."""
    text = f"[{before * 510}1{after * 510}]"

    assert is_same(json.loads(text, **WRITTEN), text)
    assert not is_same(json.loads(text, **WRITTEN), text.replace("1", "2"))
