"""Compiled access to bytes in memory by address. Nothing checks the bounds; callers must know how far they may read.

Words are little-endian: the first of eight bytes is the lowest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from loader.normalize.scan.compile import Address


def _pointer(builder: Any, address: Any, at: Any, bits: int) -> Any:
    return builder.inttoptr(builder.add(address, at), ir.IntType(bits).as_pointer())


@intrinsic
def _byte_at(_typing: Any, _content: Any, _at: Any) -> Any:
    """The byte at a place, as an integer."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.zext(builder.load(_pointer(builder, arguments[0], arguments[1], 8), align=1), ir.IntType(64))

    return types.intp(types.intp, types.intp), generate


@intrinsic
def _word_at(_typing: Any, _content: Any, _at: Any) -> Any:
    """The eight bytes at a place, as a word."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.load(_pointer(builder, arguments[0], arguments[1], 64), align=1)

    return types.uint64(types.intp, types.intp), generate


@intrinsic
def _put_byte(_typing: Any, _into: Any, _at: Any, _byte: Any) -> Any:
    """Write a byte."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        into, at, byte = arguments
        builder.store(builder.trunc(byte, ir.IntType(8)), _pointer(builder, into, at, 8), align=1)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), generate


@intrinsic
def _put_word(_typing: Any, _into: Any, _at: Any, _word: Any) -> Any:
    """Write eight bytes."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        into, at, word = arguments
        builder.store(word, _pointer(builder, into, at, 64), align=1)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.uint64), generate


@intrinsic
def _first_marked(_typing: Any, _marks: Any) -> Any:
    """The index of the first byte of a word that has its highest bit set; there must be one."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        bits = builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))
        return builder.lshr(bits, ir.Constant(ir.IntType(64), 3))

    return types.intp(types.uint64), generate


byte_at = cast(Callable[[Address, int], int], _byte_at)
word_at = cast(Callable[[Address, int], np.uint64], _word_at)
put_byte = cast(Callable[[Address, int, int], None], _put_byte)
put_word = cast(Callable[[Address, int, np.uint64], None], _put_word)
first_marked = cast(Callable[[np.uint64], int], _first_marked)
