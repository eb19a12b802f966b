"""Turns names of the archive into names of the warehouse: snake case, escapes, length. See docs/tables.md."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final

from loader.core.tables import STANDARD_TABLES

KEYWORDS: Final = frozenset(
    [
        "account",
        "all",
        "alter",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "authorization",
        "between",
        "binary",
        "both",
        "by",
        "case",
        "cast",
        "check",
        "collate",
        "column",
        "connect",
        "connection",
        "constraint",
        "create",
        "cross",
        "current",
        "current_date",
        "current_role",
        "current_time",
        "current_timestamp",
        "current_user",
        "database",
        "default",
        "deferrable",
        "delete",
        "desc",
        "describe",
        "distinct",
        "do",
        "drop",
        "else",
        "end",
        "except",
        "exists",
        "false",
        "fetch",
        "following",
        "for",
        "foreign",
        "freeze",
        "from",
        "full",
        "grant",
        "group",
        "gscluster",
        "having",
        "ilike",
        "in",
        "increment",
        "initially",
        "inner",
        "insert",
        "intersect",
        "into",
        "is",
        "isnull",
        "issue",
        "join",
        "lambda",
        "lateral",
        "leading",
        "left",
        "like",
        "limit",
        "localtime",
        "localtimestamp",
        "minus",
        "natural",
        "new",
        "not",
        "notnull",
        "null",
        "of",
        "off",
        "offset",
        "old",
        "on",
        "only",
        "or",
        "order",
        "organization",
        "outer",
        "overlaps",
        "pivot",
        "pivot_longer",
        "pivot_wider",
        "placing",
        "primary",
        "qualify",
        "references",
        "regexp",
        "returning",
        "revoke",
        "right",
        "rlike",
        "row",
        "rows",
        "sample",
        "schema",
        "select",
        "session_user",
        "set",
        "show",
        "similar",
        "some",
        "start",
        "summarize",
        "symmetric",
        "table",
        "tablesample",
        "then",
        "to",
        "trailing",
        "trigger",
        "true",
        "try_cast",
        "union",
        "unique",
        "unpivot",
        "update",
        "user",
        "using",
        "values",
        "variadic",
        "verbose",
        "view",
        "when",
        "whenever",
        "where",
        "window",
        "with",
    ]
)
"""Words that some warehouse reserves. Frozen: a word added later would rename columns."""
CORE_NAMES: Final = frozenset(
    [
        "id",
        "uuid",
        "uuid_ts",
        "loaded_at",
        "received_at",
        "sent_at",
        "timestamp",
        "original_timestamp",
        "anonymous_id",
        "user_id",
    ]
)
OWN_NAMES: Final = {
    "track": frozenset({"event", "event_text"}),
    "identify": frozenset[str](),
    "page": frozenset({"name", "category"}),
    "screen": frozenset({"name", "category"}),
    "group": frozenset({"group_id"}),
    "alias": frozenset({"previous_id"}),
}
"""Columns that only tables of one call have."""
_ENVELOPE_OBJECTS: Final = frozenset({"integrations", "metadata"})
_WORD: Final = re.compile("[A-Z0-9]*[a-z0-9]*")
_VARIANT_BYTES: Final = 9
"""Kept free for the suffix of a variant column: `__v_text`."""


@lru_cache(maxsize=100_000)
def snake(name: str) -> str:
    """Words of ASCII letters and digits, in lower case, joined by `_`; all other characters separate. May be empty.

    Source: the Go library with the same rule; this passes its test vectors.
    """
    return "_".join(word.lower() for word in _WORD.findall(name) if word)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _shortened(name: str, identifier_bytes: int) -> str:
    most = identifier_bytes - _VARIANT_BYTES
    return name if len(name) <= most else f"{name[: most - 9]}_{_digest(name)}"


def _is_escaped(name: str) -> bool:
    return name[0].isdigit() or name in KEYWORDS


def key_name(key: str) -> str:
    """The part of a column name that comes from one key; never empty."""
    return snake(key) or f"x{_digest(key)}"


def is_envelope(name: str, reserved: frozenset[str]) -> bool:
    """Whether a name is one of the wanted envelope columns, or of a key below one, such as `metadata_bundled`."""
    return name in reserved or any(name.startswith(f"{key}_") for key in _ENVELOPE_OBJECTS & reserved)


@lru_cache(maxsize=200_000)
def column_name(path: tuple[str, ...], call: str, identifier_bytes: int, reserved: frozenset[str] = frozenset()) -> str:
    """The column of a path that begins with `context`, `properties` or `traits`: ("traits", "id") → `_id`.

    `reserved` are further columns of the tables of the call, which a payload key must not take.
    """
    name = "_".join(key_name(key) for key in path[1:])
    if path[0] == "context":
        return _shortened(f"context_{name}", identifier_bytes)
    return _shortened(payload_name(name, call, reserved), identifier_bytes)


def payload_name(name: str, call: str, reserved: frozenset[str] = frozenset()) -> str:
    """A name in snake case, escaped if it is one of our own columns: `id` → `_id`, `context_ip` → `_context_ip`."""
    is_own = name in CORE_NAMES or name in OWN_NAMES[call] or name.startswith("context_")
    return f"_{name}" if is_own or is_envelope(name, reserved) or _is_escaped(name) else name


def table_name(event: str | None, identifier_bytes: int) -> str:
    """The table of an event name; all blank names share one."""
    if event is None or not event.strip():
        return f"event_{_digest('')}"
    name = snake(event) or f"event_{_digest(event)}"
    is_taken = _is_escaped(name) or name in STANDARD_TABLES
    return _shortened(f"_{name}" if is_taken else name, identifier_bytes)


def event_slug(event: str, identifier_bytes: int) -> str:
    """The value of the column `event`: the name in snake case, not escaped or cut; if that is empty, the table."""
    if not event.strip():
        return event
    return snake(event) or table_name(event, identifier_bytes)


def schema_name(source: str, identifier_bytes: int) -> str:
    """The schema of a source."""
    name = snake(source) or f"source_{_digest(source)}"
    return _shortened(f"_{name}" if _is_escaped(name) else name, identifier_bytes)
