"""What a stager made of objects."""

import json
from dataclasses import dataclass, field
from random import Random

from loader.staging import OddLine, Part, StagedBatch

MIB = 1024 * 1024
BOM = b"\xef\xbb\xbf"
TWO_LINES = b'{"n":1}\n{"n":2}\n'


@dataclass(frozen=True)
class FlatFolder:
    """The `archive` section of a folder without structure."""

    uri: str = "folder"
    layout: str = "flat"
    source_id: str | None = None
    recent_days: int | None = None


@dataclass
class Staged:
    """Everything that came out of a stager."""

    batches: list[list[Part]] = field(default_factory=list)
    """Parts by batch."""
    lines: list[tuple[str, int, str]] = field(default_factory=list)
    """Key, number and text of the plain lines."""
    odd: list[tuple[str, OddLine]] = field(default_factory=list)

    @property
    def parts(self) -> list[Part]:
        return [part for parts in self.batches for part in parts]

    @property
    def part(self) -> Part:
        (part,) = self.parts
        return part

    @property
    def odd_line(self) -> OddLine:
        ((_, line),) = self.odd
        return line

    def texts(self, key: str = "x.gz") -> dict[int, str]:
        """Text by number, of one object."""
        return {number: text for of, number, text in self.lines if of == key}

    def add(self, batch: StagedBatch) -> None:
        blocks = list(batch.blocks())
        self.batches.append(batch.parts)
        keys = [part.obj.key for part in batch.parts]
        for block in blocks:
            self.lines += [(keys[row["part"]], row["line"], row["text"]) for row in block.to_pylist()]
        self.odd += [(keys[line.part], line) for line in batch.odd]


def noisy_lines(count: int) -> bytes:
    """Lines that hardly compress, so that a cut falls into a line."""
    chance = Random(7)
    return b"".join(json.dumps({"n": n, "id": chance.randbytes(40).hex()}).encode() + b"\n" for n in range(count))
