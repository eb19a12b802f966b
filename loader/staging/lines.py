"""Cuts unpacked bytes into numbered lines and checks them for bytes that are not text, without a loop per line."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loader.staging.records import EXCERPT_BYTES, OddLine, Problem

BOM = b"\xef\xbb\xbf"
WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
"""Of UTF-16 and UTF-32."""

_LF, _TAB, _SPACE = 10, 9, 32

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Piece:
    """Checked lines of one object, contiguous in memory."""

    content: bytes
    """The lines, each with its line feed."""
    ends: Positions
    """Where each line ends in `content`, behind its line feed."""
    numbers: Positions
    """Number of each line in the object, from 1."""


class LongLine:
    """A line (or a whole object that counts as one) of which only an excerpt, length and hash are kept."""

    def __init__(self) -> None:
        self.excerpt = b""
        self.length = 0
        self._hash = hashlib.sha256()

    def add(self, chunk: bytes | memoryview) -> None:
        """Append bytes of the line."""
        self.length += len(chunk)
        self._hash.update(chunk)
        if len(self.excerpt) < EXCERPT_BYTES:
            self.excerpt += bytes(chunk[: EXCERPT_BYTES - len(self.excerpt)])

    def odd(self, part: int, line: int, problem: Problem | None) -> OddLine:
        """The finished line."""
        return OddLine(part, line, self.excerpt, problem, self.length, self._hash.hexdigest())


class LineReader:
    """Cuts the bytes of one object into lines. `part` changes between calls if a batch ends."""

    def __init__(self, part: int, line_bytes: int) -> None:
        self.part = part
        self._line_bytes = line_bytes
        self.next_line = 1
        """Number of the line that comes next."""
        self.blank = 0
        self.odd: list[OddLine] = []
        """Odd lines since the caller last emptied the list."""
        self.unterminated_line: int | None = None
        self.is_finished = False
        """The object ended intact."""
        self._tail: list[bytes] = []
        self._tail_bytes = 0
        self._long: LongLine | None = None
        self._long_return = b""
        """A carriage return at the end of a long line so far; not part of the line if a line feed follows."""

    def feed(self, chunk: bytes) -> Piece | None:
        """Take the next bytes. Returns the lines that they complete."""
        if self._long is not None:
            end = chunk.find(b"\n")
            self._lengthen(self._long, chunk if end < 0 else chunk[:end])
            if end < 0:
                return None
            self._close_long(self._long, "line_too_long")
            chunk = chunk[end + 1 :]
        cut = chunk.rfind(b"\n") + 1
        if cut == 0:
            self._hold(chunk)
            return None
        content = b"".join((*self._tail, memoryview(chunk)[:cut])) if self._tail or cut < len(chunk) else chunk
        self._tail, self._tail_bytes = [], 0
        self._hold(chunk[cut:])
        return self._checked(content)

    def finish(self) -> Piece | None:
        """End an intact object. A last line without a line feed is a line."""
        self.is_finished = True
        if self._long is not None:
            self.unterminated_line = self.next_line
            self._close_long(self._long, "line_too_long")
            return None
        if not self._tail:
            return None
        self.unterminated_line = self.next_line
        content = b"".join((*self._tail, b"\n"))
        self._tail = []
        return self._checked(content)

    def tear(self) -> None:
        """End a damaged object. The bytes after its last line feed are a torn line."""
        torn, rest = self._long or LongLine(), _without_boms(b"".join(self._tail))
        torn.add(rest or self._long_return)
        if 0 < len(rest) <= self._line_bytes:  # kept whole, like other odd lines
            torn.excerpt = rest
        if torn.length:
            self._close_long(torn, "truncated_line")
        self._tail = []

    def _hold(self, rest: bytes) -> None:
        if not rest:
            return
        self._tail.append(rest)
        self._tail_bytes += len(rest)
        # A byte order mark and a carriage return do not count, so that the result does not depend on where chunks end.
        if self._tail_bytes > self._line_bytes + len(BOM) + 1:
            self._long = LongLine()
            self._lengthen(self._long, _without_boms(b"".join(self._tail)))
            self._tail, self._tail_bytes = [], 0

    def _lengthen(self, line: LongLine, chunk: bytes) -> None:
        if not chunk:
            return
        line.add(self._long_return)
        self._long_return = b"\r" if chunk.endswith(b"\r") else b""
        line.add(memoryview(chunk)[: len(chunk) - len(self._long_return)])

    def _close_long(self, line: LongLine, problem: Problem) -> None:
        self.odd.append(line.odd(self.part, self.next_line, problem))
        self.next_line += 1
        self._long, self._long_return = None, b""

    def _checked(self, content: bytes) -> Piece | None:
        """Number the lines of `content`, which ends in a line feed. Sets blank and odd lines aside."""
        if b"\r" in content:
            content = content.replace(b"\r\n", b"\n")
        codes = np.frombuffer(content, np.uint8)
        low = np.flatnonzero(codes < _SPACE)
        is_feed = codes[low] == _LF
        feeds = low if is_feed.all() else low[is_feed]
        starts = np.concatenate((np.zeros(1, np.int64), feeds[:-1] + 1))
        if (codes[starts] == BOM[0]).any() and (content.startswith(BOM) or b"\n" + BOM in content):
            return self._checked(_without_boms(content))
        lengths = feeds - starts
        odd = lengths > self._line_bytes
        if len(low) != len(feeds):
            controls = low[~is_feed & (codes[low] != _TAB)]
            odd[np.searchsorted(feeds, controls)] = True
        if not _is_utf8(content):
            odd[np.searchsorted(feeds, np.array(_invalid_positions(content, feeds), np.int64))] = True
        blank = _blank(content, codes, starts, feeds)
        numbers = np.arange(self.next_line, self.next_line + len(feeds), dtype=np.int64)
        self.next_line += len(feeds)
        self.blank += int(blank.sum())
        if not (odd.any() or blank.any()):
            return Piece(content, feeds + 1, numbers)
        for index in np.flatnonzero(odd):
            self.odd.append(self._odd(content[starts[index] : feeds[index]], int(numbers[index])))
        return _kept(content, lengths + 1, numbers, ~(odd | blank))

    def _odd(self, raw: bytes, number: int) -> OddLine:
        whole = LongLine()
        whole.add(raw)
        if len(raw) > self._line_bytes:
            return whole.odd(self.part, number, "line_too_long")
        whole.excerpt = raw
        return whole.odd(self.part, number, None)


def _without_boms(content: bytes) -> bytes:
    while content.startswith(BOM):
        content = content[len(BOM) :]
    return content.replace(b"\n" + BOM, b"\n")


def _is_utf8(content: bytes) -> bool:
    """Whether all bytes are UTF-8, validated by Arrow without a copy."""
    bounds = pa.py_buffer(np.array([0, len(content)], np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, bounds, pa.py_buffer(content)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _invalid_positions(content: bytes, feeds: Positions) -> list[int]:
    """The first invalid byte of every line that has one."""
    positions: list[int] = []
    view, at = memoryview(content), 0
    while at < len(content):
        try:
            str(view[at:], "utf-8")
        except UnicodeDecodeError as error:
            positions.append(at + error.start)
            at = int(feeds[np.searchsorted(feeds, positions[-1])]) + 1
        else:
            break
    return positions


def _blank(content: bytes, codes: npt.NDArray[np.uint8], starts: Positions, feeds: Positions) -> npt.NDArray[np.bool_]:
    """Which lines are empty, or spaces and tabs only."""
    blank: npt.NDArray[np.bool_] = feeds == starts
    first, last = codes[starts], codes[feeds - 1]
    spaced = ((first == _SPACE) | (first == _TAB)) & ((last == _SPACE) | (last == _TAB))
    for index in np.flatnonzero(spaced):
        blank[index] = not content[starts[index] : feeds[index]].strip(b" \t")
    return blank


def _kept(content: bytes, sizes: Positions, numbers: Positions, keep: npt.NDArray[np.bool_]) -> Piece | None:
    """The lines to keep, without gaps."""
    if not keep.any():
        return None
    moved = np.frombuffer(content, np.uint8)[np.repeat(keep, sizes)].tobytes()
    return Piece(moved, np.cumsum(sizes[keep]), numbers[keep])
