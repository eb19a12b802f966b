"""The slow reader of `loader verify` counts what the written rules say, against the reference of the tests."""

import gzip
import json
import random

import pytest
from factories import a_track_call, an_archive_object
from reference.parsing import read_object

from loader.errors import TerminalError
from loader.jobs.verify.lines import Verdict, is_blank, items_of, read_lines

GOOD = json.dumps(a_track_call())
BODIES = {
    "plain": an_archive_object([GOOD, GOOD]),
    "no last line feed": an_archive_object([GOOD]) + GOOD.encode(),
    "cut": an_archive_object([GOOD]) + GOOD[:40].encode(),
    "blank": an_archive_object(["", "  \t", "\r", GOOD]),
    "CR LF and a mark": b"\xef\xbb\xbf" + GOOD.encode() + b"\r\n\xef\xbb\xbf" + GOOD.encode() + b"\r\n",
    "batch": an_archive_object([json.dumps({"batch": [a_track_call(), 1, a_track_call(message_id="m2")]})]),
    "empty batch": an_archive_object(['{"batch": []}']),
    "gateway": an_archive_object([json.dumps({"userId": "u", "payload": {"batch": [a_track_call()]}})]),
    "array": an_archive_object([f"[{GOOD}, null]", "[]", "[1]"]),
    "concatenated": an_archive_object([GOOD + GOOD, GOOD + " " + GOOD[:30], GOOD + "x"]),
    "no messages": an_archive_object(["null", "1", '{"data": {}, "metadata": {}}', '{"type": "import"}', "{}"]),
    "deep": an_archive_object(["[" * 600 + "]" * 600]),
    "wide": "\ufeff".encode("utf-16-le") + GOOD.encode("utf-16-le"),
    "bad bytes": an_archive_object([GOOD.encode().replace(b"Order", b"\xff\xfe")]),
    "long": b'{"a": "' + random.Random(7).randbytes(9 * 2**20).hex().encode() + b'"}\n' + an_archive_object([GOOD]),
    "empty": b"",
}


def counted(path):
    """Per line: blank, or the numbers of its items with whether they are messages."""
    return [
        None if is_blank(line) else [(item.number, item.verdict is Verdict.MESSAGE) for item in items_of(line)]
        for line in read_lines(path, "key")
    ]


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("pack", [lambda body: body, gzip.compress, lambda body: gzip.compress(gzip.compress(body))])
def test_lines_and_items_are_those_of_the_reference(tmp_path, name, pack):
    """Whatever the packing."""
    path = tmp_path / "object"
    path.write_bytes(pack(BODIES[name]))
    calls = {"track"}
    expected = []
    for line in read_object(BODIES[name]):
        items = [(refusal.item, False) for refusal in line.refusals]
        items += [(message.item, message.body.get("type") in calls) for message in line.messages]
        expected.append(None if line.is_blank else sorted(items))

    assert counted(path) == expected


def test_every_gzip_member_is_read_and_what_follows_the_last_is_not(tmp_path):
    """Every member is read, what follows the last one is not."""
    path = tmp_path / "object"
    member = gzip.compress(an_archive_object([GOOD]))
    path.write_bytes(member + b"\0" * 10 + member + b"\0\0junk")

    assert counted(path) == [[(0, True)], [(0, True)]]


@pytest.mark.parametrize("damage", ["cut", "bad"])
def test_a_torn_object_gives_its_complete_lines_and_a_torn_tail(tmp_path, damage):
    """A truncated stream, and one with a byte changed."""
    body = b"".join(an_archive_object([a_track_call(message_id=f"m{n * 7919 % 10007}")]) for n in range(2000))
    packed = bytearray(gzip.compress(body))
    if damage == "cut":
        del packed[len(packed) // 2 :]
    else:
        packed[-6] ^= 0xFF  # the checksum: every byte of the content came out
    path = tmp_path / "object"
    path.write_bytes(packed)

    lines = list(read_lines(path, "key"))

    complete = [line for line in lines if not line.is_refused]
    assert [line.body for line in complete] == body.split(b"\n")[: len(complete)]
    assert len(lines) == (len(complete) + 1 if damage == "cut" else 2000)
    assert len(complete) > 500


def test_more_than_two_levels_are_refused(tmp_path):
    """As when loading."""
    path = tmp_path / "object"
    path.write_bytes(gzip.compress(gzip.compress(gzip.compress(b"{}"))))

    with pytest.raises(TerminalError, match="more than two levels"):
        list(read_lines(path, "key"))
