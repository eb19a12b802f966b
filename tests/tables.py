"""What a DuckDB warehouse holds, in the canonical form that does not depend on types and variants."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from canonical import cell_of
from reference import Row

VARIANT = re.compile(r"(.+)__v_(?:text|num|ts|bool)")
VERBATIM = frozenset("id user_id anonymous_id group_id previous_id event event_text name category".split())
"""Text columns that are never respelled."""
NOT_COMPARED = frozenset({"uuid_ts", "_object", "_line", "_item", "_fingerprint", "_id_hash", "_nulls"})
CALL_TABLES = {
    "tracks": "track",
    "identifies": "identify",
    "pages": "page",
    "screens": "screen",
    "groups": "group",
    "aliases": "alias",
}


@dataclass
class Held:
    """The tables of one source and what the loader recorded beside them."""

    tables: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    nulls: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    places: dict[tuple[str, str], tuple[str, int, int]] = field(default_factory=dict)
    copies: Counter[tuple[str, str, str, int, int]] = field(default_factory=Counter)
    conflicts: int = 0
    quarantine: Counter[tuple[str, int, int, str]] = field(default_factory=Counter)
    discards: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def rows(self, table: str) -> dict[str, Row]:
        """Rows of a table by id."""
        return {row_id: rows[0] for row_id, rows in self.tables.get(table, {}).items()}


def tables_of(connection: Any, schema: str, source: str | None = None, system: str = "_loader") -> Held:
    """Every table of a schema with its variants folded back into their base columns, and its system records."""
    source = source or schema
    held = Held()
    objects = dict(connection.execute(f'select object_id, key from "{system}".objects').fetchall())
    names = connection.execute(
        "select table_name from information_schema.tables where table_schema = ? and table_type = 'BASE TABLE'",
        [schema],
    ).fetchall()
    for (table,) in names:
        _read_table(connection, schema, table, objects, held)
    _read_records(connection, source, system, objects, held)
    return held


def _read_table(connection: Any, schema: str, table: str, objects: dict[int, str], held: Held) -> None:
    result = connection.execute(f'select * from "{schema}"."{table}"')
    columns = [column[0] for column in result.description]
    found = held.tables.setdefault(table, {})
    for values in result.fetchall():
        stored = dict(zip(columns, values, strict=True))
        row = _folded(table, {name: value for name, value in stored.items() if name not in NOT_COMPARED})
        found.setdefault(row["id"], []).append(row)
        if table in CALL_TABLES:
            held.places[table, row["id"]] = (objects.get(stored["_object"], "?"), stored["_line"], stored["_item"])
        if stored.get("_nulls"):
            held.nulls[table, row["id"]] = json.loads(stored["_nulls"])


def _folded(table: str, stored: dict[str, Any]) -> Row:
    row: Row = {}
    for name, value in stored.items():
        match = VARIANT.fullmatch(name)
        base = match[1] if match else name
        text = value if name in VERBATIM and isinstance(value, str) else cell_of(value)
        if text is None:
            continue
        assert base not in row, f"{table}.{base} holds two values in one row: {row[base]!r} and {text!r}"
        row[base] = text
    return row


def _read_records(connection: Any, source: str, system: str, objects: dict[int, str], held: Held) -> None:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query.format(system=f'"{system}"'), [source]).fetchall()

    for call, message_id, object_id, line, item in rows(
        "select call, id, object_id, line, item from {system}.copies where source = ?"
    ):
        held.copies[call, message_id, objects.get(object_id, "?"), line, item] += 1
    held.conflicts = rows("select count(*) from {system}.conflicts where source = ?")[0][0]
    for object_id, line, item, reason in rows(
        "select object_id, line, item, reason from {system}.quarantine where source = ?"
    ):
        held.quarantine[objects.get(object_id, "?"), line, item, reason] += 1
    for table, row_id, reason, path in rows(
        "select table_name, row_id, reason, source_path from {system}.discards where source = ?"
    ):
        held.discards[table, row_id, reason, path] += 1


def differences(expected: Any, got: Held, most: int = 8) -> list[str]:
    """What a warehouse holds other than the reference, one sentence each; empty when they agree."""
    found: list[str] = []
    for table in sorted(expected.tables.keys() | got.tables.keys()):
        wanted, there = expected.tables.get(table, {}), got.tables.get(table, {})
        for row_id in sorted(wanted.keys() | there.keys()):
            left, right = wanted.get(row_id, []), there.get(row_id, [])
            if len(left) != len(right):
                found.append(f"{table} {row_id!r}: {len(left)} rows expected, {len(right)} found")
                continue
            for name in sorted(left[0].keys() | right[0].keys()):
                if left[0].get(name) != right[0].get(name):
                    found.append(
                        f"{table} {row_id!r} {name}: {left[0].get(name)!r} expected, {right[0].get(name)!r} found"
                    )
    found += [
        f"_nulls {at}: {expected.nulls.get(at)} expected, {got.nulls.get(at)} found"
        for at in sorted(
            at for at in expected.nulls.keys() | got.nulls.keys() if expected.nulls.get(at) != got.nulls.get(at)
        )
    ]
    found += _differing("copies", Counter(list(expected.copies)), got.copies)
    found += _differing("quarantine", Counter(list(expected.quarantine)), got.quarantine)
    if expected.conflicts != got.conflicts:
        found.append(f"conflicts: {expected.conflicts} expected, {got.conflicts} found")
    return found if len(found) <= most else [*found[:most], f"… and {len(found) - most} more"]


def _differing(what: str, expected: Counter[Any], got: Counter[Any]) -> list[str]:
    missing = [f"{what}: {each} is missing" for each in (expected - got).elements()]
    return missing + [f"{what}: {each} is too much" for each in (got - expected).elements()]
