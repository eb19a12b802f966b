"""Reads the archive again: stored bytes → lines → messages. It is slow, and shares no code with loading.

What is a line, a message or neither is in docs/tables.md, under the quarantine reasons.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final

from loader.errors import TerminalError

LINE_BYTES: Final = 16 * 2**20
EXCERPT_BYTES: Final = 64 * 2**10
OBJECT_BYTES: Final = 20 * 2**30
_RATIO: Final = 1000
_RATIO_FROM: Final = 4 * 2**20
_STEP: Final = 2**16
_MAGIC: Final = b"\x1f\x8b"
_MARK: Final = b"\xef\xbb\xbf"
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_WHITE: Final = " \t\r\n\v\f"
_DEEPEST: Final = 512
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET: Final = re.compile(r"[\[\]{}]")
_CALLS: Final = frozenset({"identify", "track", "page", "screen", "group", "alias"})


class Written(str):
    """A number as it was written."""

    __slots__ = ()


class _TornError(Exception):
    """The packed bytes end or break too early; what came before is good."""


class Verdict(Enum):
    """What a reading of some input says of it."""

    MESSAGE = "a row or a copy"
    REFUSED = "a quarantine record"
    UNSURE = "a row, a copy or a quarantine record"
    """Not JSON to this reader. The loader may be able to repair it, but it must be somewhere."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Why a line is none, and what is told of it instead."""

    reason: str
    length: int
    sha256: str
    excerpt: bytes
    """Its beginning."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its line feed, or why it is none."""

    number: int
    body: bytes = b""
    damage: Damage | None = None
    """Too long, torn, or an object of another encoding."""
    is_unterminated: bool = False
    """The last line of an intact object, without a line feed."""

    @property
    def is_refused(self) -> bool:
        """Whether its bytes alone make it no line."""
        return self.damage is not None


@dataclass(slots=True)
class Ending:
    """How the reading of an object went, once it is over."""

    unpacked_bytes: int = 0
    is_torn: bool = False
    is_wide: bool = False
    """Of another encoding."""

    def status(self, lines: int) -> str:
        """What the ledger says of such an object with so many lines."""
        if self.is_wide or (self.is_torn and not lines):
            return "failed"
        return "partial" if self.is_torn else "done"


@dataclass(frozen=True, slots=True)
class Item:
    """One message of a line, or the place of what should have been one."""

    number: int
    verdict: Verdict
    call: str = ""
    body: dict[str, Any] | None = None

    @property
    def plain_id(self) -> str | None:
        """The message id where it is the id of the row as it stands."""
        value = member(self.body or {}, "messageId")
        is_plain = type(value) is str and value and value.isprintable() and value == value.strip()
        return str(value) if is_plain else None


def read_lines(path: Path, where: str, ending: Ending | None = None) -> Iterator[Line]:
    """Every line of a stored object, numbered from 1. Memory is bounded by the longest line that may load.

    Fills in `ending`. Raises TerminalError where the object cannot be read as one, OSError where the file cannot.
    """
    number = 0
    pending = _Pending()
    ending = ending or Ending()
    chunks = _guarded(path, where)
    while True:
        try:
            chunk = next(chunks, b"")
        except _TornError:
            ending.is_torn, chunk = True, b""
        if not chunk:
            break
        ending.is_wide = ending.is_wide or (not ending.unpacked_bytes and chunk.startswith(_WIDE))
        ending.unpacked_bytes += len(chunk)
        first, *rest = (chunk,) if ending.is_wide else chunk.split(b"\n")
        pending.add(first)
        for piece in rest:
            number += 1
            yield pending.line(number)
            pending = _Pending()
            pending.add(piece)
    if ending.is_wide:
        yield pending.damaged(number + 1, "bad_encoding")
    elif ending.is_torn and pending.size:
        yield pending.damaged(number + 1, "truncated_line")
    elif pending.size:
        yield replace(pending.line(number + 1), is_unterminated=True)


