"""Reads a line as JSON values as they were written (number literals, repeated keys, NaN), and writes strict JSON.

Recursive functions use one frame per level, so that the deepest accepted nesting stays within Python's limit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import isinf
from typing import Any, Final

from loader.core.samples import KeyPath

DEEPEST_NESTING: Final = 512
"""Levels of objects and arrays that a line may have."""
NO_STACK: Final = "nested deeper than the stack allows"
"""What is said of a line with fewer levels, when the caller has used up most of Python's limit."""
_LONGEST_INTEGER: Final = 38
_INT64: Final = (-(2**63), 2**63 - 1)
_BLANK: Final = re.compile(r"[ \t\r\n\v\f]*")
_STRING: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+'
_STRINGS: Final = re.compile(f'{_STRING}"', re.DOTALL)
_BRACKETS: Final = re.compile(rf'{_STRING}(?:"|\\?\Z)|[\[{{]|[\]}}]', re.DOTALL)
_CONTROL: Final = re.compile("[\x00-\x1f]")
_ESCAPED: Final = re.compile('["\\\\\x00-\x1f]')
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class NumberText(str):
    """A number as it was written."""

    __slots__ = ()

    @property
    def is_integer(self) -> bool:
        """Whether it has neither a point nor an exponent."""
        return self.lstrip("-").isdigit()


class NotFinite(str):
    """NaN, Infinity or -Infinity."""

    __slots__ = ()


class Members(list[tuple[str, Any]]):
    """Keys and values of an object in document order, including repeated keys."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A value that is not loaded, or not loaded as it was sent."""

    reason: str
    path: KeyPath
    """From the root of the message; () is the whole line."""
    value_json: str | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Where and why the rest of a line is not JSON."""

    reason: str
    detail: str
    position: int
    """In characters of the text."""


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=Members, parse_int=NumberText, parse_float=NumberText, parse_constant=NotFinite, strict=False
)


def read_values(text: str, is_cut: bool) -> Iterator[Any | Unreadable]:
    """The values of a line: one value, or several objects in a row. Stops at the first text that is not JSON."""
    if (position := _too_deep_at(text)) is not None:
        yield Unreadable("too_deep", f"nested deeper than {DEEPEST_NESTING} levels", position)
        return
    position = _after_blanks(text, 0)
    while position < len(text):
        try:
            value, end = _DECODER.raw_decode(text, position)
        except json.JSONDecodeError as error:
            yield Unreadable("truncated_line" if is_cut else "bad_json", error.msg, error.pos)
            return
        except RecursionError:
            yield Unreadable("too_deep", NO_STACK, position)
            return
        position = _after_blanks(text, end)
        if position < len(text) and not (isinstance(value, Members) and text[position] == "{"):
            yield Unreadable("bad_json", "text after the end of the value", position)
            return
        yield value


def has_control_character(text: str) -> bool:
    """Whether a string in the line contains a control character that is not escaped."""
    if not _CONTROL.search(text):
        return False
    return any(_CONTROL.search(match[0]) for match in _STRINGS.finditer(text))


def _after_blanks(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return match.end() if match else position


def _too_deep_at(text: str) -> int | None:
    if text.count("[") + text.count("{") <= DEEPEST_NESTING:
        return None
    depth = 0
    for match in _BRACKETS.finditer(text):
        first = text[match.start()]
        if first in "[{":
            depth += 1
            if depth > DEEPEST_NESTING:
                return match.start()
        elif first != '"':
            depth -= 1
    return None


def cleaned(value: Any, path: KeyPath, losses: list[Loss]) -> Any:
    """Objects as dicts, with the last of repeated keys; text that can be encoded; null instead of NaN and infinities."""
    if isinstance(value, Members):
        kept: dict[str, Any] = {}
        for key, member in value:
            name = _encodable(key, (*path, _replaced(key)), losses)
            if name in kept:
                losses.append(Loss("duplicate_key", (*path, name), compact(kept.pop(name))))
            kept[name] = cleaned(member, (*path, name), losses)
        return kept
    return _cleaned_item(value, path, losses)


def _cleaned_item(value: Any, path: KeyPath, losses: list[Loss]) -> Any:
    """As `cleaned`, but objects inside arrays stay as they were written, because the array becomes JSON text."""
    if isinstance(value, Members):
        members = Members()
        for key, member in value:
            members.append((_encodable(key, path, losses), _cleaned_item(member, path, losses)))
        return members
    if isinstance(value, list):
        items = []
        for item in value:
            items.append(_cleaned_item(item, path, losses))
        return items
    if isinstance(value, NotFinite):
        losses.append(Loss("non_finite", path, quoted(value)))
        return None
    return _encodable(value, path, losses) if type(value) is str else value


def _encodable(text: str, path: KeyPath, losses: list[Loss]) -> str:
    if _SURROGATE.search(text) is None:
        return text
    losses.append(Loss("lone_surrogate", path, json.dumps(text)))
    return _replaced(text)


def _replaced(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)


def merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Both objects as one, key by key. `over` wins if both have a value that is not an object."""
    result = dict(under)
    for key, value in over.items():
        beneath = result.get(key)
        result[key] = merged(beneath, value) if isinstance(value, dict) and isinstance(beneath, dict) else value
    return result


