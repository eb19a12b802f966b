"""Builds HTML and SVG so that data can never become markup: everything that is not `Html` is escaped."""

import re
from html import escape
from typing import Final
from unicodedata import east_asian_width

# An address may be in any text that people write, such as the name of an event or of a campaign.
_ADDRESS: Final = re.compile(
    r"[^\s@<>\"'?&=/:;,()]+(?:@|%40)[^\s@<>\"'?&=/:;,()]+\.[^\s@<>\"'?&=/:;,()]+", re.IGNORECASE
)
_MASK: Final = "(address)"
_VOID: Final = frozenset({"meta", "br", "rect", "line", "circle"})


class Html(str):
    """Markup that is already complete and escaped."""

    __slots__ = ()


def text(value: object) -> Html:
    """Any value as escaped text, with email addresses masked. Html stays as it is."""
    if isinstance(value, Html):
        return value
    return Html(escape(_ADDRESS.sub(_MASK, str(value)), quote=True))


def element(name: str, /, *children: object, **attributes: object) -> Html:
    """One element. An attribute of None or False is left out, `class_` is `class`, `font_size` is `font-size`."""
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    written = "".join(
        f" {key}" if value is True else f' {key}="{text(value)}"'
        for key, value in given.items()
        if value is not None and value is not False
    )
    if name in _VOID and not children:
        return Html(f"<{name}{written}>" if name in ("meta", "br") else f"<{name}{written}/>")
    return Html(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*parts: object) -> Html:
    """The parts, one after another."""
    return Html("".join(text(part) for part in parts))


def shortened(value: object, most: int) -> str:
    """A text of at most `most` columns; a wide character, such as an ideograph or emoji, takes two."""
    whole, taken = _ADDRESS.sub(_MASK, str(value)), 0
    for place, character in enumerate(whole):
        taken += 2 if east_asian_width(character) in "WF" else 1
        if taken > most:
            return f"{whole[: place - 1].rstrip()}…"
    return whole