class _Pending:
    """A line as its bytes come in; only its beginning is held once it is too long."""

    def __init__(self) -> None:
        self.size = 0
        self._pieces: list[bytes] = []
        self._excerpt = b""
        self._hash: Any = None
        """Of all but a carriage return at the end, which may be no part of the line."""
        self._has_return = False

    def add(self, piece: bytes) -> None:
        """The next bytes."""
        if not piece:
            return
        self.size += len(piece)
        if self._hash is None:
            self._pieces.append(piece)
            if self.size > LINE_BYTES + len(_MARK) + 1:
                self._begin_hash()
            return
        self._add_to_hash(piece)

    def _begin_hash(self) -> None:
        body = b"".join(self._pieces)
        while body.startswith(_MARK):
            body = body.removeprefix(_MARK)
        self.size, self._pieces, self._excerpt = len(body), [], body[:EXCERPT_BYTES]
        self._hash = hashlib.sha256()
        self._add_to_hash(body)

    def _add_to_hash(self, piece: bytes) -> None:
        if self._has_return:
            self._hash.update(b"\r")
        self._has_return = piece.endswith(b"\r")
        self._hash.update(memoryview(piece)[: len(piece) - self._has_return])

    def line(self, number: int) -> Line:
        """The line, which has come to its end."""
        if self._hash is None:
            body = b"".join(self._pieces).removesuffix(b"\r")
            while body.startswith(_MARK):
                body = body.removeprefix(_MARK)
            if len(body) <= LINE_BYTES:
                return Line(number, body)
            self._pieces = [body]
            self._begin_hash()
        damage = Damage("line_too_long", self.size - self._has_return, self._hash.hexdigest(), self._excerpt)
        return Line(number, damage=damage)

    def damaged(self, number: int, reason: str) -> Line:
        """What there is of the line, or of an object that has none."""
        if self._hash is None:
            self._begin_hash()
        if self._has_return:
            self._hash.update(b"\r")
        return Line(number, damage=Damage(reason, self.size, self._hash.hexdigest(), self._excerpt))


def _guarded(path: Path, where: str) -> Iterator[bytes]:
    unpacked, stored = 0, path.stat().st_size
    for chunk in _unpacked(path, where):
        unpacked += len(chunk)
        if unpacked > OBJECT_BYTES or (unpacked > _RATIO_FROM and unpacked > _RATIO * stored):
            raise TerminalError("the object unpacks to more than the limits allow", where, "split it")
        yield chunk


def _unpacked(path: Path, where: str) -> Iterator[bytes]:
    chunks: Iterator[bytes] = _stored(path)
    for _ in range(2):
        head, chunks = _peeked(chunks)
        if not head.startswith(_MAGIC):
            break
        chunks = _gunzipped(chunks)
    head, chunks = _peeked(chunks)
    if head.startswith(_MAGIC):
        raise TerminalError("the object is gzip in gzip, more than two levels deep", where, "upload it packed once")
    return chunks


def _stored(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_STEP):
            yield chunk


