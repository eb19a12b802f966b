"""Compiles functions on arrays of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


def compiled(function: Callable[_Given, _Answer]) -> Callable[_Given, _Answer]:
    """Compiled when it is first called."""
    return cast("Callable[_Given, _Answer]", numba.njit(nogil=True)(function))


def kept_on_disk(function: Callable[_Given, _Answer]) -> Callable[_Given, _Answer]:
    """Compiled once for an installation, where the package's folder or the user's cache can be written.

    What is kept is looked up by the function's own file: it may not call compiled functions of another one.
    """
    try:
        return cast("Callable[_Given, _Answer]", numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:
        return compiled(function)
