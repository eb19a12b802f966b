"""Leaves as columns of views say what the engine's reader makes of the lines, or are left to that reader."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.core.samples import KeyPath, WalkRules
from loader.normalize.columns.leaves import LeafReader
from loader.normalize.engine import open_engine
from loader.normalize.scan.held import HeldLines
from loader.normalize.scan.rules import NOTE_BITS, ODD, PATHS
from loader.normalize.scan.structure import StructureReader

KEYS = ("a", "b", "käse", "a b", 'say "a"', "n")
TYPES = ("VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN", "JSON")
NUMBERS = ("0", "-0", "7", "-12", "1.50", "0.1", "1e3", "-2.5E-3", "9007199254740991", "123456789012345678", "100.0")


class Spelled(float):
    """A number that is written as it was spelled."""

    def __new__(cls, text: str) -> Spelled:
        number = super().__new__(cls, text)
        number.text = text  # type: ignore[attr-defined]
        return number

    def __repr__(self) -> str:
        return str(self.text)  # type: ignore[attr-defined]


texts = st.text(max_size=20) | st.sampled_from(
    ["2026-03-01T10:00:00Z", "2026-03-01", "https://x.example/?a=1&b=2", "é" * 13]
)
leaves = st.none() | st.booleans() | texts | st.sampled_from(NUMBERS).map(Spelled)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(st.sampled_from(KEYS), values, max_size=4)


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A track call, spelled in one of the ways in which programs write JSON."""
    message = {"type": "track", "context": draw(objects), "properties": draw(objects)}
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    line = json.dumps(message, ensure_ascii=draw(st.booleans()), separators=separators)
    return (line.replace("/", "\\/") if draw(st.booleans()) else line) + "\n"


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return open_engine(500_000_000, 2, Path(tmp_path_factory.mktemp("spill")))


@given(
    blocks=st.lists(st.lists(lines(), min_size=1, max_size=4), min_size=1, max_size=3), sql_type=st.sampled_from(TYPES)
)
def test_a_leaf_that_is_told_is_what_the_reader_reads(engine, blocks: list[list[str]], sql_type: str) -> None:
    held, rows, kept = _held(blocks)
    asked = {path: sql_type for path in _paths(kept) if '"' not in path[-1]}
    chosen = held.choose(rows.column("row"), asked)
    table = pa.Table.from_batches([chosen.add_to(rows)])

    told = _values(engine, table, chosen.sql, sql_type)
    read = _values(engine, table, _reader(asked, chosen.sql), sql_type)

    assert told == read
    assert table.column("text").to_pylist() == kept
    assert table.cast(chosen.schema(rows.schema, pa.large_string())).to_pylist() == table.to_pylist()


@given(lines())
def test_what_is_plain_is_told(line: str) -> None:
    """Strings without escapes, in a line whose keys have none."""
    held, rows, kept = _held([[line]])
    strings = {
        path: "VARCHAR"
        for path, value in _leaves(kept)
        if isinstance(value, str) and json.dumps(value, ensure_ascii=False) == f'"{value}"' and "\\" not in line
    }

    chosen = held.choose(rows.column("row"), strings)

    assert chosen.sql.keys() == strings.keys()


def test_a_line_of_more_leaves_than_there_was_room_for_is_told_whole() -> None:
    line = json.dumps({"context": {f"{number:x}": 1 for number in range(5_000)}}, separators=(",", ":")) + "\n"
    held, rows, kept = _held([[line, line]])

    asked = {("context", f"{number:x}"): "BIGINT" for number in range(5_000)}
    chosen = held.choose(rows.column("row"), asked)

    assert kept == [line, line]
    assert chosen.sql.keys() == asked.keys()


@pytest.mark.parametrize(
    "line",
    [
        '{"context":{"n\\u0061me":"x","b":"y"}}\n',
        json.dumps({"context": {"long": "x" * (1 << NOTE_BITS), "b": "y"}}) + "\n",
        json.dumps({"context": {f"k{number}": 1 for number in range(PATHS)} | {"b": "y"}}) + "\n",
    ],
    ids=["a key with an escape", "a value beyond the notes", "more paths than numbers"],
)
def test_of_a_line_that_cannot_be_noted_nothing_is_told(line: str) -> None:
    held, rows, _ = _held([[line]])

    assert held.choose(rows.column("row"), {("context", "b"): "VARCHAR"}).sql == {}


def test_one_value_of_another_kind_leaves_the_leaf_to_the_reader() -> None:
    held, rows, _ = _held([['{"context":{"a":1,"b":"x"}}\n', '{"context":{"a":"1","b":"y"}}\n']])
    asked = {("context", "a"): "BIGINT", ("context", "b"): "VARCHAR"}

    assert held.choose(rows.column("row"), asked).sql.keys() == {("context", "b")}


def _held(blocks: Iterable[list[str]]) -> tuple[HeldLines, pa.RecordBatch, list[str]]:
    """Held lines, those of them that the engine may read, and their texts."""
    structures, held = StructureReader(WalkRules()), HeldLines()
    rows: list[int] = []
    kept: list[str] = []
    for block in blocks:
        texts = pa.array(block, pa.large_string())
        found = structures.read(texts)
        for row, line, flags in zip(held.add(texts, found.notes).tolist(), block, found.flags.tolist(), strict=True):
            if not flags & ODD:
                rows.append(row)
                kept.append(line)
    return held, pa.RecordBatch.from_pydict({"row": pa.array(rows, pa.uint64())}), kept


def _leaves(texts: Iterable[str]) -> Iterable[tuple[KeyPath, Any]]:
    def walk(value: dict[str, Any], path: KeyPath) -> Iterable[tuple[KeyPath, Any]]:
        for key, child in value.items():
            if isinstance(child, dict):
                yield from walk(child, (*path, key))
            else:
                yield (*path, key), child

    for text in texts:
        message = json.loads(text)
        yield from (leaf for root in ("context", "properties") for leaf in walk(message[root], (root,)))


def _paths(texts: Iterable[str]) -> list[KeyPath]:
    """Leaves that are never an object."""
    paths = dict.fromkeys(path for path, _ in _leaves(texts))
    return [path for path in paths if not any(other[: len(path)] == path != other for other in paths)]


def _reader(asked: Mapping[KeyPath, str], told: Mapping[KeyPath, str]) -> dict[KeyPath, str]:
    reader = LeafReader(asked)
    return {path: reader.value(path).replace("r.", f"{reader.read}.", 1) for path in told}


def _values(engine, table: pa.Table, leaves: Mapping[KeyPath, str], sql_type: str) -> list[tuple[Any, ...]]:
    if not leaves:
        return []
    engine.register("given", table)
    asked = [
        f"json_type({sql}), ({sql}) ->> '$'" if sql_type == "JSON" else f"({sql})::varchar" for sql in leaves.values()
    ]
    return engine.execute(f"select {', '.join(asked)} from given").fetchall()
