"""Compiles the parts of the scan, and defines the types that they work on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Address = int
"""Where bytes begin in memory. Numbers cost nothing to hand over, while a call counts references to every array."""
Integers = npt.NDArray[np.int64]
_Function = TypeVar("_Function", bound=Callable[..., Any])

_INNER: Final[dict[str, Any]] = {"nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Without what callers outside of compiled code would need: a fifth of the time of compiling."""


def compiled(function: _Function) -> _Function:
    """Compile a function into its callers."""
    return cast(_Function, numba.njit(**_INNER)(function))


def kept(function: _Function) -> _Function:
    """Compile a function for Python callers, and cache it on disk if its folder or the user's cache is writable.

    The cache notices changes in the file of the function and in the values that it closes over, but not in the functions
    that it calls. So the function must close over `version`.
    """
    try:
        return cast(_Function, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # neither can be written
        return cast(_Function, numba.njit(nogil=True)(function))


def version() -> str:
    """A hash of all parts of the scan."""
    sources = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"".join(sources)).hexdigest()
