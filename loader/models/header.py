"""Reads model files: a header of comments that describe the model, then one SELECT."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from loader.errors import ConfigError

LogicalType = Literal["text", "integer", "decimal", "float", "boolean", "timestamp", "date"]
Severity = Literal["fail", "warn"]
TYPES: Final[tuple[str, ...]] = get_args(LogicalType)
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
INPUT_PREFIX: Final = "input_"
"""Of the tables that stand for the loaded events; no model may be called like one."""

_SECTION: Final = re.compile(r"(grain|keys|params|columns|checks|incremental|passes|made by|further columns):\s*(.*)")
_PASSES: Final = re.compile(r"([a-z][a-z0-9_]*), (\d+) bytes a row")
_COLUMN: Final = re.compile(r"([a-z][a-z0-9_]*)\s+(\w+)\s*:\s*(.+)")
_CHECK: Final = re.compile(r"([a-z][a-z0-9_]*)(\s+\(warn\))?\s*:\s*(.+)")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a model or input."""

    name: str
    type: LogicalType
    description: str


@dataclass(frozen=True, slots=True)
class Check:
    """A rule that the rows of a model must keep."""

    name: str
    sql: str
    """A condition over the model's rows, true where one is wrong; or a query, whose rows are the failures."""
    severity: Severity
    line: int

    @property
    def is_query(self) -> bool:
        """Whether the check is a query rather than a condition."""
        return re.match(r"(select|with)\b", self.sql, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Model:
    """One table, and how it is made."""

    name: str
    path: Path
    description: str
    grain: str
    keys: tuple[str, ...]
    parameters: tuple[str, ...]
    columns: tuple[Column, ...]
    checks: tuple[Check, ...]
    text: str
    """The whole file, so that positions in the SQL are lines of the file."""
    made_by: str | None = None
    """The Python model that writes the table, when no SQL makes it."""
    incremental: str | None = None
    """Column by which it may be recomputed in parts."""
    incremental_rows: str | None = None
    """The WITH whose rows are compared for that; None when those of all tables that it reads are."""
    passes: str | None = None
    """Column by which a full run may take its rows in several passes: each row depends on those of one value alone."""
    bytes_of_row: int = 0
    """Memory that one row of what it reads takes in a pass, about."""
    further_columns: str | None = None
    """What the columns are that the table may have beyond those listed; only of Python models."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in their order."""
        return tuple(column.name for column in self.columns)


@dataclass(slots=True)
class _Header:
    """The sections of a header while it is read: the text of each, with its line."""

    description: list[str] = field(default_factory=list)
    values: dict[str, tuple[int, str]] = field(default_factory=dict)
    items: dict[str, list[tuple[int, str]]] = field(default_factory=dict)


def read_model(path: Path) -> Model:
    """Read the model in a file. Raises ConfigError with file and line."""
    name = path.stem
    if not NAME.fullmatch(name) or name.startswith(INPUT_PREFIX):
        raise ConfigError(
            f"a model cannot be called {name!r}",
            str(path),
            f"use lower case letters, digits and underscores, a letter first, and not {INPUT_PREFIX} at its beginning",
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the model cannot be read: {error}", str(path), "it must be a UTF-8 file") from None
    return parse_model(name, path, text)


def parse_model(name: str, path: Path, text: str) -> Model:
    """Read the model in the text of a file. Raises ConfigError with file and line."""
    header = _read_header(path, text)
    for required in ("grain", "keys"):
        if not header.values.get(required, (0, ""))[1]:
            raise ConfigError(
                f"the header of model {name} has no {required}", f"{path}:1", f"add a line `-- {required}: …`"
            )
    if not header.description:
        raise ConfigError(
            f"model {name} has no description", f"{path}:1", "begin the file with `-- ` and what the model answers"
        )
    columns = tuple(_column(path, line, item) for line, item in header.items.get("columns", []))
    if not columns:
        raise ConfigError(f"the header of model {name} lists no columns", f"{path}:1", "add `-- columns:` and its list")
    line, listed = header.values["keys"]
    keys = () if listed == "none" else _names(listed)
    for key in keys:
        if key not in [column.name for column in columns]:
            raise ConfigError(f"the key {key!r} is not a column", f"{path}:{line}", "add it to the columns")
    made_by = header.values.get("made by", (0, ""))[1] or None
    body = re.sub(r"^\s*--.*$", "", text, flags=re.MULTILINE).strip()
    if (made_by is None) == (body == ""):
        raise ConfigError(
            f"model {name} must have either a SELECT or `-- made by: NAME`", f"{path}:1", "write one of the two"
        )
    if made_by is None and header.values.get("further columns"):
        raise ConfigError(
            "only a Python model has further columns",
            f"{path}:{header.values['further columns'][0]}",
            "list every column of the SELECT under columns",
        )
    checks = tuple(_check(path, line, item) for line, item in header.items.get("checks", []))
    for check in checks:
        if (first := next(each for each in checks if each.name == check.name)) is not check:
            raise ConfigError(
                f"two checks are called {check.name!r}",
                f"{path}:{check.line}",
                f"the other one is in line {first.line}",
            )
    passes, bytes_of_row = _passes(path, header)
    column, _, rows = header.values.get("incremental", (0, ""))[1].partition(" of ")
    return Model(
        name=name,
        path=path,
        description=" ".join(header.description),
        grain=header.values["grain"][1],
        keys=keys,
        parameters=_names(header.values.get("params", (0, ""))[1]),
        columns=columns,
        checks=checks,
        text=text,
        made_by=made_by,
        incremental=column or None,
        incremental_rows=rows or None,
        passes=passes,
        bytes_of_row=bytes_of_row,
        further_columns=header.values.get("further columns", (0, ""))[1] or None,
    )


def _passes(path: Path, header: _Header) -> tuple[str | None, int]:
    if "passes" not in header.values:
        return None, 0
    line, text = header.values["passes"]
    match = _PASSES.fullmatch(text)
    if match is None:
        raise ConfigError(
            f"passes {text[:60]!r} is not understood", f"{path}:{line}", "write `passes: COLUMN, NUMBER bytes a row`"
        )
    return match[1], int(match[2])


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())


def _read_header(path: Path, text: str) -> _Header:
    header, section, indent = _Header(), "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("--"):
            break
        content = line.removeprefix("--").removeprefix(" ")
        words = content.strip()
        depth = len(content) - len(content.lstrip())
        match = _SECTION.fullmatch(words) if depth == 0 else None
        if not words:
            continue
        if match is not None:
            section = match[1]
            if section in header.values:
                raise ConfigError(f"{section} occurs twice", f"{path}:{number}", "remove one of the two")
            header.values[section] = (number, match[2].strip())
        elif section in ("columns", "checks") and depth > 0:
            items = header.items.setdefault(section, [])
            if items and depth > indent:  # a line that is indented further continues the previous item
                items[-1] = (items[-1][0], f"{items[-1][1]} {words}")
            else:
                items.append((number, words))
                indent = depth
        elif section and depth > 0:
            at, value = header.values[section]
            header.values[section] = (at, f"{value} {words}".strip())
        elif not section:
            header.description.append(words)
        else:
            raise ConfigError(
                f"the header line {words[:60]!r} is not understood",
                f"{path}:{number}",
                "after the description come grain, keys, params, columns, further columns, checks, incremental, "
                "passes, made by; what belongs to one of them is indented",
            )
    return header


def _column(path: Path, line: int, item: str) -> Column:
    match = _COLUMN.fullmatch(item)
    if match is None or match[2] not in TYPES:
        raise ConfigError(
            f"the column {item[:60]!r} is not understood",
            f"{path}:{line}",
            f"write `name type: meaning`, type one of: {', '.join(TYPES)}",
        )
    kind: LogicalType = match[2]  # type: ignore[assignment]  # one of TYPES
    return Column(match[1], kind, match[3])


def _check(path: Path, line: int, item: str) -> Check:
    match = _CHECK.fullmatch(item)
    if match is None:
        raise ConfigError(
            f"the check {item[:60]!r} is not understood",
            f"{path}:{line}",
            "write `name: condition`, `name: select …`, or `name (warn): …`",
        )
    return Check(match[1], match[3], "warn" if match[2] else "fail", line)


def repeated(names: Sequence[str]) -> list[str]:
    """Names that occur more than once."""
    return sorted({name for name in names if names.count(name) > 1})
