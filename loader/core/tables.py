"""Which call makes which rows, and which columns every table has from the start. See docs/tables.md."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from loader.core.columns import ColumnType

CALLS: Final = ("identify", "track", "page", "screen", "group", "alias")
CALL_TABLE: Final = {
    "track": "tracks",
    "identify": "identifies",
    "page": "pages",
    "screen": "screens",
    "group": "groups",
    "alias": "aliases",
}
"""The table of each call."""
CALL_OF: Final = {table: call for call, table in CALL_TABLE.items()}
"""The call of each call table."""
LATEST: Final = {"identify": ("users", "user_id"), "group": ("accounts", "group_id")}
"""Tables that hold the latest traits: their name, and the column of the call table that becomes their id."""
CALL_TABLES: Final = tuple(CALL_TABLE.values())
LATEST_TABLES: Final = tuple(table for table, _ in LATEST.values())
STANDARD_TABLES: Final = frozenset({*CALL_TABLES, *LATEST_TABLES})
"""Any other table that a load makes belongs to one event."""

_TEXT, _TIME = ColumnType.TEXT, ColumnType.TIMESTAMP
_COMMON: Final = {
    "id": _TEXT,
    "received_at": _TIME,
    "uuid_ts": _TIME,
}
_ENVELOPE: Final = {
    **_COMMON,
    "anonymous_id": _TEXT,
    "user_id": _TEXT,
    "timestamp": _TIME,
    "original_timestamp": _TIME,
    "sent_at": _TIME,
}
_OWN: Final = {
    "track": {"event": _TEXT, "event_text": _TEXT},
    "identify": {},
    "page": {"name": _TEXT, "category": _TEXT},
    "screen": {"name": _TEXT, "category": _TEXT},
    "group": {"group_id": _TEXT},
    "alias": {"previous_id": _TEXT},
}
ID_HASH: Final = "_id_hash"
"""Column of call tables by which copies of a message are found: numbers are read many times faster than ids."""
PROVENANCE: Final = {
    "_object": "bigint",
    "_line": "bigint",
    "_item": "integer",
    "_fingerprint": "ubigint",
    ID_HASH: "ubigint",
}
"""Columns of call tables that lead from a row to its archived line, and to its copies."""
NULLS: Final = "_nulls"
"""Column of identifies and groups: names of trait columns that were sent as an explicit null, as a JSON array."""


@dataclass(frozen=True, slots=True)
class Target:
    """A table that rows of one call go to."""

    name: str
    call: str
    """The call whose naming rules its columns follow."""
    has_payload: bool
    """Whether properties or traits become columns: everywhere but in `tracks`."""
    is_call_table: bool
    """Whether it is one of the six tables with one row per message and its place in the archive."""
    is_latest: bool = False
    """`users` or `accounts`."""

    @property
    def core(self) -> dict[str, ColumnType]:
        """The columns with which the table is created."""
        return dict(_COMMON) if self.is_latest else {**_ENVELOPE, **_OWN[self.call]}


def call_target(call: str) -> Target:
    """The call table of a call."""
    return Target(CALL_TABLE[call], call, has_payload=call != "track", is_call_table=True)


def event_target(name: str) -> Target:
    """The table of one event."""
    return Target(name, "track", has_payload=True, is_call_table=False)


def latest_target(call: str) -> Target:
    """`users` or `accounts`."""
    return Target(LATEST[call][0], call, has_payload=True, is_call_table=False, is_latest=True)


def is_own_table(name: str, columns: Collection[str], is_registered: bool, is_empty: bool = False) -> bool:
    """Whether a load made this table of a source's schema, rather than a user.

    `is_registered`: the registry of names has it as the table of an event. A load that was killed may have left tables
    that are not registered yet; those are empty.
    """
    if name in CALL_TABLES:
        return "_object" in columns
    if name in LATEST_TABLES:
        return "uuid_ts" in columns
    return (is_registered and "id" in columns) or (is_empty and {"id", "uuid_ts", "event_text"} <= {*columns})


_EVERY_CALL: Final = frozenset(
    {"messageId", "anonymousId", "userId", "timestamp", "originalTimestamp", "sentAt", "receivedAt", "context"}
)
_OWN_KEYS: Final = {
    "track": frozenset({"event"}),
    "identify": frozenset[str](),
    "page": frozenset({"name", "category"}),
    "screen": frozenset({"name", "category"}),
    "group": frozenset({"groupId"}),
    "alias": frozenset({"previousId"}),
}
EXCLUDED: Final = {
    "type": "type",
    "version": "version",
    "channel": "channel",
    "projectId": "project_id",
    "writeKey": "write_key",
    "integrations": "integrations",
    "_metadata": "metadata",
    "metadata": "metadata",
    "rudderId": "rudder_id",
    "forwardedFromProject": "forwarded_from_project",
}
"""The published exclusion list: keys that are neither loaded nor discarded, with the option that loads them."""
REQUEST_IP: Final = "request_ip"
"""RudderStack's address of the sender: `context_request_ip`, and `context_ip` where the context has none."""


def payload_root(call: str, keys: frozenset[str] | set[str]) -> str:
    """The key whose object becomes the payload columns. `keys` are the keys of the message that are not null."""
    if call in ("identify", "group", "alias"):
        return "traits"
    return "traits" if call == "track" and "properties" not in keys and "traits" in keys else "properties"


def is_known_key(call: str, root: str, key: str) -> bool:
    """Whether a top-level key has a column or is left out on purpose; all others go to the discards."""
    return key in _EVERY_CALL or key in _OWN_KEYS[call] or key in EXCLUDED or key in (root, REQUEST_IP)
