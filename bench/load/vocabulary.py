"""What the generated messages talk about: event names, properties and the values they take.

Everything here is decided by the seed alone. A value is JSON text, because lines are put together as text.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

Value = Callable[[random.Random], str]

EVENT_NAMES: Final = (
    "Product Viewed",
    "Product List Viewed",
    "Product Added",
    "Product Removed",
    "Cart Viewed",
    "Checkout Started",
    "Checkout Step Completed",
    "Payment Info Entered",
    "Order Completed",
    "Order Refunded",
    "Coupon Applied",
    "Promotion Clicked",
    "Products Searched",
    "Wishlist Product Added",
    "Product Shared",
    "Article Read",
    "Video Playback Started",
    "Video Playback Completed",
    "Signed Up",
    "Signed In",
    "Trial Started",
    "Subscription Renewed",
    "Support Ticket Opened",
    "Application Opened",
    "Feedback Given",
)
CITIES: Final = ("Lisbon", "Köln", "Graz", "Osaka", "Austin", "São Paulo", "Malmö", "Leeds", "Gent", "Brno")
BRANDS: Final = ("Verdant", "Halden", "Fernhill", "Oakline", "Norrsken", "Pico")
WORDS: Final = ("green", "large", "sale", "new", "gift", "indoor", "outdoor", "kids", "classic", "refill")


def _amount(rng: random.Random) -> str:
    return f"{rng.randrange(400) + 0.95:.2f}"


def _count(rng: random.Random) -> str:
    return str(rng.randrange(1, 9))


def _flag(rng: random.Random) -> str:
    return "true" if rng.random() < 0.5 else "false"


def _word(rng: random.Random) -> str:
    return f'"{rng.choice(WORDS)}"'


def _sku(rng: random.Random) -> str:
    return f'"{rng.choice(BRANDS)[:2].upper()}-{rng.randrange(2000):04d}"'


def _moment(rng: random.Random) -> str:
    return f'"2026-03-{rng.randrange(1, 29):02d}T{rng.randrange(24):02d}:00:00.000Z"'


def _tags(rng: random.Random) -> str:
    return f"[{_word(rng)},{_word(rng)}]"


def _products(rng: random.Random) -> str:
    lines = (
        f'{{"product_id":{_sku(rng)},"brand":"{rng.choice(BRANDS)}","price":{_amount(rng)},"quantity":{_count(rng)}}}'
        for _ in range(rng.randrange(1, 3))
    )
    return f"[{','.join(lines)}]"


def _cart(rng: random.Random) -> str:
    return f'{{"id":"cart-{rng.randrange(5000)}","total":{_amount(rng)},"coupon":{{"code":{_word(rng)},"percent":10}}}}'


def _shipping(rng: random.Random) -> str:
    return f'{{"method":"standard","cost":4.95,"address":{{"city":"{rng.choice(CITIES)}","country":"DE"}}}}'


def _mostly(usual: Value, unusual: Value, share: float = 0.01) -> Value:
    """A property whose type changes inside one table: `share` of the values are of the other type."""

    def value(rng: random.Random) -> str:
        return unusual(rng) if rng.random() < share else usual(rng)

    return value


_COUNT_OR_TEXT = _mostly(_count, lambda rng: f'"{rng.randrange(1, 9)}"')
_AMOUNT_OR_TEXT = _mostly(_amount, lambda _: '"n/a"')

BASE_PROPERTIES: Final[tuple[tuple[str, Value], ...]] = (
    ("price", _AMOUNT_OR_TEXT),
    ("quantity", _COUNT_OR_TEXT),
    ("product_id", _sku),
    ("category", _word),
    ("is_gift", _flag),
    ("tags", _tags),
    ("cart", _cart),
    ("coupon", _word),
    ("products", _products),
    ("shipping", _shipping),
    ("delivery_at", _moment),
    ("revenue", _amount),
    ("position", _count),
    ("list", _word),
    ("variant", _word),
    ("value", _mostly(_amount, _count, 0.3)),
    ("query", _word),
    ("results", _count),
    ("step", _count),
    ("method", _word),
    ("experiment", _word),
    ("is_member", _flag),
    ("discount", _amount),
    ("level", _count),
    ("brand", _word),
)
# A property of the same name has another type in every third event: a conflict across tables (and inside `tracks`).
_ACROSS: Final = {"level": _word, "position": _word, "step": _flag}
_FILL: Final[tuple[Value, ...]] = (_count, _word, _flag, _amount)


@dataclass(frozen=True, slots=True)
class EventKind:
    """One event name and the properties its messages have: the first five always, the rest now and then."""

    name: str
    always: tuple[tuple[str, Value], ...]
    sometimes: tuple[tuple[str, Value], ...]

    def properties(self, rng: random.Random) -> list[str]:
        """The properties of one message as `"key":value` texts."""
        chosen = [f'"{name}":{value(rng)}' for name, value in self.always]
        mask = rng.getrandbits(len(self.sometimes)) if self.sometimes else 0
        chosen += [f'"{name}":{value(rng)}' for at, (name, value) in enumerate(self.sometimes) if mask >> at & 1]
        return chosen


def event_kinds(event_names: int, distinct_properties: int) -> tuple[EventKind, ...]:
    """The event names of an archive; together they use every one of `distinct_properties` names."""
    pool = property_pool(distinct_properties)
    each = max(8, -(-len(pool) // event_names))
    kinds = []
    for at in range(event_names):
        turn = at // len(EVENT_NAMES)
        name = EVENT_NAMES[at % len(EVENT_NAMES)] + (f" {turn + 1}" if turn else "")
        chosen = dict(pool[(at * each + offset) % len(pool)] for offset in range(each))
        if at % 3 == 0:
            chosen |= {key: value for key, value in _ACROSS.items() if key in chosen}
        items = tuple(chosen.items())
        kinds.append(EventKind(name, items[:5], items[5:]))
    return tuple(kinds)


def property_pool(distinct_properties: int) -> list[tuple[str, Value]]:
    """That many property names with their values: the base list, then made-up names."""
    extra = distinct_properties - len(BASE_PROPERTIES)
    made_up = [(f"{WORDS[at % len(WORDS)]}_detail_{at}", _FILL[at % len(_FILL)]) for at in range(max(0, extra))]
    return (list(BASE_PROPERTIES) + made_up)[:distinct_properties]
