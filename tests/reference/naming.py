"""Names of tables and columns by the written rules, with no code shared with the product."""

import hashlib
import re

KEYWORDS = frozenset(
    """account all alter analyse analyze and any array as asc asymmetric authorization between binary both by case cast
    check collate column connect connection constraint create cross current current_date current_role current_time
    current_timestamp current_user database default deferrable delete desc describe distinct do drop else end except
    exists false fetch following for foreign freeze from full grant group gscluster having ilike in increment initially
    inner insert intersect into is isnull issue join lambda lateral leading left like limit localtime localtimestamp
    minus natural new not notnull null of off offset old on only or order organization outer overlaps pivot
    pivot_longer pivot_wider placing primary qualify references regexp returning revoke right rlike row rows sample
    schema select session_user set show similar some start summarize symmetric table tablesample then to trailing
    trigger true try_cast union unique unpivot update user using values variadic verbose view when whenever where
    window with""".split()
)
EVERYWHERE = frozenset(
    "id uuid uuid_ts loaded_at received_at sent_at timestamp original_timestamp anonymous_id user_id".split()
)
OWN = {
    "track": {"event", "event_text"},
    "identify": set(),
    "page": {"name", "category"},
    "screen": {"name", "category"},
    "group": {"group_id"},
    "alias": {"previous_id"},
}
CALL_TABLE = {
    "track": "tracks",
    "identify": "identifies",
    "page": "pages",
    "screen": "screens",
    "group": "groups",
    "alias": "aliases",
}
STANDARD_TABLES = frozenset({*CALL_TABLE.values(), "users", "accounts"})
LIMIT = 255
WORD = re.compile(rb"[A-Z0-9]*[a-z0-9]*")


def digest(text: str) -> str:
    """Eight hex digits that stand for a name."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def snake(name: str) -> str:
    """Words of ASCII letters and digits, lower case, joined by one underscore. Everything else separates."""
    return b"_".join(word.lower() for word in WORD.findall(name.encode()) if word).decode()


def shortened(name: str, limit: int = LIMIT) -> str:
    """A name that leaves nine bytes for the suffix of a variant."""
    return name if len(name) <= limit - 9 else f"{name[: limit - 18]}_{digest(name)}"


def column(root: str, path: tuple[str, ...], call: str, extra: frozenset[str] = frozenset()) -> str:
    """The column of a path below `context`, `properties` or `traits`."""
    name = "_".join(snake(key) or f"x{digest(key)}" for key in path)
    if root == "context":
        return shortened(f"context_{name}")
    reserved = EVERYWHERE | OWN[call] | extra
    below = tuple(f"{key}_" for key in extra if key in ("integrations", "metadata"))
    if name in reserved or name.startswith(("context_", *below)) or name[0].isdigit() or name in KEYWORDS:
        name = f"_{name}"
    return shortened(name)


def table(event: str | None) -> str:
    """The table of an event name."""
    if event is None or not event.strip():
        return f"event_{digest('')}"
    name = snake(event) or f"event_{digest(event)}"
    if name[0].isdigit() or name in KEYWORDS or name in STANDARD_TABLES:
        name = f"_{name}"
    return shortened(name)


def event_column(event: str) -> str:
    """What the column `event` says: the name without prefix or cut."""
    if not event.strip():
        return event
    return snake(event) or table(event)
