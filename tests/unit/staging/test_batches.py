"""Batches of staged lines: what shares one, what ends one, and what is too large for one."""

import gzip
import json
import time
import tracemalloc
from random import Random

import pytest
from staged import MIB, TWO_LINES, FlatFolder, noisy_lines

from loader.archive.files import FolderArchive
from loader.staging import Stager, StagingLimits

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
