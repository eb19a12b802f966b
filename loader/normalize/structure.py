"""What messages consist of: one compiled pass over the bytes of lines gives each a signature, and says what is odd.

Two lines of one signature have the same keys at the same places with the same kinds of values, so that a sample of one
shows what the other has (up to collisions of a 64-bit hash). The order of keys, white space and values do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loader.core.samples import ROOTS, WalkRules
from loader.core.tables import EXCLUDED
from loader.normalize.scan_lines import Rules, room, scanner
from loader.normalize.scan_text import ROOT, Bytes, Hashes


@dataclass(frozen=True, slots=True)
class Structures:
    """What the lines of a block are. One signature and one set of flags (`ODD`, `DOUBTFUL`) per line."""

    signatures: Hashes
    flags: npt.NDArray[np.uint8]


class StructureReader:
    """Reads structures as the rules of a source take messages apart."""

    def __init__(self, rules: WalkRules) -> None:
        names = [(*root, key) for key in ("name", "category") for root in ((), ("properties",))]
        texts = [scanner().call_path(_bytes(path[0]), _path(path[1:])) for path in sorted(rules.texts)]
        self._rules = Rules(
            taken=_hashes((key,) for key in sorted({*ROOTS, *rules.envelope})),
            skipped=_hashes((key,) for key in EXCLUDED if key not in rules.envelope),
            texts=np.array(texts, dtype=np.uint64),
            names=_hashes(names),
            type_key=np.uint64(scanner().text_hash(_bytes("type"))),
        )

    def read(self, texts: pa.LargeStringArray) -> Structures:
        """The structures of lines, each with or without its line feed."""
        places = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
        held = texts.buffers()[2]
        content = np.frombuffer(held if held is not None else b"", dtype=np.uint8)
        signatures, flags = np.zeros(len(texts), dtype=np.uint64), np.zeros(len(texts), dtype=np.uint8)
        scanner().scan(content, places, self._rules, room(), signatures, flags)
        return Structures(signatures, flags)


def _hashes(paths: Iterable[tuple[str, ...]]) -> Hashes:
    return np.array([_path(path) for path in paths], dtype=np.uint64)


def _path(path: tuple[str, ...]) -> np.uint64:
    """The hash of a path whose keys a line spells without escapes, as the scan makes it."""
    found = ROOT
    for key in path:
        found = np.uint64(scanner().child_path(found, _bytes(key)))
    return found


def _bytes(text: str) -> Bytes:
    return np.frombuffer(text.encode() + b'"', dtype=np.uint8)
