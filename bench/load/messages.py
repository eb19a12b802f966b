"""One line of a generated archive, as text. Pure: the same shape and number always give the same line.

A line is a message of its own, a copy of an earlier one (same messageId, later receivedAt), a bad line, or an odd
one, which is legal JSON that a plain reader would store wrongly.
"""

import hashlib
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from bench.load.vocabulary import CITIES, EventKind, event_kinds

Kind = Literal["message", "copy", "bad", "odd"]
DAY_MS: Final = 86_400_000
USERS: Final = 50_000
PAGES: Final = 5_000
NEAR_LINES: Final = 2_000
AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605",
    "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0 Generated/1.0 (bench)",
    "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
)
BAD: Final = ("cut-off JSON", "not JSON", "no type", "array")
ODD: Final = ("beyond a double", "duplicate key", "NUL", "lone surrogate", "batch")
BATCH_ITEMS: Final = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """What an archive consists of. Shares are of lines, between 0 and 1."""

    events: int
    first_event: int = 0
    days: int = 1
    start_day: str = "2026-03-01"
    seed: int = 1
    event_names: int = 25
    properties: int = 25
    copies: float = 0.015
    history_copies: float = 0.0
    bad: float = 0.0001
    odd: float = 0.0
    is_narrow: bool = False


