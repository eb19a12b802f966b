"""The stager: stored objects in, checked lines out, whatever shape the bytes are in."""

import contextlib
import gzip
import hashlib
import json
import subprocess
import sys
import time
import tracemalloc
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from loader.archive.base import ArchiveObject
from loader.archive.files import FolderArchive
from loader.errors import ConfigError, TerminalError, TransientError
from loader.staging import OddLine, Part, StagedBatch, Stager, StagingLimits
from loader.staging.workspace import Workspace

MIB = 1024 * 1024
BOM = b"\xef\xbb\xbf"
TWO_LINES = b'{"n":1}\n{"n":2}\n'


@dataclass(frozen=True)
class FlatFolder:
    """The `archive` section of a folder without structure."""

    uri: str = "folder"
    layout: str = "flat"
    source_id: str | None = None
    recent_days: int | None = None


@dataclass
class Staged:
    """Everything that came out of a stager."""

    batches: list[list[Part]] = field(default_factory=list)
    """Parts by batch."""
    lines: list[tuple[str, int, str]] = field(default_factory=list)
    """Key, number and text of the plain lines."""
    odd: list[tuple[str, OddLine]] = field(default_factory=list)

    @property
    def parts(self) -> list[Part]:
        return [part for parts in self.batches for part in parts]

    @property
    def part(self) -> Part:
        (part,) = self.parts
        return part

    @property
    def odd_line(self) -> OddLine:
        ((_, line),) = self.odd
        return line

    def texts(self, key: str = "x.gz") -> dict[int, str]:
        """Text by number, of one object."""
        return {number: text for of, number, text in self.lines if of == key}

    def add(self, batch: StagedBatch) -> None:
        blocks = list(batch.blocks())
        self.batches.append(batch.parts)
        keys = [part.obj.key for part in batch.parts]
        for block in blocks:
            self.lines += [(keys[row["part"]], row["line"], row["text"]) for row in block.to_pylist()]
        self.odd += [(keys[line.part], line) for line in batch.odd]


@pytest.fixture
def stage(tmp_path):
    """Stages objects, given as stored bytes by key, in the order of their keys."""

    def run(objects: dict[str, bytes], **limits: int) -> Staged:
        folder = tmp_path / "archive"
        folder.mkdir(exist_ok=True)
        for key, stored in objects.items():
            (folder / key).write_bytes(stored)
        archive = FolderArchive(folder, FlatFolder())
        staged = Staged()
        with Stager(archive, archive.objects(), tmp_path / "work", StagingLimits(**limits)) as stager:
            for batch in stager.batches():
                staged.add(batch)
        assert not list((tmp_path / "work").iterdir())
        return staged

    return run


@pytest.fixture
def stage_one(stage):
    """Stages one object, `x.gz`."""
    return lambda stored, **limits: stage({"x.gz": stored}, **limits)


def test_nothing_to_stage_gives_no_batch(stage):
    """An archive without objects."""
    assert stage({}) == Staged()


@pytest.mark.parametrize("body", [b"", b"\n \t\n\r\n"])
def test_an_object_without_lines_is_done(stage_one, body):
    """Empty, or blank lines only: nothing to load, nothing wrong."""
    staged = stage_one(gzip.compress(body))

    assert (staged.part.status, staged.part.is_last, staged.part.error) == ("done", True, None)
    assert (staged.part.lines, staged.part.blank) == (body.count(b"\n"), body.count(b"\n"))
    assert staged.lines == staged.odd == []


def test_an_object_of_no_bytes_is_done(stage_one):
    """Not even a gzip header."""
    assert (stage_one(b"").part.status, stage_one(b"").part.lines) == ("done", 0)


# What the bytes are packed in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "stored"),
    [
        pytest.param("x.gz", gzip.compress(TWO_LINES), id="gzip"),
        pytest.param("x.json", gzip.compress(TWO_LINES), id="gzip under another name"),
        pytest.param("x.gz", TWO_LINES, id="plain text under gz"),
        pytest.param("x.gz", gzip.compress(gzip.compress(TWO_LINES)), id="gzip in gzip"),
        pytest.param("x.gz", gzip.compress(TWO_LINES[:3]) + gzip.compress(TWO_LINES[3:]), id="two members"),
        pytest.param("x.gz", b"".join(gzip.compress(bytes([code])) for code in TWO_LINES), id="a member per byte"),
        pytest.param(
            "x.gz",
            gzip.compress(gzip.compress(TWO_LINES[:3]) + gzip.compress(TWO_LINES[3:])),
            id="two members in gzip",
        ),
        pytest.param("x.gz", gzip.compress(b"") + gzip.compress(TWO_LINES), id="an empty member first"),
    ],
)
def test_how_an_object_is_packed_does_not_matter(stage, key, stored):
    """Magic bytes decide, at both levels, never the name."""
    staged = stage({key: stored})

    assert staged.texts(key) == {1: '{"n":1}\n', 2: '{"n":2}\n'}
    assert (staged.part.status, staged.part.lines, staged.part.bytes_read) == ("done", 2, len(TWO_LINES))
    assert staged.part.trailing_bytes == 0


