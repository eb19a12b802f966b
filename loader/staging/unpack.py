"""Unpacks stored bytes: gzip of any number of members, gzip in gzip, or plain, recognised by magic bytes."""

import zlib
from collections.abc import Callable, Generator
from pathlib import Path

from isal import igzip_lib

from loader.errors import TerminalError

READ_BYTES = 256 * 1024
SMALLEST_BITE = 4 * 1024
MAGIC = b"\x1f\x8b"
MOST_LEVELS = 2

Chunks = Generator[bytes, None, None]


class TornError(TerminalError):
    """The stored bytes end too early or are damaged. Everything before is good."""


class Unpacker:
    """Unpacks one stored file, once. `chunks()` streams; the counters say how far it got."""

    def __init__(self, path: Path, where: str, chunk_bytes: int) -> None:
        self._path = path
        self._where = where
        self._chunk_bytes = chunk_bytes
        self.stored_bytes = 0
        """Bytes read from disk so far."""
        self.trailing_bytes = 0
        """Bytes after the last member, at any level."""

    def chunks(self) -> Chunks:
        """Unpacked bytes, in chunks of limited size. Raises TornError, TerminalError or OSError."""
        chunks = self._level(MOST_LEVELS)
        head = _take(chunks, len(MAGIC))
        if head.startswith(MAGIC):
            raise TerminalError(
                f"the object is gzip inside gzip, more than {MOST_LEVELS} levels deep",
                self._where,
                "upload it compressed only once",
            )
        yield from _not_empty(head)
        yield from chunks

    def _level(self, levels: int) -> Chunks:
        """The bytes of the object after at most this many passes of unpacking, from the start."""
        if levels == 0:
            yield from self._stored()
            return
        chunks = self._level(levels - 1)
        head = _take(chunks, len(MAGIC))
        if head.startswith(MAGIC):
            yield from self._members(_Input(chunks, head), lambda: self._level(levels - 1))
            return
        yield from _not_empty(head)
        yield from chunks

    def _stored(self) -> Chunks:
        with self._path.open("rb") as file:
            while chunk := file.read(READ_BYTES):
                self.stored_bytes = max(self.stored_bytes, file.tell())
                yield chunk

    def _members(self, source: "_Input", lower: Callable[[], Chunks]) -> Chunks:
        while True:
            start, unpacked = source.position, 0
            try:
                for chunk in self._member(source):
                    unpacked += len(chunk)
                    yield chunk
            except igzip_lib.IsalError as error:  # type: ignore[misc]
                yield from self._salvage(lower(), start, unpacked)
                raise self._torn(f"the gzip data is damaged ({error})") from error
            except EOFError as error:
                raise self._torn("the gzip data ends too early") from error
            padding = source.skip_zeros()
            self.trailing_bytes += padding
            if not source.starts_with(MAGIC):
                self.trailing_bytes += source.drain()
                return

    def _member(self, source: "_Input") -> Chunks:
        member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        # Small pieces first: unused input of a member is copied back, and a member may be as short as a line.
        bite = SMALLEST_BITE
        while not member.eof:
            given: bytes | memoryview = b""
            if member.needs_input:
                given = source.take(bite)
                bite = min(2 * bite, READ_BYTES)
                if not given:
                    raise EOFError
            yield from _not_empty(member.decompress(given, self._chunk_bytes))
        source.give_back(len(member.unused_data))

    def _salvage(self, chunks: Chunks, start: int, unpacked: int) -> Chunks:
        """The bytes of a damaged member before the damage, after the `unpacked` bytes that were already returned.

        The fast library drops the output of the call that fails. The standard library does not, if it is fed byte by
        byte near the damage.
        """
        member = zlib.decompressobj(wbits=31)
        source = _Input(chunks, b"")
        source.skip(start)
        is_whole = True
        while is_whole and not member.eof and (given := source.take(SMALLEST_BITE)):
            before = member.copy()
            try:
                outputs = [member.decompress(given)]
            except zlib.error:
                outputs, is_whole = list(_until_damage(before, given)), False
            for output in outputs:
                yield from _not_empty(output[unpacked:])
                unpacked = max(0, unpacked - len(output))

    def _torn(self, what: str) -> TornError:
        return TornError(what, self._where, "its complete lines are loaded; upload the object again")


class _Input:
    """Input that is read in pieces, can be partly given back, and is counted."""

    def __init__(self, chunks: Chunks, head: bytes) -> None:
        self._chunks = chunks
        self._buffer = head
        self._at = 0
        self._before = 0

    @property
    def position(self) -> int:
        """How many bytes were consumed since the start."""
        return self._before + self._at

    def take(self, most: int) -> memoryview:
        """The next bytes, at most `most`; empty at the end."""
        if self._at == len(self._buffer):
            self._before += self._at
            self._buffer, self._at = next(self._chunks, b""), 0
        bite = memoryview(self._buffer)[self._at : self._at + most]
        self._at += len(bite)
        return bite

    def give_back(self, count: int) -> None:
        """Put back the last bytes of the latest piece."""
        self._at -= count

    def skip_zeros(self) -> int:
        """Skip zero bytes. Returns how many there were."""
        count = 0
        while bite := self.take(SMALLEST_BITE):
            rest = bytes(bite).lstrip(b"\0")
            count += len(bite) - len(rest)
            if rest:
                self.give_back(len(rest))
                break
        return count

    def skip(self, count: int) -> None:
        """Skip this many bytes."""
        while count and (bite := self.take(count)):
            count -= len(bite)

    def starts_with(self, magic: bytes) -> bool:
        """Whether the next bytes are these."""
        rest = self._buffer[self._at :] if len(self._buffer) - self._at < len(magic) else None
        if rest is not None:
            self._before += self._at
            self._buffer, self._at = rest + _take(self._chunks, len(magic) - len(rest)), 0
        return self._buffer.startswith(magic, self._at)

    def drain(self) -> int:
        """Consume everything. Returns how many bytes there were."""
        start = self.position
        while self.take(READ_BYTES):
            pass
        return self.position - start


def _until_damage(member: "zlib._Decompress", given: memoryview) -> Chunks:
    for at in range(len(given)):
        try:
            yield member.decompress(given[at : at + 1])
        except zlib.error:
            return


def _take(chunks: Chunks, count: int) -> bytes:
    """At least `count` bytes from the front, unless the end comes first."""
    head = b""
    while len(head) < count and (chunk := next(chunks, b"")):
        head += chunk
    return head


def _not_empty(chunk: bytes) -> Chunks:
    if chunk:
        yield chunk
