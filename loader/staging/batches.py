"""Divides blocks into batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa

from loader.staging.blocks import BlockBuilder
from loader.staging.channel import Channel
from loader.staging.lines import Piece
from loader.staging.records import OddLine, Part, StagingLimits


@dataclass(slots=True)
class BatchContent:
    """The content of a batch, filled in while its blocks are sent."""

    parts: list[Part] = field(default_factory=list)
    odd: list[OddLine] = field(default_factory=list)
    unpacked_bytes: int = 0
    odd_bytes: int = 0


BatchItem: TypeAlias = pa.RecordBatch | BatchContent
"""The blocks of a batch, in order, then its content."""


class BatchWriter:
    """Sends blocks and batches to the consumer when they are full."""

    def __init__(self, channel: Channel[BatchItem], limits: StagingLimits) -> None:
        self._channel = channel
        self._limits = limits
        self._builder = BlockBuilder()
        self._batch = BatchContent()
        self._ends_at = limits.batch_bytes if limits.first_batch_bytes is None else limits.first_batch_bytes

    @property
    def is_full(self) -> bool:
        """Whether the current batch should end before more is added, even more of the same object."""
        batch, limits = self._batch, self._limits
        return batch.unpacked_bytes >= self._ends_at or batch.odd_bytes >= limits.odd_bytes

    def begin(self, part: Part) -> int:
        """Start a stretch of an object in the current batch, or in a new one if it is full. Returns its index."""
        if self.is_full or len(self._batch.parts) >= self._limits.batch_objects:
            self.end_batch()
        self._batch.parts.append(part)
        return len(self._batch.parts) - 1

    def add(self, part: int, unpacked_bytes: int, piece: Piece | None, odd: list[OddLine]) -> None:
        """Add the content of some unpacked bytes of a stretch."""
        self._batch.unpacked_bytes += unpacked_bytes
        self._batch.odd += odd
        self._batch.odd_bytes += sum(len(line.raw) for line in odd)
        if piece is not None:
            self._builder.add(part, piece)
            if self._builder.bytes_held >= self._limits.block_bytes:
                self._send_block()

    def end_batch(self) -> None:
        """Send the rest of the batch, unless it is empty."""
        self._send_block()
        batch, self._batch = self._batch, BatchContent()
        if batch.parts:
            self._ends_at = self._limits.batch_bytes
            self._channel.put(batch, batch.odd_bytes)

    def _send_block(self) -> None:
        if size := self._builder.bytes_held:
            self._channel.put(self._builder.take(), size)