def test_a_third_level_of_gzip_is_refused(stage_one):
    """Somebody's mistake, or a bomb: reported, not loaded as junk lines."""
    staged = stage_one(gzip.compress(gzip.compress(gzip.compress(TWO_LINES))))

    assert staged.part.status == "failed"
    assert "more than 2 levels deep" in staged.part.error.what
    assert staged.lines == staged.odd == []


@pytest.mark.parametrize(
    "trailing", [bytes(512), b"junk", bytes(20_000) + b"junk" * 200_000, b"\x1f"], ids=["zeros", "junk", "both", "one"]
)
def test_what_trails_the_last_member_is_counted(stage_one, trailing):
    """Padding of tapes and copying tools; the lines before it are whole."""
    staged = stage_one(gzip.compress(TWO_LINES) + trailing)

    assert len(staged.lines) == 2
    assert (staged.part.status, staged.part.trailing_bytes) == ("done", len(trailing))


def test_a_member_after_padding_is_read(stage_one):
    """Zeros between members are padding too."""
    staged = stage_one(gzip.compress(TWO_LINES[:8]) + bytes(5000) + gzip.compress(TWO_LINES[8:]))

    assert list(staged.texts()) == [1, 2]
    assert staged.part.trailing_bytes == 5000


# Damage -------------------------------------------------------------------------------------------------------------


def noisy_lines(count: int) -> bytes:
    """Lines that hardly compress, so that a cut falls into a line."""
    chance = Random(7)
    return b"".join(json.dumps({"n": n, "id": chance.randbytes(40).hex()}).encode() + b"\n" for n in range(count))


@pytest.mark.parametrize("levels", [1, 2])
def test_a_torn_object_keeps_its_complete_lines(stage_one, levels):
    """An upload that broke off: the lines before the tear, and the torn one as what it is."""
    body = noisy_lines(5000)
    stored = gzip.compress(body, 1)[:150_001]
    staged = stage_one(stored if levels == 1 else gzip.compress(stored))
    texts = staged.texts()

    assert 1000 < len(texts) < 5000
    assert "".join(texts.values()).encode() == b"".join(body.splitlines(keepends=True)[: len(texts)])
    torn = staged.odd_line
    assert (torn.problem, torn.line) == ("truncated_line", len(texts) + 1)
    assert body.splitlines()[len(texts)].startswith(torn.raw)
    assert (torn.length, torn.sha256) == (len(torn.raw), hashlib.sha256(torn.raw).hexdigest())
    assert (staged.part.status, staged.part.lines, staged.part.is_last) == ("partial", len(texts) + 1, True)
    assert "ends too early" in staged.part.error.what
    assert staged.part.bytes_read == sum(map(len, texts.values())) + torn.length


def test_an_object_torn_in_its_first_line_is_failed(stage_one):
    """No complete line could be read."""
    packer = zlib.compressobj(wbits=31)
    staged = stage_one(packer.compress(b'{"n":1') + packer.flush(zlib.Z_SYNC_FLUSH))

    assert (staged.part.status, staged.lines) == ("failed", [])
    assert (staged.odd_line.problem, staged.odd_line.raw) == ("truncated_line", b'{"n":1')


def test_an_object_cut_behind_a_line_feed_has_no_torn_line(stage_one):
    """The missing rest is reported, no line is made up for it."""
    packer = zlib.compressobj(wbits=31)
    staged = stage_one(packer.compress(TWO_LINES) + packer.flush(zlib.Z_SYNC_FLUSH))

    assert (staged.part.status, len(staged.lines), staged.odd) == ("partial", 2, [])


