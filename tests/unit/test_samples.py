"""The shape of a message: its leaves, nulls and objects, and what makes it odd."""

import json

import pytest

from loader.core.columns import Kind
from loader.core.samples import WalkRules, shape_of

NO_RULES = WalkRules()


def shape(value, rules=NO_RULES):
    return shape_of(value if isinstance(value, str) else json.dumps(value), rules)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(True, Kind.BOOL), (1, Kind.INT), (1.0, Kind.FLOAT), ("x", Kind.STRING), ([1], Kind.JSON), ([], Kind.JSON)],
)
def test_every_leaf_has_the_kind_of_its_value(value, kind):
    """A float is one by its spelling; an array is JSON text."""
    assert shape({"properties": {"x": value}}).leaves == {("properties", "x"): kind}


def test_nulls_and_empty_objects_are_no_leaves():
    """Neither has a column, not even where objects are kept as text."""
    found = shape({"properties": {"n": None, "e": {}, "d": {"x": None}}, "extra": {}})
    assert found.leaves == {}
    assert set(found.nulls) == {("properties", "n"), ("properties", "d", "x")}


def test_objects_are_taken_apart_to_the_tenth_level():
    """What lies deeper is one leaf of JSON text."""
    value: object = 1
    for n in range(12, 0, -1):
        value = {f"k{n}": value}
    (path,) = shape({"properties": value}).leaves
    assert path == ("properties", *(f"k{n}" for n in range(1, 11)))


def test_paths_kept_as_text_are_not_taken_apart():
    """For the call they are named with only; nor are top-level objects that hold no payload."""
    rules = WalkRules(texts=frozenset({("track", "properties", "cart")}))
    message = {"properties": {"cart": {"id": 1}, "box": {"id": 1}}}
    cart, box = ("properties", "cart"), ("properties", "box", "id")
    assert shape({"type": "track", **message}, rules).leaves == {cart: Kind.JSON, box: Kind.INT}
    assert shape({"type": "page", **message}, rules).leaves.keys() == {(*cart, "id"), box}
    assert shape({"extra": {"a": 1}}).leaves == {("extra",): Kind.JSON}


def test_the_exclusion_list_is_skipped_unless_wanted():
    """`integrations` is only looked at for those who load it."""
    message = {"integrations": {"All": True}, "channel": "web"}
    assert shape(message).leaves == {}
    wanted = WalkRules(envelope=frozenset({"integrations"}))
    assert shape(message, wanted).leaves == {("integrations", "All"): Kind.BOOL}


@pytest.mark.parametrize(
    ("text", "is_repeated"),
    [
        ('{"a":1,"a":2}', True),
        ('{"properties":{"a":1,"a":1}}', True),
        ('{"properties":{"a":{"b":1,"b":2}}}', True),
        ('{"properties":{"a":1,"A":2}}', False),
        ('{"extra":{"a":{"b":1,"b":2}}}', True),
        ('{"extra":{"a":{"b":1},"b":2}}', False),
        ('{"properties":{"a":1},"context":{"a":1}}', False),
        ('{"properties":{"list":[{"b":1,"b":2}]}}', False),
    ],
)
def test_repeated_keys_are_noticed(text, is_repeated):
    """At any depth, but for objects inside arrays, which are kept as they are."""
    assert shape(text).has_repeated_key is is_repeated


def test_names_that_say_what_the_top_level_says():
    """Or fill it where it says nothing."""
    found = shape({"name": "Home", "properties": {"name": "Home", "category": "c"}})
    assert found.repeated_names == {("properties", "name"), ("properties", "category")}
    assert shape({"name": "Home", "properties": {"name": "Other"}}).repeated_names == set()
