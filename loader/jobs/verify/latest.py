"""Checks that users and accounts hold the latest values of their calls, by computing all of them again.

The rules are in docs/tables.md, under `users` and `accounts`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from loader.config.settings import LoadSettings
from loader.core.dialect import identifier
from loader.core.tables import CALL_TABLE, LATEST, NULLS
from loader.inventory import Table, row_count
from loader.jobs.rules import rules_of
from loader.jobs.verify.findings import Findings
from loader.normalize.write.latest import LatestQuery
from loader.reading import Reader

_CALLS: Final = 1_000_000
"""Calls that are compared at a time, about."""
_COLUMNS: Final = 500
"""Columns of a statement."""


def compare_latest(
    reader: Reader, tables: Mapping[str, Table], options: Mapping[object, LoadSettings], found: Findings
) -> list[str]:
    """Report rows that are not what their calls make of them; the tables that cannot be judged.

    `options` of loads by their start: rows that were made under several of them are of no one rule.
    """
    unclear = []
    for call, (name, id_column) in LATEST.items():
        calls = tables.get(CALL_TABLE[call])
        latest = tables.get(name)
        if calls is None or latest is None:
            continue
        ((broken,),) = reader.check("broken_nulls", {"table": calls.qualified}).rows
        if broken:
            found.add(calls.name, f"{calls.name}.{NULLS}: rows whose list is none", 0, broken, calls.name)
            continue
        loads = reader.check("load_times", {"tables": [calls.qualified, latest.qualified]}).rows
        rules = {rules_of(_relevant(options[at])) for (at,) in loads if at in options}
        if len(rules) > 1:
            unclear.append(name)
        for each in rules if len(rules) == 1 else ():
            query = LatestQuery(identifier(calls.schema), call, dict(calls.columns), each)
            _compare(reader, query, id_column, calls, latest, found)
    return unclear


def _relevant(load: LoadSettings) -> LoadSettings:
    """The options that decide what the latest value is."""
    names = {"exclude", "envelope_columns", "null_traits", "users_from_context_traits"}
    return LoadSettings.model_validate(load.model_dump(include=names))


def _compare(reader: Reader, query: LatestQuery, id_column: str, calls: Table, latest: Table, found: Findings) -> None:
    nulls = frozenset(str(name) for (name,) in reader.query(query.nulls()).rows) if query.clears_nulls else frozenset()
    there = dict(latest.columns)
    columns = [name for name in query.columns if name in there]
    if others := [name for name in columns if there[name] != query.columns[name]]:
        for name in others:
            what = f"{latest.name}.{name}: type of the column, as {calls.name} has it"
            found.add(latest.name, what, query.columns[name], there[name], latest.name)
        return
    shares = 1 + row_count(reader, calls) // _CALLS
    wrong: dict[str, int] = {}
    examples: dict[str, object] = {}
    for share in range(shares):
        made = query.made_anew(nulls, share, shares)
        for at in range(0, len(columns), _COLUMNS):
            for column, count, example in _differing(reader, made, latest, columns[at : at + _COLUMNS]):
                wrong[column] = wrong.get(column, 0) + count
                examples.setdefault(column, example)
    for column, count in wrong.items():
        # Names the place of a call, because a report does not repeat ids of people.
        given = {"calls": calls.qualified, "id_column": id_column, "id": examples[column]}
        ((key, line),) = reader.check("place_of_owner", given).rows
        what = f"{latest.name}.{column}: rows without the latest value of their calls, such as that of line {line}"
        found.add(str(key), what, 0, count, latest.name)


def _differing(reader: Reader, made: str, latest: Table, columns: Collection[str]) -> list[tuple[str, int, object]]:
    """Column, number of rows that hold another value, and an id of one; columns without any left out."""
    counted = ", ".join(
        f"count(*) filter (where m.{name} is distinct from u.{name}), "
        f"min(m.id) filter (where m.{name} is distinct from u.{name})"
        for name in map(identifier, columns)
    )
    text = f"select {counted} from ({made}) as m join {latest.qualified} as u on u.id = m.id"
    (row,) = reader.query(text).rows
    pairs = zip(columns, row[::2], row[1::2], strict=True)
    return [(column, count, owner) for column, count, owner in pairs if isinstance(count, int) and count]
