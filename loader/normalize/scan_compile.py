"""How the parts of the scan are compiled, and the types that they work on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Address = int
"""Where bytes begin in memory. Numbers cost nothing to hand over, while a call counts references to every array."""
Places = npt.NDArray[np.int64]
_Function = TypeVar("_Function", bound=Callable[..., Any])

_INNER: Final[dict[str, Any]] = {"nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Without what callers outside of compiled code would need: a fifth of the time of compiling."""


def compiled(function: _Function) -> _Function:
    """Compiled into whatever calls it."""
    return cast(_Function, numba.njit(**_INNER)(function))