def test_a_cut_in_the_checksum_loses_no_line(stage_one):
    """All content is there, the end of the file is not."""
    staged = stage_one(gzip.compress(TWO_LINES)[:-3])

    assert (staged.part.status, len(staged.lines), staged.part.lines) == ("partial", 2, 2)


def test_a_wrong_checksum_is_reported(stage_one):
    """Every line was read; that they are what was written is not sure."""
    stored = bytearray(gzip.compress(TWO_LINES))
    stored[-8] ^= 1
    staged = stage_one(bytes(stored))

    assert len(staged.lines) == 2
    assert staged.part.status == "partial"
    assert "damaged" in staged.part.error.what


def test_bytes_broken_in_the_middle_keep_what_came_before(stage_one):
    """Also what the fast library drops with the call that fails."""
    first, second = noisy_lines(3000), noisy_lines(10)
    broken = bytearray(gzip.compress(second))
    broken[10:14] = b"\xff\xff\xff\xff"
    staged = stage_one(gzip.compress(first, 1) + bytes(broken))

    assert "".join(text for _, _, text in staged.lines).encode() == first
    assert staged.part.status == "partial"


def test_a_broken_object_does_not_disturb_the_next(stage):
    """Objects share a batch, not their troubles."""
    staged = stage({"a.gz": gzip.compress(TWO_LINES)[:-9], "b.gz": gzip.compress(TWO_LINES)})

    assert [(part.obj.key, part.status) for part in staged.parts] == [("a.gz", "partial"), ("b.gz", "done")]
    assert list(staged.texts("b.gz")) == [1, 2]


# Lines --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        pytest.param(BOM + b"a\nb\n", {1: "a", 2: "b"}, id="mark at the start"),
        pytest.param(b"a\n" + BOM + b"b\n", {1: "a", 2: "b"}, id="mark at a line, of files joined"),
        pytest.param(BOM + BOM + b"a\n" + BOM + BOM + b"b\n", {1: "a", 2: "b"}, id="marks twice"),
        pytest.param(b"a" + BOM + b"\nb\n", {1: "a\ufeff", 2: "b"}, id="mark inside a line stays"),
        pytest.param(b"a\r\nb\r\n", {1: "a", 2: "b"}, id="CR LF"),
        pytest.param(b"a\n\n \t \nb\n\r\n", {1: "a", 4: "b"}, id="blank lines keep their numbers"),
        pytest.param(b" a \n\tb\t\n", {1: " a ", 2: "\tb\t"}, id="spaces around a line stay"),
        pytest.param(b"a\nb", {1: "a", 2: "b"}, id="no line feed at the end"),
        pytest.param(b"a\r\nb\r", {1: "a", 2: "b"}, id="CR without its LF at the end"),
        pytest.param("ä\u2028\x7f\n€😀\n".encode(), {1: "ä\u2028\x7f", 2: "€😀"}, id="other separators are text"),
    ],
)
@pytest.mark.parametrize("block_bytes", [1, 2, 3, 7, 4 * MIB])
def test_lines_are_cut_the_same_wherever_chunks_end(stage_one, body, lines, block_bytes):
    """Numbers count every line, texts have one line feed."""
    staged = stage_one(gzip.compress(body), block_bytes=block_bytes, batch_bytes=1 << 30)

    assert staged.texts() == {number: f"{text}\n" for number, text in lines.items()}
    assert staged.odd == []
    total = len(body.split(b"\n")) - body.endswith(b"\n")
    assert (staged.part.lines, staged.part.blank) == (total, total - len(lines))
    assert staged.part.bytes_read == len(body)
    assert staged.part.unterminated_line == (None if body.endswith(b"\n") else total)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        pytest.param(b'{"a":"\xff"}', None, id="no UTF-8"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', None, id="a surrogate"),
        pytest.param(b'{"a":"\xe2\x82', None, id="a character cut"),
        pytest.param(b'{"a":"\x00"}', None, id="NUL"),
        pytest.param(b'{"a":1}\r{"a":2}', None, id="a lone CR"),
        pytest.param(b"\x1b[0m", None, id="escape"),
        pytest.param(b"x" * 41, "line_too_long", id="too long"),
    ],
)
@pytest.mark.parametrize("block_bytes", [1, 5, 4 * MIB])
def test_an_odd_line_is_set_aside_with_its_number(stage_one, raw, problem, block_bytes):
    """Its neighbours are plain lines."""
    body = b"\n".join([b"a", b"", raw, b"b", raw, b"c", b""])
    staged = stage_one(gzip.compress(body), line_bytes=40, block_bytes=block_bytes, batch_bytes=1 << 30)

    assert staged.texts() == {1: "a\n", 4: "b\n", 6: "c\n"}
    assert [(line.line, line.raw, line.problem, line.length, line.sha256) for _, line in staged.odd] == [
        (number, raw, problem, len(raw), hashlib.sha256(raw).hexdigest()) for number in (3, 5)
    ]
    assert (staged.part.status, staged.part.lines, staged.part.blank) == ("done", 6, 1)