def _peeked(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, and all of them again. An early end is met again when they are read."""
    head, error = b"", None
    try:
        while len(head) < 4 and (chunk := next(chunks, b"")):
            head += chunk
    except _TornError as caught:
        error = caught

    def again() -> Iterator[bytes]:
        if head:
            yield head
        if error is not None:
            raise error
        yield from chunks

    return head, again()


def _gunzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Every member; zeros and other bytes behind the last one are passed over."""
    waiting = b""
    while True:
        member_of = zlib.decompressobj(wbits=31)
        while not member_of.eof:
            waiting = waiting or next(chunks, b"")
            if not waiting:
                raise _TornError
            before = member_of.copy()
            try:
                output = member_of.decompress(waiting, _STEP * 16)
            except zlib.error:
                yield from _before_damage(before, waiting)
                raise _TornError from None
            waiting = member_of.unconsumed_tail
            if output:
                yield output
        waiting = member_of.unused_data.lstrip(b"\0")
        while len(waiting) < len(_MAGIC) and (chunk := next(chunks, b"")):
            waiting = (waiting + chunk).lstrip(b"\0")
        if not waiting.startswith(_MAGIC):
            for _ in chunks:
                pass
            return


def _before_damage(unpacker: Any, packed: bytes) -> Iterator[bytes]:
    """What the bytes before the first bad one give: the failing call itself gives nothing."""
    for at in range(len(packed)):
        try:
            output = unpacker.decompress(packed[at : at + 1])
        except zlib.error:
            return
        if output:
            yield output


def is_blank(line: Line) -> bool:
    """Whether a line holds white space only."""
    return not line.is_refused and not line.body.strip(_WHITE.encode())


def items_of(line: Line) -> list[Item]:
    """The messages of a line that is not blank: batches and arrays expanded, envelopes merged, objects taken apart."""
    if line.is_refused:
        return [Item(0, Verdict.REFUSED)]
    text = line.body.decode("utf-8", "replace")
    decoder = json.JSONDecoder(parse_int=Written, parse_float=Written, parse_constant=_no_value, strict=False)
    items: list[Item] = []
    at, following = 0, 0
    while rest := text[at:].lstrip(_WHITE):
        at = len(text) - len(rest)
        try:
            if _is_too_deep(rest):
                raise ValueError
            value, at = decoder.raw_decode(text, at)
            behind = text[at : at + 4096].lstrip(_WHITE) or text[at:].lstrip(_WHITE)
            if behind and not (isinstance(value, dict) and behind[0] == "{"):
                raise ValueError
        except (ValueError, RecursionError):
            return [*items, Item(following, Verdict.UNSURE)]
        for item in _expanded(value, following):
            items.append(item)
            following = item.number + 1
    return items


def _no_value(_: str) -> None:
    """NaN and the infinities are no values."""


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= _DEEPEST:
        return False
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > _DEEPEST:
            return True
    return False


def _expanded(value: object, first: int) -> Iterator[Item]:
    if isinstance(value, list):
        if not any(isinstance(entry, dict) for entry in value):
            yield Item(first, Verdict.REFUSED)
            return
        entries: list[Any] = value
        envelope: dict[str, Any] = {}
    elif not isinstance(value, dict) or value.keys() == {"data", "metadata"}:
        yield Item(first, Verdict.REFUSED)
        return
    else:
        entries, envelope = _batch(value)
    for index, entry in enumerate(entries):
        yield _item(entry, first + index, envelope)


def _batch(value: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    payload = value.get("payload")
    if isinstance(payload, dict) and isinstance(payload.get("batch"), list):
        return payload["batch"], payload
    if isinstance(value.get("batch"), list):
        return value["batch"], value
    return [value], {}


def _item(entry: object, number: int, envelope: dict[str, Any]) -> Item:
    if not isinstance(entry, dict):
        return Item(number, Verdict.REFUSED)
    call = member(entry, "type")
    name = call.strip().lower() if type(call) is str else ""
    if name not in _CALLS:
        return Item(number, Verdict.REFUSED)
    under, own = envelope.get("context"), entry.get("context")
    if isinstance(under, dict) and (own is None or isinstance(own, dict)):
        entry = {**entry, "context": _merged(under, own or {})}
    sender, context = envelope.get("requestIP"), entry.get("context", {})
    if sender is not None and isinstance(context, dict) and context.get("ip") is None:
        entry = {**entry, "context": {**context, "ip": sender}}
    return Item(number, Verdict.MESSAGE, name, entry)


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Both objects as one; `over` wins, key by key at every depth."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def member(body: dict[str, Any], key: str) -> Any:
    """A field of the envelope, in whatever case it was spelled where the usual spelling is absent."""
    if key in body:
        return body[key]
    return next((value for name, value in body.items() if name.lower() == key.lower()), None)