def quoted(text: str) -> str:
    """A JSON string, with the escapes that the engine writes."""
    return '"' + _ESCAPED.sub(lambda match: _SHORT.get(match[0]) or f"\\u{ord(match[0]):04X}", text) + '"'


def compact(value: Any) -> str:
    """Minified JSON, with numbers in the engine's spelling."""
    pieces: list[str] = []
    _write(value, pieces, engine_number)
    return "".join(pieces)


def spelled(value: Any) -> str:
    """Minified JSON, with numbers as they were written."""
    pieces: list[str] = []
    _write(value, pieces, str)
    return "".join(pieces)


def _write(value: Any, pieces: list[str], number: Callable[[NumberText], str]) -> None:
    if isinstance(value, NumberText):
        pieces.append(number(value))
    elif isinstance(value, str):
        pieces.append(quoted(value))
    elif isinstance(value, (dict, Members)):
        separator = "{"
        for key, member in members_of(value):
            pieces += (separator, quoted(key), ":")
            _write(member, pieces, number)
            separator = ","
        pieces.append("{}" if separator == "{" else "}")
    elif isinstance(value, list):
        separator = "["
        for item in value:
            pieces.append(separator)
            _write(item, pieces, number)
            separator = ","
        pieces.append("[]" if separator == "[" else "]")
    else:
        pieces.append("null" if value is None else "true" if value else "false")


def members_of(value: dict[str, Any] | Members) -> Iterable[tuple[str, Any]]:
    """Keys and values of an object in either form."""
    return value.items() if isinstance(value, dict) else value


def canonical(value: Any) -> str:
    """The text whose hash is the id of a message without one: sorted keys, no spaces, numbers as written."""
    if isinstance(value, NumberText):
        return str(value)
    if isinstance(value, (dict, Members)):
        members = []
        for key, member in members_of(value):
            members.append((key, canonical(member)))
        members.sort()
        return "{" + ",".join([f"{json.dumps(key, ensure_ascii=False)}:{text}" for key, text in members]) + "}"
    if isinstance(value, list):
        items = []
        for item in value:
            items.append(canonical(item))
        return "[" + ",".join(items) + "]"
    return json.dumps(value, ensure_ascii=False)


def engine_number(literal: NumberText) -> str:
    """A float in the engine's spelling: 1e3 → 1000.0, 1.50 → 1.5. Integers and infinite floats stay as written."""
    if literal.is_integer:
        return "0" if literal == "-0" else str(literal)
    number = float(literal)
    if isinf(number):
        return str(literal)
    if number == 0 or 1e-6 <= abs(number) < 1e21:
        plain = format(Decimal(repr(number)), "f")
        return plain if "." in plain else f"{plain}.0"
    mantissa, _, exponent = repr(number).partition("e")
    return f"{mantissa}e{int(exponent)}"


def is_int64(literal: NumberText) -> bool:
    """Whether an integer fits into 64 bits. Never converts long ones, because Python refuses that."""
    return len(literal) <= 20 and _INT64[0] <= int(literal) <= _INT64[1]


def is_out_of_range(literal: NumberText) -> bool:
    """Whether no column type can hold the number."""
    if literal.is_integer:
        return len(literal.lstrip("-")) > _LONGEST_INTEGER
    return isinf(float(literal))


def is_lossy(literal: NumberText) -> bool:
    """Whether the nearest float differs from the number that was written."""
    try:
        return Decimal(literal) != Decimal(repr(float(literal)))
    except InvalidOperation:
        return True


def readable(value: Any, keeps_text: bool) -> Any:
    """A value without numbers that other readers refuse: they become strings or, for columns, are left out of objects."""
    if isinstance(value, NumberText):
        return str(value) if is_out_of_range(value) else value
    if isinstance(value, dict):
        kept: dict[str, Any] = {}
        for key, member in value.items():
            if keeps_text or not (isinstance(member, NumberText) and is_out_of_range(member)):
                kept[key] = readable(member, keeps_text)
        return kept
    if isinstance(value, Members):
        members = Members()
        for key, member in value:
            members.append((key, readable(member, keeps_text)))
        return members
    if isinstance(value, list):
        items = []
        for item in value:
            items.append(readable(item, keeps_text))
        return items
    return value


def is_kept_by_engine(literal: NumberText) -> bool:
    """Whether the engine reads the number without changing it."""
    if literal.is_integer:
        return is_int64(literal)
    return not (is_out_of_range(literal) or is_lossy(literal))


def has_changing_number(value: Any) -> bool:
    """Whether an array or object contains, at any depth, a number that the engine would change."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, NumberText):
            if not is_kept_by_engine(item):
                return True
        elif isinstance(item, (dict, Members)):
            waiting += [member for _, member in members_of(item)]
        elif isinstance(item, list):
            waiting += item
    return False