@pytest.mark.parametrize("number", [1, 3], ids=["first", "later"])
@pytest.mark.parametrize("end", [b"\nb\n", b"\r\nb\n", b""], ids=["LF", "CR LF", "end of object"])
def test_an_over_long_line_leaves_excerpt_length_and_hash(stage_one, number, end):
    """It is never in memory as a whole, and the lines around it load."""
    long = b'{"a":"' + bytes(range(33, 123)) * 5000 + b'"}'
    before = b"a\n" * (number - 1)
    staged = stage_one(gzip.compress(before + long + end), line_bytes=100_000, block_bytes=10_000, batch_bytes=1 << 30)

    line = staged.odd_line
    assert (line.line, line.problem, line.length) == (number, "line_too_long", len(long))
    assert (line.raw, line.sha256) == (long[: 64 * 1024], hashlib.sha256(long).hexdigest())
    assert list(staged.texts()) == [*range(1, number), *([number + 1] if end else [])]
    assert staged.part.unterminated_line == (None if end else number)


@pytest.mark.parametrize("block_bytes", [1, 7, 44, 50, 4 * MIB])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", BOM])
@pytest.mark.parametrize("length", [40, 41, 60])
def test_a_line_is_judged_alike_wherever_chunks_end(stage_one, block_bytes, ending, mark, length):
    """Mark and line end are no part of it: not of its length, not of its hash."""
    raw = b"x" * length
    body = (mark + raw + ending) * 3
    staged = stage_one(gzip.compress(body), line_bytes=40, block_bytes=block_bytes, batch_bytes=1 << 30)

    if length <= 40:
        assert (staged.texts(), staged.odd) == ({n: "x" * length + "\n" for n in (1, 2, 3)}, [])
    else:
        expected = [(n, raw, length, hashlib.sha256(raw).hexdigest()) for n in (1, 2, 3)]
        assert [(line.line, line.raw, line.length, line.sha256) for _, line in staged.odd] == expected


@pytest.mark.parametrize("length", [30, 42, 200])
def test_a_torn_line_keeps_its_carriage_return(stage_one, length):
    """Nobody knows whether a line feed would have followed; a byte order mark is no content."""
    packer = zlib.compressobj(wbits=31)
    raw = b"x" * length + b"\r"
    stored = packer.compress(b"a\n" + BOM + raw) + packer.flush(zlib.Z_SYNC_FLUSH)
    line = stage_one(stored, line_bytes=40, block_bytes=25, batch_bytes=1 << 30).odd_line

    assert (line.problem, line.line, line.raw, line.length) == ("truncated_line", 2, raw, len(raw))
    assert line.sha256 == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-32-be"])
def test_an_object_in_a_wide_encoding_is_refused_once(stage_one, encoding):
    """One record for the object, not one per line."""
    text = TWO_LINES.decode() * 20_000
    content = ("" if encoding in ("utf-16", "utf-32") else "\ufeff").encode(encoding) + text.encode(encoding)
    staged = stage_one(gzip.compress(content, 1), block_bytes=10_000)

    assert (staged.part.status, staged.part.lines, staged.part.bytes_read) == ("failed", 1, len(content))
    assert "UTF-8" in staged.part.error.what
    line = staged.odd_line
    assert (line.line, line.problem, line.length) == (1, "bad_encoding", len(content))
    assert (line.raw, line.sha256) == (content[: 64 * 1024], hashlib.sha256(content).hexdigest())
    assert staged.lines == []


# Batches ------------------------------------------------------------------------------------------------------------


