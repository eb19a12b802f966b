"""Stored objects in, checked lines out, whatever shape the bytes are in."""

import gzip
import hashlib
import zlib

import pytest
from staged import BOM, MIB, TWO_LINES, Staged, noisy_lines


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
