"""Bytes of an archive object → messages and refused input, line by line, in slow plain Python."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

LINE_BYTES = 16 * 2**20
DEEPEST = 512
WHITE = " \t\r\n\v\f"
SURROGATE = re.compile("[\ud800-\udfff]")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Values may nest 512 levels deep, and every level takes a few frames here.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))


class Number(str):
    """A number as it was written."""

    @property
    def is_integer(self) -> bool:
        """Whether it was written without a point and an exponent."""
        return not any(mark in self for mark in ".eE")


class NotFinite(str):
    """NaN, Infinity or -Infinity."""


class Pairs(list):
    """The members of an object as they were written, repeated keys included."""


@dataclass(frozen=True)
class Lost:
    """A value that was not stored, or not as it was sent. The path starts at the root of the message."""

    reason: str
    path: tuple[str, ...]


@dataclass
class RawMessage:
    """One message as an object without repeated keys, and what was lost on the way."""

    item: int
    body: dict
    lost: list[Lost] = field(default_factory=list)
    envelope_received_at: object = None


@dataclass(frozen=True)
class Refusal:
    """Input that made no message."""

    line: int
    item: int
    reason: str


@dataclass
class Line:
    """What one line says."""

    number: int
    is_blank: bool = False
    messages: list[RawMessage] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def read_object(body: bytes) -> Iterator[Line]:
    """Every line of an unpacked object. Line feeds separate lines; the last one needs none."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield Line(1, refusals=[Refusal(1, 0, "bad_encoding")])
        return
    pieces = body.split(b"\n")
    is_terminated = pieces[-1] == b""
    if is_terminated:
        pieces.pop()
    for number, raw in enumerate(pieces, 1):
        is_cut = number == len(pieces) and not is_terminated
        yield read_line(number, raw, is_cut)


def read_line(number: int, raw: bytes, is_cut: bool) -> Line:
    """One line without its line feed."""
    line = Line(number)
    if len(raw) > LINE_BYTES:
        line.refusals.append(Refusal(number, 0, "line_too_long"))
        return line
    raw = raw.removesuffix(b"\r").removeprefix(b"\xef\xbb\xbf")
    notes: list[Lost] = []
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode(errors="replace")
        notes.append(Lost("invalid_utf8", ()))
    if not text.strip(WHITE):
        line.is_blank = True
        return line
    if any(char < " " for token in STRING.findall(text) for char in token):
        notes.append(Lost("control_char", ()))
    item = 0
    for value, reason in _values(text, is_cut):
        if reason:
            line.refusals.append(Refusal(number, item, reason))
            item += 1
            continue
        for found in _unpacked(value, number, item):
            (line.refusals if isinstance(found, Refusal) else line.messages).append(found)
            if isinstance(found, RawMessage):
                found.lost[:0] = notes
            item = found.item + 1
    return line


def _values(text: str, is_cut: bool) -> Iterator[tuple[object, str | None]]:
    """The JSON values of a line: one, or several objects side by side. An unreadable rest ends it with a reason."""
    decoder = json.JSONDecoder(
        object_pairs_hook=Pairs, parse_int=Number, parse_float=Number, parse_constant=NotFinite, strict=False
    )
    position, count = 0, 0
    while True:
        while position < len(text) and text[position] in WHITE:
            position += 1
        if position == len(text):
            return
        if _is_too_deep(text[position:]):
            yield None, "too_deep"
            return
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            yield None, "truncated_line" if is_cut else "bad_json"
            return
        rest = text[position:].lstrip(WHITE)
        if rest and not (isinstance(value, Pairs) and rest[0] == "{"):
            yield None, "bad_json"
            return
        yield value, None
        count += 1


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    depth, in_string, skip = 0, False, False
    for char in text:
        if skip:
            skip = False
        elif in_string:
            skip, in_string = char == "\\", char != '"'
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif char in "]}":
            depth -= 1
    return False


def _unpacked(value: object, line: int, first: int) -> Iterator[RawMessage | Refusal]:
    """Messages of one JSON value: itself, the items of an array, or the items of a batch with its envelope."""
    if isinstance(value, list) and not isinstance(value, Pairs):
        if not any(isinstance(item, Pairs) for item in value):
            yield Refusal(line, first, "not_an_object")
            return
        for index, item in enumerate(value):
            yield _item(item, line, first + index, {})
        return
    if not isinstance(value, Pairs):
        yield Refusal(line, first, "not_an_object")
        return
    members = dict(value)
    inner = dict(members["payload"]) if isinstance(members.get("payload"), Pairs) else {}
    if _is_list(inner.get("batch")):
        outer = {key: inner[key] for key in ("context", "integrations", "sentAt", "writeKey") if key in inner}
        outer["receivedAt"] = inner.get("receivedAt") or members.get("createdAt")
        outer["requestIP"] = inner.get("requestIP")
        items = inner["batch"]
    elif _is_list(members.get("batch")):
        items, outer = members["batch"], members
    elif set(members) == {"data", "metadata"}:
        yield Refusal(line, first, "unsupported_envelope")
        return
    else:
        yield _item(value, line, first, {})
        return
    for index, item in enumerate(items):
        yield _item(item, line, first + index, outer)


