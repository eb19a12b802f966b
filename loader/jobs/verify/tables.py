"""Checks that the tables of a source agree: ids, event tables, users and accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from loader.core.dialect import DUCKDB, identifier, literal
from loader.core.naming import table_name
from loader.core.tables import CALL_TABLE
from loader.inventory import Table, row_count
from loader.jobs.verify.findings import Findings
from loader.reading import Reader

_OWNERS: Final = (("identifies", "users", "user_id"), ("groups", "accounts", "group_id"))
"""Calls, the table of their owners, and the column that names the owner."""


def compare_tables(
    reader: Reader, source: str, tables: Mapping[str, Table], system_schema: str, found: Findings
) -> None:
    """Report what does not fit to `found`."""
    for name, each in tables.items():
        ((strangers,),) = reader.check("rows_without_load", {"table": each.qualified, "source": source}).rows
        found.compare(name, f"{name}.uuid_ts: rows of no load", 0, strangers, name)
    for call, name in CALL_TABLE.items():
        if name not in tables:
            continue
        table = tables[name].qualified
        (ids,) = reader.check("unique_ids", {"table": table}).records()
        found.compare(name, "rows that repeat an id", 0, ids["repeated"])
        found.compare(name, "rows without an id", 0, ids["missing"])
        ((orphans,),) = reader.check("rows_without_object", {"table": table, "source": source}).rows
        found.compare(name, "rows of no recorded object", 0, orphans)
        copies = reader.check("copies_of_rows", {"table": table, "source": source, "call": call}).records()[0]
        found.compare("copies", f"copies of {name} without a row", 0, copies["alone"])
        found.compare("copies", f"copies of {name} that come before their row", 0, copies["earlier"])
    for calls, latest, id_column in _OWNERS:
        if calls in tables and any(column == id_column for column, _ in tables[calls].columns):
            _compare_owners(reader, tables, calls, latest, id_column, found)
    _compare_event_tables(reader, source, tables, system_schema, found)


def _compare_owners(
    reader: Reader, tables: Mapping[str, Table], calls: str, latest: str, id_column: str, found: Findings
) -> None:
    there = tables.get(latest)
    # Without any owner, the table may not exist yet. The query then reads the calls twice.
    asked = tables[calls] if there is None else there
    values = {"calls": tables[calls].qualified, "latest": asked.qualified, "id_column": id_column}
    (answer,) = reader.check("owners", values).records()
    found.compare(
        latest, f"rows, by distinct {id_column} of {calls}", answer["expected"], 0 if there is None else answer["found"]
    )
    if there is not None:
        found.compare(latest, f"missing rows of a {id_column} of {calls}", 0, answer["missing"])
        found.compare(latest, f"rows of no {id_column} of {calls}", 0, answer["unexpected"])


def _compare_event_tables(
    reader: Reader, source: str, tables: Mapping[str, Table], system_schema: str, found: Findings
) -> None:
    events = {name: table for name, table in tables.items() if table.is_event_table}
    tracks = tables.get("tracks")
    expected: Counter[str] = Counter()
    if tracks is not None and not any(column == "event_text" for column, _ in tracks.columns):
        return  # the user excluded the column, so nothing says which event a row belongs to
    if tracks is not None:
        for event, rows in reader.check("tracks_by_event", {"table": tracks.qualified, "source": source}).rows:
            assert isinstance(rows, int)
            expected[table_name(None if event is None else str(event), DUCKDB.identifier_bytes)] += rows
    for name in sorted(events.keys() | expected.keys()):
        rows = row_count(reader, events[name]) if name in events else 0
        found.compare(name, "rows, by the event of each row of tracks", expected[name], rows)
    if tracks is None or not events:
        return
    for name, table in events.items():
        values = {"table": table.qualified, "tracks": tracks.qualified}
        for column, differing, row_id in reader.check("event_rows", values).rows:
            what = f"{name}.{column}: rows that do not say what tracks says, such as {row_id}"
            found.add(name, what, 0, differing, name)
    ids = " union all ".join(f"select id from {table.qualified}" for table in events.values())  # noqa: S608 - quoted
    capped = (
        f"select row_id from {identifier(system_schema, 'discards')} "  # noqa: S608 - quoted
        f"where reason = 'table_cap' and source = {literal(source)}"
    )
    text = (
        f"with events as ({ids}), tracks as (select id from {tracks.qualified}) select "  # noqa: S608 - quoted
        "(select count(*) from events where id not in (select id from tracks)), "
        "(select count(*) - count(distinct id) from events), "
        f"(select count(*) from tracks where id not in (select id from events) and id not in ({capped}))"
    )
    ((alone, repeated, without),) = reader.query(text).rows
    found.compare("event tables", "rows without their row in tracks", 0, alone)
    found.compare("event tables", "rows that repeat an id", 0, repeated)
    found.compare("tracks", "rows without their row in an event table", 0, without)
