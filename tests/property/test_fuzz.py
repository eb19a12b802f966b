"""Hostile lines: a load never fails, every line is accounted for, and the reference says the same."""

import json
from random import Random

import pytest
from factories import a_key
from loading import Loading
from property.archives import real_lines, synthetic_object

from loader.staging import StagingLimits

PIECES = (
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"NaN", b"1e999", b"-0", b"00", b"\xff"),
    *(b"\xef\xbb\xbf", b"\x00", b"\\u0000", b"\\ud800", b"\t", b"\r", b"\x0b", b"\xc3", b"\xe2\x80\xa8", b"//", b"'"),
    *(b"12345678901234567890123456789012345678901", b"0.12345678901234567890", b"1.50", b'"id":', b'"type":"page",'),
    *(b'"messageId":"s1",', b'"userId":5,', b'"properties":[],', b'"receivedAt":"x",', b'"batch":[{}],', b"}{"),
)
WORDS = (
    "type",
    "track",
    "messageId",
    "m1",
    "batch",
    "properties",
    "traits",
    "userId",
    "receivedAt",
    "context",
    "",
    "é",
)


def mutated(random: Random, line: bytes) -> bytes:
    """A line with one to three injuries."""
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(line) + 1)
        kind = random.randrange(6)
        if kind == 0:
            line = line[:at]
        elif kind == 1:
            line = line[:at] + random.choice(PIECES) + line[at:]
        elif kind == 2:
            line = line[:at] + line[at + random.randint(1, 8) :]
        elif kind == 3:
            line = line[:at] + bytes([random.randrange(256)]) + line[at + 1 :]
        elif kind == 4:
            end = min(len(line), at + random.randint(1, 60))
            line = line[:end] + line[at:end] + line[end:]
        else:
            line = line.replace(random.choice((b'"', b":", b",", b"1")), random.choice(PIECES), 1)
    return line


def random_json(random: Random, depth: int = 0) -> object:
    """Any JSON, with words that mean something to a reader of messages."""
    kind = random.randrange(9 if depth < 4 else 6)
    if kind < 3:
        return random.choice((None, True, False, 0, -1, 2**63, 1.5, 1e300))
    if kind < 6:
        return random.choice(WORDS)
    if kind == 6:
        return [random_json(random, depth + 1) for _ in range(random.randrange(4))]
    return {random.choice(WORDS): random_json(random, depth + 1) for _ in range(random.randrange(5))}


def hostile_line(random: Random, seeds: list[bytes]) -> bytes:
    """A mutated real line, JSON that is no message, a message with odd fields, or noise."""
    kind = random.randrange(10)
    if kind < 5:
        return mutated(random, random.choice(seeds))
    if kind < 7:
        return json.dumps(random_json(random), ensure_ascii=random.random() < 0.5).encode()
    if kind < 9:
        message = {"type": random.choice(("track", "page", "identify")), "messageId": f"f{random.randrange(40)}"}
        fields = ("userId", "receivedAt", "timestamp", "context", "properties", "traits", "event", "name", "sentAt")
        message |= {field: random_json(random, 1) for field in random.sample(fields, 4)}
        return json.dumps(message).encode()
    return random.randbytes(random.randrange(60))


def hostile_body(random: Random, seeds: list[bytes], count: int) -> bytes:
    """The content of an object that begins like any other."""
    return seeds[0] + b"\n" + b"\n".join(hostile_line(random, seeds) for _ in range(count))


def seeds_of(kind: str) -> list[bytes]:
    return real_lines() if kind == "real" else synthetic_object(30).splitlines()


@pytest.mark.parametrize("kind", ["real", "generated"])
@pytest.mark.parametrize("seed", range(6))
def test_hostile_lines_are_loaded_or_accounted_for(tmp_path, kind, seed):
    """Nothing fails, nothing is lost, and the reference agrees on rows, quarantine and discards."""
    random = Random(f"{kind}-{seed}")
    seeds = seeds_of(kind)
    loading = Loading(tmp_path)
    loading.write_objects({a_key(1 + n, f"part-{n}"): hostile_body(random, seeds, 120) for n in range(3)})

    loading.load(limits=StagingLimits(batch_objects=2))

    assert conservation_problems(loading) == []
    assert loading.differences() == []


def conservation_problems(loading: Loading) -> list[str]:
    """Objects whose lines or messages do not add up, or other than the reference counted them."""
    tables = ("tracks", "identifies", "pages", "screens", "groups", "aliases")
    there = set(loading.held().tables)
    rows = " union all ".join(f'select _object from web."{table}"' for table in tables if table in there)
    counted = loading.query(f"""
        with stored as (select _object as object_id, count(*) as n from ({rows}) group by all),
        repeated as (select object_id, count(*) as n from _loader.copies group by all)
        select o.key, o.lines, o.blank, o.quarantined_lines, o.messages, o.quarantined_messages,
            coalesce(stored.n, 0), coalesce(repeated.n, 0)
        from _loader.objects as o left join stored using (object_id) left join repeated using (object_id)
        order by o.key
    """)
    expected = loading.expected().counts
    found = []
    for key, *counts in counted:
        lines, blank, bad_lines, messages, bad_messages, winners, copies = counts
        if messages != winners + copies + bad_messages or lines < blank + bad_lines:
            found.append(f"{key} does not add up: {counts}")
        own = expected[key]
        wanted = [own.lines, own.blank, own.quarantined_lines, own.messages, own.quarantined_messages]
        if counts != [*wanted, own.winners, own.copies]:
            found.append(f"{key}: {counts} found, {[*wanted, own.winners, own.copies]} expected")
    return found
