"""Finds what changed since the last run, and whether the new calls can be taken in alone.

They can if every call that the last run read is unchanged, and all others arrived later. A fingerprint of the columns
that identity reads says so; nothing relies on what loads report.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import loader
from loader.core.dialect import identifier, literal
from loader.core.plan import SchemaTables
from loader.models.context import Context
from loader.models.identity.traits import trait_types
from loader.models.identity.work import Work

STATES: Final = (
    *("identity", "identity_inputs", "identity_values", "identity_nodes", "identity_profiles", "identity_links"),
    *("identity_people", "identity_previous", "identity_limited", "identity_removed_traits"),
)
"""Tables kept for the next run."""
_READ: Final = (
    *("source", "id", "received_at", "timestamp", "user_id", "anonymous_id", "context_email", "device_type"),
    *("device_id", "device_advertising_id", "device_ad_tracking_enabled", "device_token", "braze_id"),
    *("cross_domain_id", "ga_client_id"),
)
_READ_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "track": ("event_text",),
    "page": ("name",),
    "screen": ("name",),
    "alias": ("previous_id",),
}


@dataclass(frozen=True, slots=True)
class Marks:
    """What a table holds: rows, a checksum, when the newest row arrived, and how many rows have no time of arrival.

    `known_rows` and `known_total` count only the rows that had arrived before the last run read the table.
    """

    rows: int
    total: int
    newest: datetime | None
    without_arrival: int
    known_rows: int
    known_total: int


@dataclass(frozen=True, slots=True)
class Last:
    """The last run: the highest numbers that it used, and when the newest call that it read arrived."""

    definition: str
    calls: int
    updates: int
    mapped: int
    identifiers: int
    profiles: int
    traits: int
    until: datetime | None


def definition_of(context: Context, tables: Mapping[str, SchemaTables]) -> str:
    """Everything besides the calls on which the tables depend."""
    version = context.connection.execute("select version()").fetchall()[0][0]
    settings = context.settings.identity.model_dump(mode="json", exclude={"max_users_per_profile"})
    text = json.dumps([loader.__version__, version, settings, trait_types(tables), sorted(tables)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def marks(
    work: Work, inputs: Mapping[str, str], tables: Mapping[str, SchemaTables], until: datetime | None
) -> dict[str, Marks]:
    """The marks of each table that identity reads. `until`: when the newest call that the last run read arrived.

    For identify calls, whole rows are compared, because they hold the traits as well.
    """
    found = {}
    for call, table in inputs.items():
        if call == "identify":
            continue
        listed = ", ".join((*_READ, *_READ_OF.get(call, ())))
        found[call] = _marks_of(work, table, f"hash({listed})", "received_at", until)
    for schema, schema_tables in tables.items():
        for table in schema_tables:
            name = identifier(schema, table)
            found[name] = _marks_of(work, name, "hash(t)", "cast(received_at as timestamp)", until)
    return found


def _marks_of(work: Work, table: str, value: str, arrived: str, until: datetime | None) -> Marks:
    known = "false" if until is None else f"arrived <= timestamp {literal(str(until))}"
    (row,) = work.connection.execute(
        "select count(*), coalesce(sum(h), 0)::varchar, max(arrived), count(*) - count(arrived), "
        f"count(*) filter (where {known}), coalesce(sum(h) filter (where {known}), 0)::varchar "
        f"from (select {value} as h, {arrived} as arrived from {table} as t)"
    ).fetchall()
    return Marks(row[0], int(row[1]), row[2], row[3], row[4], int(row[5]))


def read_last(context: Context) -> Last | None:
    """The last run that kept what an increment needs."""
    names = [context.state(name) for name in STATES]
    if None in names:
        return None
    rows = context.connection.execute(f"select * from {names[0]}").fetchall()
    return Last(*rows[0]) if rows else None


def obstacle(context: Context, definition: str, found: Mapping[str, Marks], last: Last) -> str | None:
    """Why the new calls cannot be taken in alone; None if no reason has been found yet."""
    if last.definition != definition:
        return "settings of identity, the traits, or the version of the program or engine changed since the last run"
    if last.until is None or any(each.without_arrival for each in found.values()):
        return "some calls do not say when they arrived"
    stored = {
        name: (rows, int(total))
        for name, rows, total in context.connection.execute(
            f"select name, rows, total from {context.state('identity_inputs')}"
        ).fetchall()
    }
    for name, now in found.items():
        rows, total = stored.get(name, (0, 0))
        if now.known_rows > rows:
            return "calls came that arrived earlier than the newest one that the last run had read"
        if (now.known_rows, now.known_total) != (rows, total):
            return "calls that the last run had read changed or are gone"
    return None


def write_last(context: Context, last: Last, found: Mapping[str, Marks]) -> None:
    """Record this run as the last one."""
    listed = ", ".join(f"({literal(name)}, {each.rows}, {literal(str(each.total))})" for name, each in found.items())
    empty = "select '' as name, 0 as rows, '' as total limit 0"
    context.write_state(
        "identity_inputs", f"select * from (values {listed}) as t(name, rows, total)" if listed else empty
    )
    context.write_state("identity", _row(last))


def forget_last(context: Context) -> None:
    """Make the next run compute everything."""
    context.write_state("identity", f"{_row(Last('', 0, 0, 0, 0, 0, 0, None))} limit 0")


def _row(last: Last) -> str:
    until = "cast(null as timestamp)" if last.until is None else f"timestamp {literal(str(last.until))}"
    names = ("calls", "updates", "mapped", "identifiers", "profiles", "traits")
    numbers = ", ".join(f"{getattr(last, name)} as {name}" for name in names)
    return f"select {literal(last.definition)} as definition, {numbers}, {until} as until"


def newest(found: Mapping[str, Marks]) -> datetime | None:
    """When the newest call arrived; None if there are no calls, or one has no time of arrival."""
    times = [each.newest for each in found.values() if each.newest is not None]
    return max(times) if times and not any(each.without_arrival for each in found.values()) else None
