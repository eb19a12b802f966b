"""The abilities of a warehouse, as data, and how names and texts are written in SQL."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Limits of one kind of warehouse."""

    name: str
    identifier_bytes: int
    """Longest name of a table or column."""


DUCKDB = Capabilities(name="duckdb", identifier_bytes=255)

WHITE_SPACE = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"
"""The SQL of the characters that a text which counts as empty may have."""


def identifier(*parts: str) -> str:
    """A quoted name, of one or more parts: `"web"."tracks"`."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def beside_row_number(column: str) -> str:
    """The name of a column in a `numbered` table: one that is called `rowid` would hide the numbers of its rows."""
    return "rowid__" if column.lower() == "rowid" else column


def numbered(table: str, columns: Iterable[str], alias: str) -> str:
    """A table of a FROM clause whose `rowid` is the number of a row. `columns`: those of the table, in their order."""
    names = list(columns)
    renamed = [beside_row_number(name) for name in names]
    return f"{table} as {alias}" + ("" if renamed == names else f"({', '.join(map(identifier, renamed))})")


def literal(text: str | None) -> str:
    """A text as an SQL literal. The only escape that DuckDB and standard SQL have is the doubled quote."""
    return "null" if text is None else "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """A list of texts, `['a', 'b']`, with a type even if it is empty."""
    return "[" + ", ".join(literal(text) for text in texts) + "]::varchar[]"


def pointer(path: Iterable[str]) -> str:
    """A path of keys as a JSON pointer (RFC 6901), which can express any key."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


def hash_of_id(value: str) -> str:
    """The SQL of the XXH64 of an id: no version of the engine changes it, unlike its own `hash`."""
    return f"xxh64({value})"


def widened_sql(value: str, sql_type: str, wider: str) -> str:
    """The SQL of a value in a wider type. A decimal that becomes text loses the trailing zeros of its column."""
    text = f"{value}::{wider}"
    return f"rtrim(rtrim({text}, '0'), '.')" if (sql_type, wider) == ("DECIMAL(38,9)", "VARCHAR") else text