def test_small_objects_share_a_batch_and_a_block(tmp_path, stage):
    """Thousands of tiny objects must not cost a batch each."""
    objects = {f"{n:03}.gz": gzip.compress(b'{"n":%d}\n' % n * (n % 3)) for n in range(200)}
    staged = stage(objects)

    assert [len(parts) for parts in staged.batches] == [200]
    assert all(part.is_last and part.first_line == 1 for part in staged.parts)
    assert staged.lines == [(f"{n:03}.gz", line, f'{{"n":{n}}}\n') for n in range(200) for line in range(1, n % 3 + 1)]
    archive = FolderArchive(tmp_path / "archive", FlatFolder())
    with Stager(archive, archive.objects(), tmp_path / "work") as stager:
        assert [len(list(batch.blocks())) for batch in stager.batches()] == [1]


def test_a_batch_ends_after_so_many_objects(stage):
    """However small they are: what is kept for each is bounded too."""
    staged = stage({f"{n}.gz": TWO_LINES for n in range(7)}, batch_objects=3)

    assert [[part.obj.key for part in parts] for parts in staged.batches] == [
        ["0.gz", "1.gz", "2.gz"],
        ["3.gz", "4.gz", "5.gz"],
        ["6.gz"],
    ]


def test_the_first_batch_may_be_smaller(stage):
    """So that the first rows are written early."""
    body = noisy_lines(3000)
    staged = stage({"a.gz": gzip.compress(body, 1)}, first_batch_bytes=10_000, batch_bytes=100_000, block_bytes=5_000)
    sizes = [sum(part.bytes_read for part in batch) for batch in staged.batches]

    assert 10_000 <= sizes[0] < 20_000
    assert min(sizes[1:-1]) >= 100_000


def test_a_large_object_is_split_over_batches(stage):
    """Stretches follow each other; only the last ends the object, and it is in a batch with the next object."""
    body = noisy_lines(3000) + b"\n\x00\nlast"
    staged = stage(
        {"a.gz": gzip.compress(body, 1), "b.gz": gzip.compress(TWO_LINES)}, batch_bytes=60_000, block_bytes=10_000
    )
    stretches = [part for part in staged.parts if part.obj.key == "a.gz"]

    assert len(stretches) > 3
    assert [part.is_last for part in stretches] == [False] * (len(stretches) - 1) + [True]
    assert [part.first_line for part in stretches] == [
        1 + sum(part.lines for part in stretches[:n]) for n in range(len(stretches))
    ]
    assert sum(part.bytes_read for part in stretches) == len(body)
    assert (sum(part.lines for part in stretches), sum(part.blank for part in stretches)) == (3003, 1)
    assert [part.unterminated_line for part in stretches] == [None] * (len(stretches) - 1) + [3003]
    assert list(staged.texts("a.gz")) == [*range(1, 3001), 3003]
    assert [(key, line.line) for key, line in staged.odd] == [("a.gz", 3002)]
    assert [part.obj.key for part in staged.batches[-1]][-1] == "b.gz"
    assert list(staged.texts("b.gz")) == [1, 2]


def test_odd_lines_end_a_batch_too(stage_one):
    """They are held to its end, so a file of nothing else must not pile up."""
    staged = stage_one(gzip.compress(b"\x00" * 99 + b"\n" * 1) * 100, odd_bytes=1000, block_bytes=500)

    assert len(staged.batches) > 5
    assert [line.line for _, line in staged.odd] == list(range(1, 101))


def test_a_batch_has_to_be_read_before_the_next(tmp_path, stage):
    """A consumer that skips blocks would lose lines unseen."""
    stage({"a.gz": TWO_LINES})
    archive = FolderArchive(tmp_path / "archive", FlatFolder())
    with Stager(archive, archive.objects(), tmp_path / "work") as stager:
        batches = stager.batches()
        next(batches)
        with pytest.raises(RuntimeError, match="read to their end"):
            next(batches)


# Guards -------------------------------------------------------------------------------------------------------------


def test_a_decompression_bomb_is_stopped(stage):
    """By its ratio, long before it is unpacked; the next object loads."""
    bomb = gzip.compress(gzip.compress(bytes(64 * MIB), 9), 9)
    staged = stage({"a.gz": bomb, "b.gz": gzip.compress(TWO_LINES)}, block_bytes=100_000)
    bomb_part = staged.parts[0]

    assert (bomb_part.status, bomb_part.is_last) == ("failed", True)
    assert "1000 times its size" in bomb_part.error.what
    assert bomb_part.bytes_read < 2 * MIB
    assert (staged.parts[1].status, list(staged.texts("b.gz"))) == ("done", [1, 2])


