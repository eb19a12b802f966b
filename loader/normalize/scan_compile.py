"""How the parts of the scan are compiled, and the types that they work on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Address = int
"""Where bytes begin in memory. Numbers cost nothing to hand over, while a call counts references to every array."""
Places = npt.NDArray[np.int64]
_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compiled into whatever calls it."""
    return cast(_Function, numba.njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function))
