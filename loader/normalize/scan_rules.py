"""What the compiled scan of lines is told, and the hashes of texts and paths as it makes them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from loader.core.samples import KeyPath

Hashes = npt.NDArray[np.uint64]

ODD: Final = 1
"""Not strict JSON, or JSON of which the engine's reader makes something else: the exact way must read it."""
DOUBTFUL: Final = 2
"""Has a number that the engine's reader may round."""

ROOT: Final = 0x9E3779B97F4A7C15
"""The hash of no text and of no path."""
FACTOR: Final = 0x100000001B3
SPREAD: Final = 0xD6E8FEB86659FD93
_BITS: Final = 0xFFFFFFFFFFFFFFFF


class Rules(NamedTuple):
    """How messages are taken apart, as hashes of paths."""

    taken: Hashes
    """Top-level keys whose objects are taken apart."""
    skipped: Hashes
    """Top-level keys that are not looked into."""
    texts: Hashes
    """Objects that are kept as text, each with its call."""
    names: Hashes
    """`name` and `category`, each of the message and of its payload."""
    type_key: np.uint64


def text_hash(text: str) -> int:
    """The hash of a text as a line spells it that escapes nothing."""
    value = ROOT
    for byte in text.encode():
        value = (value ^ byte) * FACTOR & _BITS
    return _mixed(value)


def path_hash(path: KeyPath) -> int:
    """The hash of a path whose keys a line spells without escapes."""
    value = ROOT
    for key in path:
        value = _mixed(value * FACTOR + text_hash(key))
    return value


def call_path(call: str, path: KeyPath) -> int:
    """The hash of a path of messages of one call."""
    return _mixed(text_hash(call) * FACTOR ^ path_hash(path))


def _mixed(value: int) -> int:
    value &= _BITS
    for _ in range(2):
        value = (value ^ value >> 32) * SPREAD & _BITS
    return value ^ value >> 32