def test_a_small_object_may_be_packed_tightly(stage_one):
    """The ratio is asked once a block's worth is unpacked."""
    body = b'{"n":1}\n' * 100_000
    staged = stage_one(gzip.compress(body, 9), ratio=10)

    assert (staged.part.status, staged.part.lines) == ("done", 100_000)


def test_an_object_larger_than_allowed_is_stopped(stage_one):
    """What came before the limit is handed on, and the object is failed."""
    body = noisy_lines(2000)
    staged = stage_one(gzip.compress(body, 1), object_bytes=100_000, block_bytes=10_000)

    assert staged.part.status == "failed"
    assert "more than 100000 bytes" in staged.part.error.what
    assert staged.part.bytes_read <= 100_000
    assert "".join(staged.texts().values()).encode() == b"".join(body.splitlines(keepends=True)[: len(staged.lines)])


def test_memory_stays_far_below_the_size_of_an_object(tmp_path):
    """200 MB unpacked, with the limits a user gets and a consumer that is slow to begin."""
    chance = Random(3)
    lines = [
        json.dumps({"type": "track", "messageId": chance.randbytes(16).hex(), "properties": {"page": "/shop" * 80}})
        for _ in range(4000)
    ]
    member = "".join(f"{line}\n" for line in lines).encode()
    copies = 200 * MIB // len(member) + 1
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "x.gz").write_bytes(gzip.compress(member, 1) * copies)
    archive = FolderArchive(folder, FlatFolder())

    tracemalloc.start()
    try:
        counted = text_bytes = 0
        with Stager(archive, archive.objects(), tmp_path / "work", StagingLimits(batch_bytes=64 * MIB)) as stager:
            for batch in stager.batches():
                time.sleep(0.3)  # unpacking runs ahead as far as it may
                for block in batch.blocks():
                    counted += block.num_rows
                    text_bytes += block.column("text").nbytes
            _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert counted == 4000 * copies
    assert text_bytes > 200 * MIB
    assert peak < 80 * MIB


# Files and downloads ------------------------------------------------------------------------------------------------


class Downloaded:
    """An archive whose objects are downloaded: a key maps to stored bytes, or to what is raised."""

    skipped_objects = 0

    def __init__(self, objects: dict[str, bytes | Exception]) -> None:
        self._objects = objects
        self.paths: list[Path] = []

    def objects(self, start=None, until=None):
        then = datetime(2026, 3, 1, tzinfo=UTC)
        for key, stored in self._objects.items():
            yield ArchiveObject(key, "e", len(stored) if isinstance(stored, bytes) else 1, then, None)

    def local_path(self, obj):
        return None

    def download(self, obj, path, is_cancelled=lambda: False):
        stored = self._objects[obj.key]
        if isinstance(stored, Exception):
            raise stored
        self.paths.append(path)
        path.write_bytes(stored)


def staged_from(archive: Downloaded, work_dir: Path, **limits: int) -> Staged:
    staged = Staged()
    with Stager(archive, archive.objects(), work_dir, StagingLimits(**limits)) as stager:
        for batch in stager.batches():
            staged.add(batch)
    return staged


def test_an_object_that_cannot_be_had_is_failed_and_others_load(tmp_path):
    """Refused or broken off: the part says why, in the order of the listing."""
    denied, cut = TerminalError("denied", "a", "ask"), TransientError("cut", "c", "run again")
    archive = Downloaded({"a": denied, "b": gzip.compress(TWO_LINES), "c": cut, "d": TWO_LINES})
    staged = staged_from(archive, tmp_path / "work")

    assert [(part.obj.key, part.status, part.error) for part in staged.parts] == [
        ("a", "failed", denied),
        ("b", "done", None),
        ("c", "failed", cut),
        ("d", "done", None),
    ]
    assert all(part.is_last for part in staged.parts)
    assert len(staged.lines) == 4


def test_a_service_that_is_gone_ends_the_run(tmp_path):
    """Not every object that is left is tried. What was loaded before stays."""
    cut = TransientError("no connection", "s3://b/k", "run again")
    archive = Downloaded({"a": TWO_LINES} | {f"b{n:03}": cut for n in range(200)})

    with pytest.raises(TransientError, match="64 objects in a row could not be downloaded.*no connection"):
        staged_from(archive, tmp_path / "work")
    assert not list((tmp_path / "work").iterdir())


def test_objects_that_fail_now_and_then_do_not_end_the_run(tmp_path):
    cut = TransientError("cut", "c", "run again")
    archive = Downloaded({f"{n:03}": TWO_LINES if n % 60 == 0 else cut for n in range(150)})
    staged = staged_from(archive, tmp_path / "work")

    assert len(staged.parts) == 150
    assert len(staged.lines) == 6