def _is_list(value: object) -> bool:
    return isinstance(value, list) and not isinstance(value, Pairs)


def _item(value: object, line: int, item: int, outer: dict) -> RawMessage | Refusal:
    if not isinstance(value, Pairs):
        return Refusal(line, item, "not_an_object")
    message = RawMessage(item, {})
    message.body = _cleaned(value, (), message.lost)
    for key in ("context", "integrations"):
        if isinstance(outer.get(key), Pairs):
            envelope = _cleaned(outer[key], (key,), message.lost)
            own = message.body.get(key)
            if own is None or isinstance(own, dict):
                message.body[key] = _merged(envelope, own or {})
    for key in ("sentAt", "writeKey"):
        if message.body.get(key) is None and outer.get(key) is not None:
            message.body[key] = outer[key]
    message.envelope_received_at = outer.get("receivedAt")
    if outer.get("requestIP") is not None:
        context = message.body.setdefault("context", {})
        if isinstance(context, dict) and context.get("ip") is None:
            context["ip"] = outer["requestIP"]
    return message


def _merged(under: dict, over: dict) -> dict:
    result = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _merged(result[key], value) if both else value
    return result


def _cleaned(value: object, path: tuple[str, ...], lost: list[Lost]) -> object:
    """Objects as dicts, the last of repeated keys; text that can be encoded. Arrays keep everything inside."""
    if isinstance(value, Pairs):
        result: dict = {}
        for key, member in value:
            clean_key = _text(key, (*path, SURROGATE.sub("\ufffd", key)), lost)
            if clean_key in result:
                lost.append(Lost("duplicate_key", (*path, clean_key)))
                del result[clean_key]
            result[clean_key] = _cleaned(member, (*path, clean_key), lost)
        return result
    if isinstance(value, NotFinite):
        lost.append(Lost("non_finite", path))
        return None
    if isinstance(value, list):
        return [_inside(item, path, lost) for item in value]
    return _text(value, path, lost) if type(value) is str else value


def _inside(value: object, path: tuple[str, ...], lost: list[Lost]) -> object:
    if isinstance(value, Pairs):
        return Pairs((_text(key, path, lost), _inside(member, path, lost)) for key, member in value)
    if isinstance(value, list):
        return [_inside(item, path, lost) for item in value]
    return _cleaned(value, path, lost)


def _text(text: str, path: tuple[str, ...], lost: list[Lost]) -> str:
    if SURROGATE.search(text):
        lost.append(Lost("lone_surrogate", path))
        return SURROGATE.sub("\ufffd", text)
    return text


def compact(value: object, number: Callable[[Number], str] | None = None) -> str:
    """JSON without white space, as the engine writes it: strings with few escapes, floats by their shortest form.

    `number` spells numbers another way.
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Number):
        return (number or engine_number)(value)
    if isinstance(value, str):
        return '"' + "".join(SHORT_ESCAPES.get(c) or (f"\\u{ord(c):04X}" if c < " " else c) for c in value) + '"'
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{compact(key)}:{compact(member, number)}" for key, member in value) + "}"
    if isinstance(value, dict):
        return compact(Pairs(value.items()), number)
    assert isinstance(value, list)
    return "[" + ",".join(compact(item, number) for item in value) + "]"


def engine_number(literal: Number) -> str:
    """1e3 → 1000.0, 1.50 → 1.5, 1e22 → 1e22; integers and what no float holds as written."""
    if literal.is_integer:
        return "0" if literal == "-0" else str(literal)
    number = float(literal)
    if number in (float("inf"), float("-inf")):
        return str(literal)
    if number == 0:
        return "-0.0" if literal.startswith("-") else "0.0"
    digits = Decimal(repr(number)).normalize()
    if 1e-6 <= abs(number) < 1e21:
        plain = format(digits, "f")
        return plain if "." in plain else f"{plain}.0"
    sign, figures, exponent = digits.as_tuple()
    text = "".join(map(str, figures))
    power = int(exponent) + len(text) - 1
    return f"{'-' if sign else ''}{text[0]}{'.' + text[1:] if text[1:] else ''}e{power}"


def is_lossy(literal: Number) -> bool:
    """Whether a float cannot hold the number exactly as it was written."""
    try:
        return Decimal(literal) != Decimal(repr(float(literal)))
    except InvalidOperation:
        return True
