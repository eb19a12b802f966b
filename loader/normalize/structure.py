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
from loader.normalize.scan_rules import DOUBTFUL, ODD, Hashes, Rules, call_path, path_hash, text_hash

__all__ = ["DOUBTFUL", "ODD", "StructureReader", "Structures"]


@dataclass(frozen=True, slots=True)
class Structures:
    """What the lines of a block are. One signature and one set of flags (`ODD`, `DOUBTFUL`) per line."""

    signatures: Hashes
    flags: npt.NDArray[np.uint8]


class StructureReader:
    """Reads structures as the rules of a source take messages apart."""

    def __init__(self, rules: WalkRules) -> None:
        names = [(*root, key) for key in ("name", "category") for root in ((), ("properties",))]
        self._rules = Rules(
            taken=_hashes(path_hash((key,)) for key in sorted({*ROOTS, *rules.envelope})),
            skipped=_hashes(path_hash((key,)) for key in EXCLUDED if key not in rules.envelope),
            texts=_hashes(call_path(path[0], path[1:]) for path in sorted(rules.texts)),
            names=_hashes(map(path_hash, names)),
            type_key=np.uint64(text_hash("type")),
        )

    def read(self, texts: pa.LargeStringArray) -> Structures:
        """The structures of lines, each with or without its line feed."""
        # The compiler takes a third of a second to import: only who reads lines waits for it.
        from loader.normalize.scan_lines import room, scan

        places = np.frombuffer(texts.buffers()[1], dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
        held = texts.buffers()[2]
        content = np.frombuffer(held if held is not None else b"", dtype=np.uint8)
        signatures, flags = np.zeros(len(texts), dtype=np.uint64), np.zeros(len(texts), dtype=np.uint8)
        scan(content, places, self._rules, room(), signatures, flags)
        return Structures(signatures, flags)


def _hashes(values: Iterable[int]) -> Hashes:
    return np.array(list(values), dtype=np.uint64)