@dataclass(slots=True)
class Writer:
    """Writes lines of one shape and counts what they are."""

    shape: Shape
    counts: Counter[str] = field(default_factory=Counter)
    kinds: tuple[EventKind, ...] = ()
    start_ms: int = 0

    def __post_init__(self) -> None:
        self.kinds = event_kinds(self.shape.event_names, self.shape.properties)
        self.start_ms = int(datetime.fromisoformat(self.shape.start_day).replace(tzinfo=UTC).timestamp() * 1000)

    def line(self, number: int) -> str:
        """The text of line `number` (over the whole archive), without its newline."""
        kind = self.kind(number)
        self.counts[kind] += 1
        if kind == "copy":
            return self._message(self._original(number), received_ms=self._received_ms(number))
        if kind == "bad":
            return self._bad(number)
        if kind == "odd":
            return self._odd(number)
        return self._message(number)

    def kind(self, number: int) -> Kind:
        """What line `number` is."""
        chance = _mix(self.shape.seed, number) / 2**64
        shape = self.shape
        for kind, share in (("bad", shape.bad), ("odd", shape.odd), ("copy", shape.copies + shape.history_copies)):
            if chance < share:
                is_first = kind == "copy" and number == 0
                return "message" if is_first else kind  # type: ignore[return-value]
            chance -= share
        return "message"

    def _original(self, number: int) -> int:
        """The earlier message that line `number` repeats: most are close by, as retries are."""
        rng = random.Random(f"{self.shape.seed}/copy/{number}")
        first = self.shape.first_event
        both = self.shape.copies + self.shape.history_copies
        if first and rng.random() < self.shape.history_copies / both:
            lowest, highest = 0, first
        else:
            lowest, highest = (first if rng.random() < 0.3 else max(first, number - NEAR_LINES)), max(number, 1)
        while True:
            earlier = rng.randrange(lowest, highest) if lowest < highest else 0
            if self.kind(earlier) == "message" or earlier == 0:
                return earlier

    def _received_ms(self, number: int) -> int:
        # Whole numbers only: an archive that continues another gives the same id for the same number.
        return self.start_ms + (number - self.shape.first_event) * self.shape.days * DAY_MS // self.shape.events

    def _bad(self, number: int) -> str:
        which = BAD[_mix(self.shape.seed + 1, number) % len(BAD)]
        self.counts[f"bad: {which}"] += 1
        whole = self._message(number, is_counted=False)
        if which == "cut-off JSON":
            return whole[: len(whole) // 2]
        if which == "no type":
            return whole.replace('"type":', '"kind":', 1)
        return f"[{number},{number + 1}]" if which == "array" else f"<html>502 bad gateway {number}</html>"

    def _odd(self, number: int) -> str:
        mixed = _mix(self.shape.seed + 2, number)
        which = ODD[mixed % len(ODD)]
        self.counts[f"odd: {which}"] += 1
        if which == "batch":
            items = ",".join(self._message(number, item=item) for item in range(BATCH_ITEMS))
            return f'{{"batch":[{items}],"sentAt":"{iso(self._received_ms(number))}"}}'
        extra = {
            "beyond a double": f'"exact_amount":{mixed}{mixed}',
            "duplicate key": '"twice":"first","twice":"second"',
            "NUL": '"note":"before\\u0000after"',
            "lone surrogate": '"note":"half \\ud83d of a pair"',
        }[which]
        return self._message(number, extra=extra)

    def _message(
        self, number: int, item: int = 0, received_ms: int | None = None, extra: str = "", is_counted: bool = True
    ) -> str:
        rng = random.Random((self.shape.seed << 72) | (item << 64) | number)
        chance, user, own_id = rng.random(), int(USERS * rng.random() ** 2), rng.getrandbits(128)
        sent_ms = self._received_ms(number)
        call, body = self._call(chance, rng, user, extra)
        if is_counted and received_ms is None:
            self.counts[call] += 1
        is_known = call in ("identify", "group", "alias") or rng.random() < 0.6
        anonymous = _user_uuid(self.shape.seed, user)
        received = iso(sent_ms + 200 if received_ms is None else received_ms + 200)
        sent, made = iso(sent_ms + 150), iso(sent_ms)
        user_id = f'"u{user:06d}"' if is_known else "null"
        identity = f'"anonymousId":"{anonymous}","userId":{user_id}'
        context = '{"library":{"name":"analytics.js"}}' if self.shape.is_narrow else _context(rng, user)
        return (
            f'{{"type":"{call}",{body},"context":{context},{identity},'
            f'"messageId":"ajs-next-{sent_ms}-{_uuid(own_id)}-{number:010d}",'
            f'"originalTimestamp":"{made}","sentAt":"{sent}","timestamp":"{made}","receivedAt":"{received}",'
            f'"version":2}}'
        )

    def _call(self, chance: float, rng: random.Random, user: int, extra: str) -> tuple[str, str]:
        """The call and the part of the message that only it has."""
        if chance < 0.60:
            kind = self.kinds[int(len(self.kinds) * rng.random() ** 1.5)]
            fields = kind.properties(rng)[: 1 if self.shape.is_narrow else None]
            name = f'"event":"{kind.name}",'
            return "track", f'{name}"properties":{{{_joined(fields, extra)}}}'
        if chance < 0.85:
            page = rng.randrange(PAGES)
            fields = [f'"path":"/p/{page}"', f'"title":"Page {page}"', f'"depth":{rng.randrange(9)}']
            return "page", f'"name":"Page","category":"shop","properties":{{{_joined(fields, extra)}}}'
        if chance < 0.95:
            return "identify", f'"traits":{{{_joined(_traits(rng, user), extra)}}}'
        if chance < 0.97:
            fields = [f'"section":"s{rng.randrange(40)}"', f'"is_modal":{"true" if rng.random() < 0.5 else "false"}']
            return "screen", f'"name":"Home","properties":{{{_joined(fields, extra)}}}'
        if chance < 0.99:
            fields = [f'"name":"Company {user % 900}"', f'"seats":{rng.randrange(500)}', '"plan":"team"']
            return "group", f'"groupId":"g{user % 900}","traits":{{{_joined(fields, extra)}}}'
        return "alias", f'"previousId":"old{user:06d}"' + (f',"traits":{{{extra}}}' if extra else "")


def _joined(fields: list[str], extra: str) -> str:
    return ",".join([*fields, extra] if extra else fields)


def _traits(rng: random.Random, user: int) -> list[str]:
    """Traits of a user; a few are explicit nulls, and `age` is a text now and then."""
    age = rng.randrange(18, 80)
    phone = "null" if rng.random() < 0.1 else f'"+49 30 {user:06d}"'
    nickname = "null" if rng.random() < 0.05 else f'"nick{user % 1000}"'
    return [
        f'"email":"u{user:06d}@example.com"',
        f'"age":"{age}"' if rng.random() < 0.01 else f'"age":{age}',
        f'"phone":{phone}',
        f'"plan":"{rng.choice(("free", "team", "pro"))}"',
        f'"address":{{"city":"{rng.choice(CITIES)}","country":"DE"}}',
        f'"logins":{rng.randrange(1000)}',
        f'"created_at":"2025-{user % 12 + 1:02d}-{user % 28 + 1:02d}T08:00:00.000Z"',
        f'"nickname":{nickname}',
    ]


def _context(rng: random.Random, user: int) -> str:
    """37 leaves in ten objects (itself, app, campaign, device, library, network, os, page, referrer, screen)."""
    page, agent = rng.randrange(PAGES), user % len(AGENTS)
    return (
        f'{{"active":true,"app":{{"name":"Fernhill","version":"4.{user % 7}.0","build":"{1040 + user % 7}",'
        f'"namespace":"com.fernhill"}},"campaign":{{"name":"spring","source":"newsletter","medium":"email",'
        f'"term":"pots","content":"c{page % 9}"}},"device":{{"id":"d{user:06d}","manufacturer":"Pico",'
        f'"model":"P{agent}","name":"pico","type":"android"}},"ip":"203.0.113.{user % 256}",'
        f'"library":{{"name":"analytics.js","version":"npm:next-1.84.3"}},"locale":"de-DE",'
        f'"network":{{"bluetooth":false,"carrier":"Telco","cellular":true,"wifi":{"true" if agent else "false"}}},'
        f'"os":{{"name":"Android","version":"{12 + agent}"}},"page":{{"path":"/p/{page}","referrer":"","search":"",'
        f'"title":"Page {page}","url":"https://fernhill.example/p/{page}"}},'
        f'"referrer":{{"id":"r1","type":"web"}},"screen":{{"density":2,"height":{800 + agent},"width":390}},'
        f'"timezone":"Europe/Berlin","userAgent":"{AGENTS[agent]}"}}'
    )


def iso(milliseconds: int) -> str:
    """An instant as the archive spells it: `2026-03-01T00:00:00.000Z`."""
    seconds, rest = divmod(milliseconds, 1000)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def _mix(seed: int, number: int) -> int:
    """64 well-mixed bits of two numbers (splitmix64)."""
    mixed = (number * 0x9E3779B97F4A7C15 + seed * 0xD1B54A32D192ED03 + 0x632BE59BD9B4E019) & 0xFFFFFFFFFFFFFFFF
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return mixed ^ (mixed >> 31)


def _uuid(bits: int) -> str:
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _user_uuid(seed: int, user: int) -> str:
    return _uuid(int.from_bytes(hashlib.blake2b(f"{seed}/{user}".encode(), digest_size=16).digest()))
