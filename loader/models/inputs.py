"""Inputs, which models read: one table per call or event over all sources, even if their columns differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from loader.core.dialect import DUCKDB, identifier, literal
from loader.core.naming import table_name
from loader.core.plan import SchemaTables
from loader.core.tables import CALL_TABLE
from loader.errors import ConfigError
from loader.models.header import INPUT_PREFIX, NAME, TYPES, Column, LogicalType
from loader.models.render import SQL_TYPES

_OWN: Final = (
    Column("source", "text", "Source, by its schema."),
    Column("call", "text", "Call: identify, track, page, screen, group or alias."),
    Column("id", "text", "Message id; unique within source and call."),
    Column("received_at", "timestamp", "When it arrived."),
    Column("timestamp", "timestamp", "When it happened; when it arrived where that is not known."),
    Column("anonymous_id", "text", "Id of the device or browser, as sent."),
    Column("user_id", "text", "Id of the user, as sent."),
)
"""Columns of every input that comes from events."""
_VARIANTS: Final = ("__v_num", "__v_ts", "__v_bool", "__v_text")
_NUMBERS: Final = ("BIGINT", "INTEGER", "DOUBLE", "FLOAT", "DECIMAL", "HUGEINT", "SMALLINT", "TINYINT", "UBIGINT")
_KEYS: Final = frozenset({"description", "call", "event", "external", "columns"})
_COLUMN_KEYS: Final = frozenset({"type", "from", "description"})


@dataclass(frozen=True, slots=True)
class InputColumn:
    """A declared column, and the columns of the sources that it is taken from: the first one with a value."""

    name: str
    type: LogicalType
    taken_from: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class Input:
    """One input. Models read it as `input_<file name>`."""

    name: str
    path: Path
    description: str
    declared: tuple[InputColumn, ...]
    call: str | None = None
    events: tuple[str, ...] = ()
    """Names of events, or `$name` of a parameter that holds one or a list."""
    is_external: bool = False
    """Whether it comes from `models.inputs` of the configuration and not from events."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column of the input."""
        own = () if self.is_external else _OWN
        return (*own, *(Column(column.name, column.type, column.description) for column in self.declared))

    @property
    def bare_name(self) -> str:
        """The name of its file, which is also its name in `models.inputs`."""
        return self.name.removeprefix(INPUT_PREFIX)

    @property
    def keys(self) -> tuple[str, ...]:
        """The key of its rows; external inputs have no known key."""
        return () if self.is_external else ("source", "call", "id")


