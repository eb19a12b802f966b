"""Compiled judgement of long numbers: whether the engine's reader keeps them as they were written.

It reads a number with a point or an exponent as the nearest double and spells that in the shortest way. So the number is
kept if it is that spelling, which every number of up to 15 digits is. For one of 16 or 17 digits this looks at its place
between two doubles, and at the numbers with a digit less on both sides: none may be nearest to the same double.

A few count as not kept although they are: those nearest to a power of two, where doubles are not equally far apart, and
extremely large or small ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from loader.normalize.scan.compile import Address, compiled
from loader.normalize.scan.memory import byte_at

_POINT, _ZERO = 0x2E, 0x30
_ALWAYS_KEPT: Final = 15
"""Every number with so many digits has a double of its own."""
_MOST_DIGITS: Final = 17
_FARTHEST: Final = 300
"""Numbers whose first digit is at this power of ten or nearer to one: doubles have all their digits."""
_LEAST_POWER: Final = -_FARTHEST - _MOST_DIGITS
_POWER_BITS: Final = 128
_INTEGER_DIGITS: Final = 19
_LARGEST_INTEGER: Final = np.uint64(2**63 - 1)
_MARGIN: Final = 2.0**-40
"""Far more than the error of a place between two doubles."""
_NEAR_POWER: Final = 8
"""Up to this power of ten, and down to its inverse, what is closer than the margin is equal."""

_NONE, _ONE, _TEN = np.uint64(0), np.uint64(1), np.uint64(10)
_TOP_BIT: Final = np.uint64(63)
_MANTISSA: Final = np.uint64((1 << 52) - 1)
_BELOW_MANTISSA: Final = np.uint64(64 - 53)
_ABOVE_FRACTION: Final = np.uint64(53)


def _power(exponent: int) -> int:
    """The first 128 bits of a power of ten."""
    power: int = 10 ** abs(exponent)
    bits = power.bit_length()
    if exponent < 0:
        return (1 << bits + _POWER_BITS - 1) // power
    return power << _POWER_BITS >> bits


_POWERS: Final = [_power(exponent) for exponent in range(_LEAST_POWER, _FARTHEST + 1)]
_UPPER: Final = np.array([power >> 64 for power in _POWERS], dtype=np.uint64)
_LOWER: Final = np.array([power & (1 << 64) - 1 for power in _POWERS], dtype=np.uint64)


@intrinsic
def _upper_product(_typing: Any, _one: Any, _other: Any) -> Any:
    """The upper half of the product of two words."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(argument, wide) for argument in arguments))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), generate


_upper_half = cast(Callable[[np.uint64, np.uint64], np.uint64], _upper_product)


@compiled
def _is_shortest(significand: np.uint64, exponent: int) -> bool:
    """Whether a number of 16 or 17 digits, the last one not 0, is the shortest spelling of its nearest double."""
    scaled = significand
    while scaled >> _TOP_BIT != _ONE:
        scaled <<= _ONE
    upper, lower = _UPPER[exponent - _LEAST_POWER], _LOWER[exponent - _LEAST_POWER]
    # The first 128 bits of the product, or a little less.
    first, second, carried = _upper_half(scaled, upper), scaled * upper, _upper_half(scaled, lower)
    second += carried
    if second < carried:
        first += _ONE
    if first >> _TOP_BIT != _ONE:
        first = first << _ONE | second >> _TOP_BIT
        second <<= _ONE
    mantissa = first >> _BELOW_MANTISSA
    # From here on, lengths are in steps from double to double.
    place = float(first << _ABOVE_FRACTION | second >> _BELOW_MANTISSA) * 2.0**-64
    digit = float(mantissa) / float(significand)
    is_exact, is_odd = abs(exponent) <= _NEAR_POWER, mantissa & _ONE != _NONE
    # Halfway means the even one: of two doubles, and of two last digits.
    if place > (0.5 - _MARGIN if is_odd else 0.5 + _MARGIN):
        place -= 1.0
        mantissa += _ONE
    if mantissa & _MANTISSA == _NONE:
        return False
    own = to_other_digit = to_other_double = _MARGIN
    if is_exact:
        own = -_MARGIN
        to_other_digit = -_MARGIN if significand & _ONE == _NONE else _MARGIN
        to_other_double = -_MARGIN if mantissa & _ONE != _NONE else _MARGIN
    last = float(significand % _TEN)
    return (
        abs(place) < 0.5 - own
        and abs(place) < digit / 2 - to_other_digit
        and place - last * digit < -0.5 - to_other_double
        and place + (10 - last) * digit > 0.5 + to_other_double
    )


@compiled
def is_kept_double(content: Address, at: int, past: int, exponent: int) -> bool:
    """Whether a number is kept: digits and at most one point from `at` to `past`, times a power of ten."""
    point = past
    for place in range(at, past):
        if byte_at(content, place) == _POINT:
            point = place
    # Zeros at both ends, and the point, which is a smaller byte.
    while at < past and byte_at(content, at) <= _ZERO:
        at += 1
    while at < past and byte_at(content, past - 1) <= _ZERO:
        past -= 1
    significand, count = np.uint64(0), 0
    for place in range(at, past):
        if place != point:
            significand = significand * _TEN + np.uint64(byte_at(content, place) - _ZERO)
            count += 1
    exponent += point - past if past <= point else point - past + 1
    if count > _MOST_DIGITS or abs(exponent + count - 1) > _FARTHEST:
        return False
    return count <= _ALWAYS_KEPT or _is_shortest(significand, exponent)


@compiled
def is_kept_integer(content: Address, at: int, past: int, is_negative: bool) -> bool:
    """Whether an integer of digits without leading zeros fits into 64 bits with a sign."""
    if past - at != _INTEGER_DIGITS:
        return past - at < _INTEGER_DIGITS
    value = np.uint64(0)
    for place in range(at, past):
        value = value * _TEN + np.uint64(byte_at(content, place) - _ZERO)
    return bool(value <= _LARGEST_INTEGER or (is_negative and value == _LARGEST_INTEGER + _ONE))
