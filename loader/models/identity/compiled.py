"""Compiles functions on arrays of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


def compiled(function: Callable[_Given, _Answer]) -> Callable[_Given, _Answer]:
    """Compile a function when it is first called."""
    return cast("Callable[_Given, _Answer]", numba.njit(nogil=True)(function))


def kept_on_disk(function: Callable[_Given, _Answer]) -> Callable[_Given, _Answer]:
    """Compile a function once per installation, if the folder of the package or the user's cache is writable.

    The cache only notices changes in the file of the function, so it must not call compiled functions of other files.
    """
    try:
        return cast("Callable[_Given, _Answer]", numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:
        return compiled(function)