def read_input(path: Path) -> Input:
    """Read the input in a YAML file. Raises ConfigError that says what is wrong."""
    try:
        return parse_input(path, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the input cannot be read: {error}", str(path), "it must be a UTF-8 file") from None


@lru_cache(maxsize=1000)  # reading YAML takes longer than everything that is done with the result
def parse_input(path: Path, text: str) -> Input:
    """Read the input in the text of a file. Raises ConfigError that says what is wrong."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark is not None else str(path)
        raise ConfigError("the input is not valid YAML", where, "correct it") from None
    if not NAME.fullmatch(path.stem):
        raise _wrong(path, f"an input cannot be called {path.stem!r}")
    if not isinstance(content, dict) or not content.keys() <= _KEYS:
        raise _wrong(path, f"an input has the keys {', '.join(sorted(_KEYS))}")
    if not isinstance(content.get("description"), str):
        raise _wrong(path, "the input has no description")
    kinds = [key for key in ("call", "event", "external") if content.get(key)]
    if len(kinds) != 1:
        raise _wrong(path, "an input has exactly one of call, event and external")
    call = content.get("call")
    if call is not None and call not in CALL_TABLE:
        raise _wrong(path, f"{call!r} is not a call; use one of: {', '.join(CALL_TABLE)}")
    event: Any = content.get("event") or ()
    return Input(
        name=f"{INPUT_PREFIX}{path.stem}",
        path=path,
        description=content["description"].strip(),
        declared=tuple(_columns(path, content.get("columns"), bool(content.get("external")))),
        call=call,
        events=(event,) if isinstance(event, str) else tuple(str(each) for each in event),
        is_external=bool(content.get("external")),
    )


def _wrong(path: Path, what: str) -> ConfigError:
    return ConfigError(what, str(path), "see docs/models.md for what an input file holds")


def _columns(path: Path, columns: Any, is_external: bool) -> Iterator[InputColumn]:
    if not isinstance(columns, dict) and not (columns is None and not is_external):
        raise _wrong(path, "columns must be names with type, from and description")
    for name, given in (columns or {}).items():
        if not isinstance(given, dict) or not given.keys() <= _COLUMN_KEYS or given.get("type") not in TYPES:
            raise _wrong(path, f"column {name} needs a type ({', '.join(TYPES)}), and may have from and description")
        if not NAME.fullmatch(str(name)) or (not is_external and name in [column.name for column in _OWN]):
            raise _wrong(path, f"{name!r} cannot be declared: it is no column name, or every input has it")
        taken: Any = given.get("from", name)
        names = (taken,) if isinstance(taken, str) else tuple(str(each) for each in taken)
        yield InputColumn(name, given["type"], names, str(given.get("description", "")))


def events_of(given: Input, parameters: Mapping[str, object]) -> tuple[str, ...]:
    """The event names of an input, with parameters resolved. Raises ConfigError for an unknown parameter."""
    names: list[str] = []
    for event in given.events:
        if not event.startswith("$"):
            names.append(event)
            continue
        if event[1:] not in parameters:
            raise _wrong(given.path, f"there is no parameter {event}")
        value = parameters[event[1:]]
        names += [str(each) for each in value] if isinstance(value, tuple | list) else [str(value)]
    return tuple(dict.fromkeys(names))


def tables_of(given: Input, parameters: Mapping[str, object]) -> tuple[str, ...]:
    """The tables that the input reads, in the schema of each source that has them."""
    if given.call is not None:
        return (CALL_TABLE[given.call],)
    return tuple(dict.fromkeys(table_name(event, DUCKDB.identifier_bytes) for event in events_of(given, parameters)))


def input_query(given: Input, sources: Mapping[str, SchemaTables], parameters: Mapping[str, object]) -> str:
    """The union over the sources, by schema, in DuckDB's dialect. If no source has a table, it is typed and empty.

    Source: every name went through `identifier`, every text through `literal`.
    """
    branches = [
        _branch(given, schema, table, tables[table])
        for schema, tables in sorted(sources.items())
        for table in tables_of(given, parameters)
        if table in tables
    ]
    return " union all ".join(branches) if branches else empty_query(given.columns)


def empty_query(columns: Sequence[Column]) -> str:
    """A query without rows, with these columns and types."""
    return f"select {', '.join(f'{_null(column.type)} as {identifier(column.name)}' for column in columns)} limit 0"


def _branch(given: Input, schema: str, table: str, types: Mapping[str, str]) -> str:
    call = given.call or "track"
    values = {
        "source": literal(schema),
        "call": literal(call),
        "timestamp": _first([*_values("timestamp", "timestamp", types), *_values("received_at", "timestamp", types)]),
    }
    taken = {column.name: column.taken_from for column in given.declared}
    for column in given.columns:
        if column.name not in values:
            found = [
                each for name in taken.get(column.name, (column.name,)) for each in _values(name, column.type, types)
            ]
            values[column.name] = _first(found)
    listed = ", ".join(
        f"cast({values[column.name]} as {SQL_TYPES[column.type]}) as {identifier(column.name)}"
        for column in given.columns
    )
    return f"select {listed} from {identifier(schema, table)}"


def _null(kind: LogicalType) -> str:
    return f"cast(null as {SQL_TYPES[kind]})"


def _first(values: Sequence[str]) -> str:
    if not values:
        return "null"
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"


def _values(name: str, kind: LogicalType, types: Mapping[str, str]) -> Iterator[str]:
    """The column and its variants converted to a type, if possible; in a row, at most one of them has a value."""
    for column in (name, *(f"{name}{suffix}" for suffix in _VARIANTS)):
        if column in types and (value := _as(identifier(column), types[column], kind)) is not None:
            yield value


def _as(value: str, sql_type: str, kind: LogicalType) -> str | None:
    """A column of the warehouse converted to a logical type; None if that makes no sense."""
    is_text, is_number = sql_type == "VARCHAR", sql_type.startswith(_NUMBERS)
    is_time = sql_type.startswith("TIMESTAMP")
    if kind == "text":
        text = value if is_text else f"cast({value} as varchar)"
        # One number has one text, whether the column of its source holds integers or floats.
        return f"regexp_replace({text}, '[.]0$', '')" if sql_type in ("DOUBLE", "FLOAT") else text
    if kind in ("integer", "decimal", "float"):
        return f"try_cast({value} as {SQL_TYPES[kind]})" if is_text or is_number else None
    if kind == "boolean":
        return value if sql_type == "BOOLEAN" else f"try_cast({value} as boolean)" if is_text else None
    instant = {
        "TIMESTAMP WITH TIME ZONE": f"timezone('UTC', {value})",
        "TIMESTAMP": value,
        "DATE": f"cast({value} as timestamp)",
        "VARCHAR": f"timezone('UTC', try_cast({value} as timestamptz))",
    }.get(sql_type)
    if instant is None or not (is_text or is_time or sql_type == "DATE"):
        return None
    return instant if kind == "timestamp" else f"cast({instant} as date)"
