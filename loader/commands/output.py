"""What a command prints: tables and lines for people, exactly one JSON object with `--json`."""

import base64
import csv
import json
import math
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TextIO

from rich.console import Console
from rich.table import Table

from loader.config import redact
from loader.errors import LoaderError

_TURNING: Final = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Marks that change the direction of writing, so that the text after them looks like another text."""
_OBEYED: Final = (*range(9), *range(11, 32), *range(127, 160), 0x2028, 0x2029, *_TURNING)
"""Characters that a terminal obeys, and event data may hold; tabs and ends of lines may stay."""
_SPELLED: Final = {code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" for code in _OBEYED}
_JSON_ESCAPES: Final = {code: f"\\u{code:04x}" for code in _OBEYED if code > 31}
"""The same as JSON escapes; `json` itself escapes the characters below 32."""
_WIDEST: Final = 100
"""Longest padding of a column of plain text, so that one long value does not make every line as long."""


def spelled(text: str) -> str:
    """The text with characters that a terminal would obey written as escapes."""
    return text.translate(_SPELLED)


def shortened(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def json_value(value: object) -> object:
    """The text of a value that JSON has no type for: instants in ISO 8601, exact numbers as written."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    return str(value)


def json_text(value: object, is_ascii: bool = False) -> str:
    """Strictly valid JSON: numbers and keys that JSON does not have become text."""
    try:
        text = json.dumps(value, default=json_value, ensure_ascii=is_ascii, allow_nan=False)
    except (TypeError, ValueError):
        text = json.dumps(_sayable(value), default=json_value, ensure_ascii=is_ascii)
    return text.translate(_JSON_ESCAPES)


def _sayable(value: object) -> object:
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(json_value(key)): _sayable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_sayable(item) for item in value]
    return json.dumps(value) if isinstance(value, float) and not math.isfinite(value) else value


def cell(value: object, precision: str = "auto") -> str:
    """The text of a value in a table. NULL is empty. `precision` is that of times, as `datetime.isoformat` has it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec=precision)
    if isinstance(value, Mapping | list | tuple):
        return json_text(value)
    return str(value)


def _without_secrets(value: object) -> object:
    """The value with redacted texts. Numbers and keys stay, so the object keeps its shape."""
    if isinstance(value, Mapping):
        return {key: _without_secrets(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else redact(str(json_value(value)))


class Output:
    """Standard output of one command. In JSON mode only `result` prints."""

    def __init__(self, as_json: bool, stream: TextIO | None = None) -> None:
        self.as_json = as_json
        self._stream = stream or sys.stdout
        self._is_terminal = self._stream.isatty() and not as_json
        self._is_ascii = not (self._stream.encoding or "utf-8").lower().startswith("utf")

    def line(self, text: str = "") -> None:
        """One line for people."""
        if not self.as_json:
            print(spelled(redact(text)), file=self._stream)

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "", is_verbatim: bool = False
    ) -> None:
        """A table for people: drawn on a terminal, aligned text elsewhere.

        `is_verbatim`: values as they are, neither redacted nor, for times, cut to seconds.
        """
        if self.as_json:
            return
        names = [spelled(name) for name in columns]
        shown = cell if is_verbatim else lambda value: redact(cell(value, "seconds"))
        texts = [[spelled(shown(value)) for value in row] for row in rows]
        if self._is_terminal:
            drawn = Table(*names, title=spelled(title) or None, title_justify="left")
            for text in texts:
                drawn.add_row(*text)
            Console(file=self._stream, no_color="NO_COLOR" in os.environ, markup=False).print(drawn)
            return
        if title:
            self.line(title)
        lines = [[text.replace("\n", "\\n") for text in line] for line in (names, *texts)]
        widths = [min(_WIDEST, max(len(line[index]) for line in lines)) for index in range(len(names))]
        for line in lines:
            padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
            print("  ".join(padded).rstrip(), file=self._stream)

    def csv(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Comma-separated values with a header line."""
        writer = csv.writer(self._stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([cell(value) for value in row] for row in rows)

    def result(self, value: Mapping[str, Any], is_verbatim: bool = False) -> None:
        """The JSON object of the command; nothing without `--json`. `is_verbatim`: not redacted."""
        if self.as_json:
            shown = value if is_verbatim else _without_secrets(value)
            print(json_text(shown, self._is_ascii), file=self._stream)

    def error(self, error: LoaderError) -> None:
        """Print an error on standard error and, with `--json`, also as the JSON object on standard output."""
        print(spelled(redact(f"error: {error}")), file=sys.stderr)
        kind = type(error).__name__
        content = {
            "kind": kind,
            "what": error.what,
            "where": error.where,
            "fix": error.fix,
            "exit_code": error.exit_code,
        }
        self.result({"error": content})