def test_downloaded_files_are_gone_once_read(tmp_path):
    """A run of any length needs disk for a few objects."""
    archive = Downloaded({f"{n:03}": noisy_lines(20) for n in range(100)})
    work_dir = tmp_path / "work"
    most = 0
    with Stager(
        archive,
        archive.objects(),
        work_dir,
        StagingLimits(download_ahead_bytes=10_000, read_ahead_bytes=1, block_bytes=1),
    ) as stager:
        for batch in stager.batches():
            for _ in batch.blocks():
                most = max(most, sum(path.exists() for path in archive.paths))
    assert len(archive.paths) == 100
    assert most <= 10
    assert not list(work_dir.iterdir())


def test_a_full_disk_ends_the_run(tmp_path):
    """It is not the object's fault: the next one would fail too."""
    archive = Downloaded({"a": OSError(28, "No space left on device"), "b": TWO_LINES})

    with pytest.raises(TerminalError, match="No space left") as caught:
        staged_from(archive, tmp_path / "work")
    assert "work_dir" in caught.value.fix
    assert not list((tmp_path / "work").iterdir())


def test_an_error_of_the_listing_reaches_the_consumer(tmp_path):
    """What was listed before it is handed on first, or not at all, but never taken for everything."""
    archive = Downloaded({"a": TWO_LINES})

    def listing():
        yield from archive.objects()
        raise TransientError("the listing broke off", "s3://b/", "run again")

    with Stager(archive, listing(), tmp_path / "work") as stager, pytest.raises(TransientError, match="broke off"):
        list(next(stager.batches()).blocks())
    assert not list((tmp_path / "work").iterdir())


def test_a_consumer_may_stop_at_any_time(tmp_path):
    """Threads end and files go, in the middle of a large object."""
    archive = Downloaded({f"{n}": noisy_lines(2000) for n in range(20)})
    with Stager(
        archive, archive.objects(), tmp_path / "work", StagingLimits(read_ahead_bytes=1, block_bytes=5000)
    ) as s:
        next(next(s.batches()).blocks())
        s.close()
    assert not list((tmp_path / "work").iterdir())


def test_a_file_rewritten_while_it_is_listed_is_failed(tmp_path, stage):
    """The listing no longer tells what is there."""
    stage({"a.gz": TWO_LINES})
    archive = FolderArchive(tmp_path / "archive", FlatFolder())
    objects = list(archive.objects())
    (tmp_path / "archive" / "a.gz").write_bytes(TWO_LINES * 2)
    staged = Staged()
    with Stager(archive, objects, tmp_path / "work") as stager:
        for batch in stager.batches():
            staged.add(batch)

    assert (staged.part.status, staged.lines) == ("failed", [])
    assert "rewritten" in staged.part.error.what


def test_leftovers_of_a_killed_run_are_removed(tmp_path):
    """Its lock went with its process. What a running process uses stays."""
    code = (
        "import sys, time; from pathlib import Path; from loader.staging.workspace import Workspace\n"
        "w = Workspace(Path(sys.argv[1])); w.new_path().write_bytes(b'x'); print(w.folder, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, tmp_path / "work"], stdout=subprocess.PIPE, text=True)
    with process:
        killed = Path(process.stdout.readline().strip())
        running = Workspace(tmp_path / "work")
        running.new_path().write_bytes(b"x")
        assert killed.is_dir()  # alive, so left alone
        process.kill()
    (tmp_path / "work" / "mine.txt").write_text("not the loader's")

    staged = staged_from(Downloaded({"a": TWO_LINES}), tmp_path / "work")

    assert len(staged.lines) == 2
    left = {path.name for path in (tmp_path / "work").iterdir()}
    assert left == {running.folder.name, f"{running.folder.name}.lock", "mine.txt"}
    running.remove()


def test_a_work_folder_that_cannot_be_used_says_so(tmp_path):
    """Before anything is read."""
    (tmp_path / "file").write_text("")
    archive = Downloaded({"a": TWO_LINES})
    with (
        Stager(archive, archive.objects(), tmp_path / "file" / "work") as stager,
        pytest.raises(ConfigError, match="work folder cannot be used"),
        contextlib.closing(stager.batches()) as batches,
    ):
        next(batches)
